import { beforeEach, expect, test, vi } from "vitest";
import { CallStore } from "../src/call_store";
import { callFrom, changeFrom, type Change } from "../src/calls";
import { filtered, sort } from "../src/call_list";
import { answerRate, percentile } from "../src/statistics";
import type { Json } from "../src/exact_json";

let frames: ((now: number) => void)[] = [];

/** Lets the screen be drawn. */
function draw(now: number): void {
  const drawn = frames;
  frames = [];
  for (const frame of drawn) frame(now);
}

let store: CallStore;

beforeEach(() => {
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (frame: (now: number) => void) => frames.push(frame));
  store = new CallStore();
});

function change(id: string, state: string, sequence: number, more: { [key: string]: Json } = {}, previous = ""): Change {
  return changeFrom({
    notificationType: "StatusChange",
    call: {
      id,
      deviceId: "D",
      state,
      sequence,
      dnis: "5001",
      userName: "ann",
      createTime: "2026-01-01T10:00:00Z",
      ...(state === "Established" && { establishTime: "2026-01-01T10:00:02Z" }),
      ...more,
    },
    eventTime: "2026-01-01T10:00:02Z",
    ...(previous && { previousState: previous }),
  });
}

test("one change is seen in the next frame, many are seen together", () => {
  const seen = vi.fn();
  store.watch(seen);
  store.apply(change("C", "Dialing", 1));
  draw(1000);
  expect(seen).toHaveBeenCalledOnce();
  for (let n = 0; n < 200; n++) store.apply(change(`C${n}`, "Dialing", 1));
  expect(frames).toHaveLength(1);
  draw(1016);
  draw(1032);
  expect(seen).toHaveBeenCalledOnce();
  draw(1100);
  expect(seen).toHaveBeenCalledTimes(2);
  expect(frames).toEqual([]);
});

test("a change that comes twice counts once, also after the call is over", () => {
  const changes = [
    change("C", "Dialing", 1),
    change("C", "Established", 2, {}, "Dialing"),
    change("C", "Released", 3, { releaseCause: "Busy" }, "Established"),
  ];
  for (const each of [...changes, ...changes]) store.apply(each);
  expect(store.live.size).toBe(0);
  expect(store.ended.size).toBe(1);
  expect(store.statistics.causes).toEqual(new Map([["Busy", 1]]));
  const [minute] = store.statistics.minutes.values();
  expect(minute).toMatchObject({ dials: 1, answers: 1, unanswered: 0, waits: [2000] });
});

test("a snapshot replaces everything, and says how many calls ended unseen", () => {
  store.apply(change("A", "Dialing", 1));
  store.apply(change("B", "Dialing", 1));
  expect(store.replace([change("B", "Established", 2).call, change("C", "Dialing", 1).call])).toBe(1);
  expect([...store.live.values()].map((call) => call.id).sort()).toEqual(["B", "C"]);
  expect([...store.ended.values()].map((call) => call.state)).toEqual(["Released"]);
});

test("what ended is kept up to a bound", () => {
  for (let n = 0; n < 1500; n++) store.apply(change(`C${n}`, "Released", 2, {}, "Dialing"));
  expect(store.ended.size).toBe(1000);
  expect(store.ended.has("C1499 D")).toBe(true);
});

test("a call is found by every word of a filter, and in its state only", () => {
  const calls = [
    callFrom({ id: "1", deviceId: "D", state: "Dialing", dnis: "5001", userName: "ann", campaignName: "Renewals" }),
    callFrom({ id: "2", deviceId: "D", state: "Held", dnis: "5001", userName: "ben" }),
  ];
  expect(filtered(calls, "", null)).toHaveLength(2);
  expect(filtered(calls, "5001 REN ann", null).map((call) => call.id)).toEqual(["1"]);
  expect(filtered(calls, "", "Held").map((call) => call.id)).toEqual(["2"]);
});

test("numbers in texts are sorted as numbers", () => {
  const calls = ["agent10", "agent9", "agent1"].map((userName) => callFrom({ id: userName, deviceId: "D", userName }));
  expect(sort(calls, { column: "agent", direction: "ascending" }).map((call) => call.userName)).toEqual([
    "agent1",
    "agent9",
    "agent10",
  ]);
});

test("what the server never said does not break a call", () => {
  for (const odd of [null, 1, [], {}, { participants: [null, 1], capabilities: "x", userData: [] }] as Json[]) {
    expect(callFrom(odd)).toMatchObject({ capabilities: [], userData: {} });
  }
});

test("rates and percentiles of nothing are nothing", () => {
  expect(answerRate([])).toBeNull();
  expect(percentile([], 0.5)).toBeNull();
  expect(percentile([3, 1, 2], 0.5)).toBe(2);
});
