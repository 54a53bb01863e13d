/** Which calls a table shows, in which order; pure. */

import type { Call } from "./calls";
import { resultOf } from "./words";

export type Column = "state" | "duration" | "agent" | "device" | "number" | "campaign" | "result";
export type Direction = "ascending" | "descending";

export interface Order {
  column: Column;
  direction: Direction;
}

const STATE_ORDER = ["Ringing", "Dialing", "Established", "Held", "Released"];

/** Numbers in texts count as numbers, so that 9 comes before 10. */
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

const TEXTS: Record<Exclude<Column, "state" | "duration">, (call: Call) => string> = {
  agent: (call) => call.userName,
  device: (call) => call.deviceNumber,
  number: (call) => call.number,
  campaign: (call) => call.campaign,
  result: resultOf,
};

/** The calls that have every word of `words` somewhere, and are in `state` if one is given. */
export function filtered(calls: Iterable<Call>, words: string, state: string | null): Call[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const found: Call[] = [];
  for (const call of calls) {
    if (state !== null && call.state !== state) continue;
    if (wanted.length) {
      const text = `${call.number} ${call.userName} ${call.deviceNumber} ${call.campaign} ${call.recordHandle} ${call.id}`.toLowerCase();
      if (!wanted.every((word) => text.includes(word))) continue;
    }
    found.push(call);
  }
  return found;
}

/** Sorts in place; calls that are equal in the column keep the order in which they appeared. */
export function sort(calls: Call[], { column, direction }: Order): Call[] {
  const sign = direction === "ascending" ? 1 : -1;
  const compare = comparison(column);
  return calls.sort((a, b) => sign * compare(a, b) || a.created - b.created || (a.key < b.key ? -1 : 1));
}

function comparison(column: Column): (a: Call, b: Call) => number {
  switch (column) {
    case "state":
      return (a, b) => rank(a.state) - rank(b.state);
    case "duration":
      // The shortest is the one that began last; of calls that are over it is what they lasted.
      return (a, b) => (a.released !== null && b.released !== null ? lasted(a) - lasted(b) : b.created - a.created);
    default: {
      const text = TEXTS[column];
      return (a, b) => {
        const [one, other] = [text(a), text(b)];
        return one === other ? 0 : collator.compare(one, other);
      };
    }
  }
}

function rank(state: string): number {
  const index = STATE_ORDER.indexOf(state);
  return index < 0 ? STATE_ORDER.length : index;
}

function lasted(call: Call): number {
  return (call.released ?? call.created) - call.created;
}
