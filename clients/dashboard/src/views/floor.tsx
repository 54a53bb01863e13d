/** The view of a supervisor: every call that may be watched, counted, drawn and listed. */

import { useEffect, useState } from "preact/hooks";
import { LIVE_STATES } from "../calls";
import { spoken } from "../durations";
import { useCalls, useConnection, useNow } from "../looking";
import { answerRate, percentile, SAMPLE_EVERY } from "../statistics";
import type { Session } from "./app";
import { CallDetails } from "./call_details";
import { CallTable } from "./call_table";
import { Charts } from "./charts";

/** Minutes that rates are made from. */
const RATED = 10;

export function Floor({ session }: { session: Session }) {
  const { store, feed } = session;
  const [selected, select] = useState<string | null>(null);
  const connection = useConnection(feed);

  useEffect(() => {
    const sample = (): void => store.statistics.sample(feed.now(), feed.connection.kind === "live" ? store.counts() : null);
    const timer = setInterval(sample, SAMPLE_EVERY);
    return () => clearInterval(timer);
  }, [store, feed]);

  return (
    <div class={`floor-parts ${connection.kind === "live" ? "" : "stale"}`}>
      <h1 class="hidden">All calls</h1>
      <Figures session={session} />
      <Charts store={store} feed={feed} />
      <div class={`calls-and-details ${selected === null ? "" : "open"}`}>
        <CallTable store={store} feed={feed} selected={selected} onSelect={select} />
        {selected !== null && <CallDetails store={store} feed={feed} selected={selected} onClose={() => select(null)} />}
      </div>
    </div>
  );
}

function Figures({ session: { store, feed } }: { session: Session }) {
  useCalls(store);
  const now = useNow(feed);
  const counts = store.counts();
  const minutes = store.statistics.lastMinutes(now, RATED);
  const dials = minutes.reduce((sum, minute) => sum + minute.dials, 0);
  const answers = minutes.reduce((sum, minute) => sum + minute.answers, 0);
  const rate = answerRate(minutes);
  const wait = percentile(
    minutes.flatMap((minute) => minute.waits),
    0.5,
  );
  return (
    <dl class="figures">
      <div class="figure">
        <dt>Live calls</dt>
        <dd data-figure="live">{store.live.size}</dd>
      </div>
      {LIVE_STATES.map((state) => (
        <div class="figure" key={state}>
          <dt>
            <span class={`swatch ${state.toLowerCase()}`} aria-hidden="true" />
            {state}
          </dt>
          <dd data-figure={state}>{counts[state]}</dd>
        </div>
      ))}
      <div class="figure">
        <dt>Dials, {RATED} min</dt>
        <dd>{dials}</dd>
      </div>
      <div class="figure">
        <dt>Answers, {RATED} min</dt>
        <dd>{answers}</dd>
      </div>
      <div class="figure">
        <dt>Answer rate</dt>
        <dd>{rate === null ? "–" : `${Math.round(rate * 100)} %`}</dd>
      </div>
      <div class="figure">
        <dt>Time to answer</dt>
        <dd>{wait === null ? "–" : spoken(wait)}</dd>
      </div>
    </dl>
  );
}
