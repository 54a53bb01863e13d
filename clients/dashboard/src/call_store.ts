/** All calls that the page knows; tells those who look at it, in step with the screen, that something changed. */

import { isOver, LIVE_STATES, RELEASED, type Call, type Change } from "./calls";
import { Statistics } from "./statistics";

const ENDED_KEPT = 1000;
/** Milliseconds between two looks: rows that move more often than this cannot be read, and cost frames to scroll by. */
const LOOK_EVERY = 100;

export class CallStore {
  /** Live calls by key. */
  readonly live = new Map<string, Call>();
  /** Calls that ended since the page was opened, the newest last; bounded. */
  readonly ended = new Map<string, Call>();
  readonly statistics = new Statistics();
  /** Rises with everything that happens. */
  version = 0;
  /** The last digits sent on each live call. */
  readonly digits = new Map<string, string>();

  #watching = new Set<() => void>();
  #onChange = new Set<(change: Change) => void>();
  #asked = false;
  #lastLook = Number.NEGATIVE_INFINITY;

  /** Calls `seen` in the next frame after a change, and at most every 100 ms while changes go on. Returns how to stop. */
  watch(seen: () => void): () => void {
    this.#watching.add(seen);
    return () => this.#watching.delete(seen);
  }

  /** Calls `told` with each change as it comes. Returns how to stop. */
  follow(told: (change: Change) => void): () => void {
    this.#onChange.add(told);
    return () => this.#onChange.delete(told);
  }

  apply(change: Change): void {
    const { call } = change;
    const known = this.live.get(call.key) ?? this.ended.get(call.key);
    if (known !== undefined && known.sequence >= call.sequence) return; // delivered at least once
    if (isOver(call)) this.#end(call);
    else this.live.set(call.key, call);
    if (change.digits) this.digits.set(call.key, (this.digits.get(call.key) ?? "") + change.digits);
    this.statistics.count(change);
    for (const told of this.#onChange) told(change);
    this.#touch();
  }

  /** Takes `calls` for all that there are; what was known and is not among them has ended unseen. Returns how many had. */
  replace(calls: readonly Call[]): number {
    const keys = new Set(calls.map((call) => call.key));
    let unseen = 0;
    for (const [key, call] of this.live) {
      if (keys.has(key)) continue;
      unseen += 1;
      this.#end({ ...call, state: RELEASED, capabilities: [] });
    }
    for (const call of calls) this.live.set(call.key, call);
    this.#touch();
    return unseen;
  }

  counts(): Record<string, number> {
    const counts: Record<string, number> = Object.fromEntries(LIVE_STATES.map((state) => [state, 0]));
    for (const call of this.live.values()) counts[call.state] = (counts[call.state] ?? 0) + 1;
    return counts;
  }

  #look = (now: number): void => {
    if (now - this.#lastLook < LOOK_EVERY - 1) {
      requestAnimationFrame(this.#look);
      return;
    }
    this.#asked = false;
    this.#lastLook = now;
    for (const seen of this.#watching) seen();
  };

  #end(call: Call): void {
    this.live.delete(call.key);
    this.digits.delete(call.key);
    this.ended.set(call.key, call);
    if (this.ended.size > ENDED_KEPT) this.ended.delete(this.ended.keys().next().value as string);
  }

  #touch(): void {
    this.version += 1;
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(this.#look);
  }
}
