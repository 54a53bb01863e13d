/** The state of a call, by colour and by word. */

import type { Call } from "../calls";
import { toneOf } from "../words";

export function Badge({ call }: { call: Call }) {
  return <span class={`badge ${toneOf(call)}`}>{call.state || "Unknown"}</span>;
}
