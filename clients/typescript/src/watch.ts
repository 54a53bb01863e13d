import type { DialbridgeError } from "./errors.js";
import type { Call } from "./gen/dialbridge/v1/call.js";
import type { WatchCallsResponse } from "./gen/dialbridge/v1/call_service.js";
import type { StatusChange } from "./gen/dialbridge/v1/status_change.js";

/** What a watch tells. */
export type WatchEvent =
  /** The calls as they are now. What was known before and is not found here is over. */
  | { type: "replaced"; calls: Call[]; token: string }
  /** One change of one call; the token goes on after it. */
  | { type: "changed"; call: Call; change: StatusChange; token: string }
  /** The watch was interrupted and is taken up again after a pause; nothing has to be done. */
  | { type: "interrupted"; error: DialbridgeError; pauseMs: number }
  /** The watch goes on where it was interrupted; nothing was lost. */
  | { type: "resumed" };

/** Turns messages into events, over all streams of one watch. It waits for nothing. */
export class Follower {
  #position = 0n; // of the newest change that was told
  #begun = 0n; // the position at which the snapshot was made
  #snapshot: Call[] = [];
  #interrupted = false;

  /** `token` is where the next stream begins; empty: with a snapshot. */
  constructor(public token: string) {}

  /** What `response` tells. */
  take(response: WatchCallsResponse): WatchEvent[] {
    const events: WatchEvent[] = [];
    const message = response.message;
    switch (message?.$case) {
      case "started":
        this.#snapshot = [];
        this.#begun = message.value.position;
        if (message.value.resumed && this.#interrupted) {
          this.#interrupted = false;
          events.push({ type: "resumed" });
        }
        break;
      case "snapshot":
        this.#snapshot.push(...message.value.calls);
        break;
      case "snapshotEnd":
        events.push({ type: "replaced", calls: this.#snapshot, token: response.resumeToken });
        this.#snapshot = [];
        this.#position = this.#begun;
        this.#interrupted = false;
        break;
      case "changes":
        for (const change of message.value.statusChanges) {
          if (change.position > this.#position && change.call) {
            this.#position = change.position;
            events.push({ type: "changed", call: change.call, change, token: change.resumeToken });
          }
        }
    }
    this.token = response.resumeToken;
    return events;
  }

  /** A stream ended; `anew` where its token is of no use any more. */
  interrupt(anew: boolean): void {
    this.#interrupted = true;
    if (anew) this.token = "";
  }
}
