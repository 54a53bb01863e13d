import assert from "node:assert/strict";
import { test } from "node:test";

import { DialbridgeError, ErrorReason, status } from "dialbridge";

import { afterDial, afterWatch, LONGEST_PAUSE_MS, pauseBefore, type Step } from "../src/resumption.js";

const { UNAVAILABLE, RESOURCE_EXHAUSTED, OUT_OF_RANGE, UNAUTHENTICATED, UNKNOWN, DEADLINE_EXCEEDED } = status;
const error = (code: status, reason?: keyof typeof ErrorReason, retryAfterMs?: number) =>
  new DialbridgeError(code, "it failed", { reason: reason && ErrorReason[reason], retryAfterMs });

const watches: [string, DialbridgeError, number, Step][] = [
  ["a lost connection is taken up again", error(UNAVAILABLE), 1, { next: "resume", pauseMs: 75 }],
  [
    "a server that drains says when to come back",
    error(UNAVAILABLE, "ERROR_REASON_SERVER_DRAINING", 1_000),
    1,
    { next: "resume", pauseMs: 1_000 },
  ],
  [
    "a slow consumer goes on at once",
    error(RESOURCE_EXHAUSTED, "ERROR_REASON_SLOW_CONSUMER", 0),
    1,
    { next: "resume", pauseMs: 0 },
  ],
  [
    "a server that says at once again and again is not asked without end",
    error(RESOURCE_EXHAUSTED, "ERROR_REASON_SLOW_CONSUMER", 0),
    2,
    { next: "resume", pauseMs: 150 },
  ],
  [
    "an expired token is followed by a snapshot",
    error(OUT_OF_RANGE, "ERROR_REASON_RESUME_TOKEN_EXPIRED"),
    1,
    { next: "begin-anew", pauseMs: 0 },
  ],
  ["wrong credentials stay wrong", error(UNAUTHENTICATED, "ERROR_REASON_NOT_AUTHENTICATED"), 1, { next: "give-up" }],
];
for (const [name, failed, attempt, step] of watches) {
  test(`watch: ${name}`, () => assert.deepEqual(afterWatch(failed, attempt, 0.5), step));
}

const dials: [string, DialbridgeError, Step][] = [
  ["no answer is asked for again", error(UNAVAILABLE), { next: "resume", pauseMs: 75 }],
  [
    "a server that drains says when to come back",
    error(UNAVAILABLE, "ERROR_REASON_SERVER_DRAINING", 1_000),
    { next: "resume", pauseMs: 1_000 },
  ],
  [
    "a switch may be reached again",
    error(UNAVAILABLE, "ERROR_REASON_SWITCH_UNAVAILABLE"),
    { next: "resume", pauseMs: 75 },
  ],
  ["an unknown outcome is the application's", error(UNKNOWN, "ERROR_REASON_DIAL_OUTCOME_UNKNOWN"), { next: "give-up" }],
  ["a deadline that passed has passed", error(DEADLINE_EXCEEDED), { next: "give-up" }],
];
for (const [name, failed, step] of dials) {
  test(`dial: ${name}`, () => assert.deepEqual(afterDial(failed, 1, 0.5), step));
}

test("pauses double up to a limit and are spread", () => {
  assert.deepEqual(
    [1, 2, 7, 8, 1_000].map((attempt) => pauseBefore(attempt, 1)),
    [100, 200, 6_400, LONGEST_PAUSE_MS, LONGEST_PAUSE_MS],
  );
  assert.equal(pauseBefore(8, 0), LONGEST_PAUSE_MS / 2);
});
