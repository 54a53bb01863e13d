// What to do when a watch or a dial was interrupted. Nothing here waits, and chance is an argument.
import { status } from "@grpc/grpc-js";

import type { DialbridgeError } from "./errors.js";
import { ErrorReason } from "./gen/dialbridge/v1/error_reason.js";

export const SHORTEST_PAUSE_MS = 100;
export const LONGEST_PAUSE_MS = 10_000;

export type Step =
  /** Go on with the last token: nothing was lost. */
  | { next: "resume"; pauseMs: number }
  /** The token is of no use any more: begin with a snapshot, which replaces what was known. */
  | { next: "begin-anew"; pauseMs: number }
  /** Trying again gives the same answer. */
  | { next: "give-up" };

const PASSING = new Set([
  status.UNAVAILABLE,
  status.RESOURCE_EXHAUSTED,
  status.INTERNAL,
  status.UNKNOWN,
  status.ABORTED,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
]);

const DIAL_AGAIN = new Set([
  ErrorReason.ERROR_REASON_SWITCH_UNAVAILABLE,
  ErrorReason.ERROR_REASON_SERVER_DRAINING,
  ErrorReason.ERROR_REASON_JOURNAL_UNAVAILABLE,
]);

/** The pause before attempt 1, 2, …; `spread`, between 0 and 1, keeps many clients from coming back at once. */
export function pauseBefore(attempt: number, spread: number): number {
  const longest = Math.min(SHORTEST_PAUSE_MS * 2 ** Math.min(attempt - 1, 16), LONGEST_PAUSE_MS);
  return longest * (0.5 + spread / 2);
}

/** How a watch goes on; `attempt` counts the failures since anything was heard, from 1. */
export function afterWatch(error: DialbridgeError, attempt: number, spread: number): Step {
  if (error.reason === ErrorReason.ERROR_REASON_RESUME_TOKEN_EXPIRED) return { next: "begin-anew", pauseMs: 0 };
  if (!PASSING.has(error.code)) return { next: "give-up" };
  const pauseMs = pauseBefore(attempt, spread);
  if (error.retryAfterMs === undefined) return { next: "resume", pauseMs };
  // The server knows best, but a server that says "at once" again and again is not asked without end.
  return { next: "resume", pauseMs: error.retryAfterMs + (attempt > 1 ? pauseMs : 0) };
}

/** Whether the same Dial may be sent again; only ever with its request_id, which makes it safe. */
export function afterDial(error: DialbridgeError, attempt: number, spread: number): Step {
  const unanswered = error.reason === ErrorReason.ERROR_REASON_UNSPECIFIED && error.code === status.UNAVAILABLE;
  if (!unanswered && !DIAL_AGAIN.has(error.reason)) return { next: "give-up" };
  return { next: "resume", pauseMs: Math.max(error.retryAfterMs ?? 0, pauseBefore(attempt, spread)) };
}
