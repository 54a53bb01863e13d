/** The calls of this session that are over. */

import type { Call } from "../calls";
import { iso, ticking, timeOfDay } from "../durations";
import { causeWord } from "../words";
import { PhoneIcon } from "./icons";

const SHOWN = 50;

export function History({ calls, onDial, busy }: { calls: Call[]; onDial: (number: string) => void; busy: boolean }) {
  return (
    <section class="card history" aria-labelledby="history">
      <h2 id="history">This session</h2>
      {calls.length === 0 ? (
        <p class="muted">Calls that end while this page is open are listed here.</p>
      ) : (
        <ol>
          {calls.slice(0, SHOWN).map((call) => (
            <li key={call.key}>
              <span class={`mark-dot ${call.established === null ? "bad" : "good"}`} aria-hidden="true" />
              <span class="history-number">{call.number}</span>
              <span class="history-result">{causeWord(call.cause)}</span>
              <time class="muted history-time" dateTime={new Date(call.created).toISOString()}>
                {timeOfDay(call.created)}
              </time>
              <Talked call={call} />
              <button
                class="icon-button"
                aria-label={`Dial ${call.number} again`}
                disabled={busy}
                onClick={() => onDial(call.number)}
              >
                <PhoneIcon />
              </button>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Talked({ call }: { call: Call }) {
  if (call.established === null || call.released === null) return <span class="history-talked muted">–</span>;
  const talked = call.released - call.established;
  return (
    <time class="history-talked" dateTime={iso(talked)}>
      {ticking(talked)}
    </time>
  );
}
