/** What supervisors count: dials and answers by the minute, times to answer, release causes, calls per state. */

import { isOver, LIVE_STATES, type Change } from "./calls";

export const MINUTES_KEPT = 30;
const MINUTE = 60_000;
/** Milliseconds between two samples of how many calls are in which state, and how many samples are kept. */
export const SAMPLE_EVERY = 2_000;
const SAMPLES_KEPT = 450;

export interface Minute {
  /** When it begins, in milliseconds since the epoch. */
  begin: number;
  dials: number;
  answers: number;
  /** Dialled calls that ended without an answer. */
  unanswered: number;
  /** Milliseconds from dialling to the answer, one for each answer. */
  waits: number[];
}

export interface Sample {
  at: number;
  /** In the order of LIVE_STATES; null where nobody knew. */
  counts: number[] | null;
}

export class Statistics {
  readonly minutes = new Map<number, Minute>();
  readonly causes = new Map<string, number>();
  readonly samples: Sample[] = [];

  count(change: Change): void {
    const { call } = change;
    if (change.previousState === "" && call.state === "Dialing") this.#minute(change.at).dials += 1;
    if (change.previousState === "Dialing" && call.state === "Established" && call.established !== null) {
      const minute = this.#minute(change.at);
      minute.answers += 1;
      minute.waits.push(call.established - call.created);
    }
    if (isOver(call) && change.previousState !== "Released") {
      this.causes.set(call.cause, (this.causes.get(call.cause) ?? 0) + 1);
      if (change.previousState === "Dialing") this.#minute(change.at).unanswered += 1;
    }
  }

  sample(at: number, counts: Record<string, number> | null): void {
    this.samples.push({ at, counts: counts && LIVE_STATES.map((state) => counts[state] ?? 0) });
    if (this.samples.length > SAMPLES_KEPT) this.samples.shift();
  }

  /** The last `count` minutes up to `now`, those without calls included. */
  lastMinutes(now: number, count: number): Minute[] {
    const newest = beginOf(now);
    return Array.from({ length: count }, (_, index) => {
      const begin = newest - (count - 1 - index) * MINUTE;
      return this.minutes.get(begin) ?? { begin, dials: 0, answers: 0, unanswered: 0, waits: [] };
    });
  }

  #minute(at: number): Minute {
    const begin = beginOf(at);
    let minute = this.minutes.get(begin);
    if (minute === undefined) {
      minute = { begin, dials: 0, answers: 0, unanswered: 0, waits: [] };
      this.minutes.set(begin, minute);
      for (const each of this.minutes.keys()) if (each < begin - MINUTES_KEPT * MINUTE) this.minutes.delete(each);
    }
    return minute;
  }
}

function beginOf(at: number): number {
  return Math.floor(at / MINUTE) * MINUTE;
}

/** The share of dialled calls that were answered, of those whose outcome is known; null where there are none. */
export function answerRate(minutes: readonly Minute[]): number | null {
  const answers = minutes.reduce((sum, minute) => sum + minute.answers, 0);
  const all = minutes.reduce((sum, minute) => sum + minute.unanswered, answers);
  return all ? answers / all : null;
}

/** The value below which `share` of the values lie; null where there are none. */
export function percentile(values: readonly number[], share: number): number | null {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
}
