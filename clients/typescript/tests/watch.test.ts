import assert from "node:assert/strict";
import { test } from "node:test";

import { WatchCallsResponse } from "../src/gen/dialbridge/v1/call_service.js";
import { Follower } from "../src/watch.js";

type Message = Parameters<typeof WatchCallsResponse.fromPartial>[0]["message"];

const started = (resumed: boolean, position: bigint): Message => ({ $case: "started", value: { resumed, position } });
const snapshot = (...ids: string[]): Message => ({ $case: "snapshot", value: { calls: ids.map((id) => ({ id })) } });
const snapshotEnd: Message = { $case: "snapshotEnd", value: {} };
const changes = (...positions: bigint[]): Message => ({
  $case: "changes",
  value: { statusChanges: positions.map((position) => ({ position, call: {} })) },
});

/** What is told, in short: the ids of a snapshot, the positions of changes, "resumed". */
function told(follower: Follower, ...messages: Message[]): unknown[] {
  return messages
    .flatMap((message) => follower.take(WatchCallsResponse.fromPartial({ resumeToken: "newest", message })))
    .map((event) => {
      if (event.type === "replaced") return event.calls.map((call) => call.id);
      return event.type === "changed" ? event.change.position : event.type;
    });
}

test("a snapshot is told whole, and only later changes follow", () => {
  const follower = new Follower("");
  assert.deepEqual(told(follower, started(false, 7n), snapshot("a"), snapshot("b"), snapshotEnd, changes(7n, 8n)), [
    ["a", "b"],
    8n,
  ]);
  assert.equal(follower.token, "newest");
});

test("half a snapshot is forgotten", () => {
  const follower = new Follower("");
  assert.deepEqual(told(follower, started(false, 7n), snapshot("a")), []);
  follower.interrupt(false);
  assert.deepEqual(told(follower, started(false, 9n), snapshot("b"), snapshotEnd), [["b"]]);
});

test("a repetition is not told again", () => {
  const follower = new Follower("mine");
  assert.deepEqual(told(follower, started(true, 5n), changes(4n, 5n)), [4n, 5n]);
  follower.interrupt(false);
  assert.deepEqual(told(follower, started(true, 6n), changes(5n, 6n)), ["resumed", 6n]);
});

test("another journal begins with a snapshot and its own positions", () => {
  const follower = new Follower("mine");
  assert.deepEqual(told(follower, started(true, 900n), changes(900n)), [900n]);
  follower.interrupt(true);
  assert.equal(follower.token, "");
  assert.deepEqual(told(follower, started(false, 3n), snapshotEnd, changes(4n)), [[], 4n]);
});
