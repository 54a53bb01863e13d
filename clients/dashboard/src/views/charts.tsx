/** Four drawings of the last minutes: calls per state, dials and answers, times to answer, release causes. */

import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import type { CallStore } from "../call_store";
import { LIVE_STATES } from "../calls";
import { spoken } from "../durations";
import type { Feed } from "../feed";
import { useNow } from "../looking";
import { answerRate, percentile } from "../statistics";
import { causeWord } from "../words";
import { Plot } from "./plot";

/** Minutes that are drawn. */
const MINUTES = 15;
const DRAWN_EVERY = 2_000;
const FONT = "11px system-ui, sans-serif";

type Colors = (name: string) => string;

export function Charts({ store, feed }: { store: CallStore; feed: Feed }) {
  const now = useNow(feed);
  const { statistics } = store;
  const minutes = statistics.lastMinutes(now, MINUTES);
  const drawn = Math.floor(now / DRAWN_EVERY);

  const states = useMemo<uPlot.AlignedData>(() => {
    const until = now / 1000;
    const samples = statistics.samples.filter((sample) => sample.at / 1000 > until - MINUTES * 60);
    // Stacked: each line is the sum of its own state and of those after it.
    const sums = LIVE_STATES.map((_, from) =>
      samples.map(({ counts }) => counts && counts.slice(from).reduce((sum, count) => sum + count, 0)),
    );
    return [samples.map((sample) => sample.at / 1000), ...sums];
  }, [drawn]);
  const rates = useMemo<uPlot.AlignedData>(
    () => [
      minutes.map((minute) => minute.begin / 1000),
      minutes.map((minute) => minute.dials),
      minutes.map((minute) => minute.answers),
    ],
    [drawn],
  );
  const waits = useMemo<uPlot.AlignedData>(() => {
    const seconds = (share: number): (number | null)[] =>
      minutes.map(({ waits: each }) => {
        const value = percentile(each, share);
        return value === null ? null : value / 1000;
      });
    return [minutes.map((minute) => minute.begin / 1000), seconds(0.5), seconds(0.9)];
  }, [drawn]);

  const counts = store.counts();
  const rate = answerRate(minutes);
  const dials = minutes.reduce((sum, minute) => sum + minute.dials, 0);
  const answers = minutes.reduce((sum, minute) => sum + minute.answers, 0);
  const all = minutes.flatMap((minute) => minute.waits);
  const [half, most] = [percentile(all, 0.5), percentile(all, 0.9)];

  return (
    <div class="charts">
      <section class="card chart" aria-labelledby="chart-states">
        <ChartHead id="chart-states" title="Calls by state" keys={LIVE_STATES.map((state) => [state, state.toLowerCase()])} />
        <Plot
          data={states}
          options={(color) => ({
            ...frame(color, (now) => [now - MINUTES * 60, now]),
            series: [
              {},
              ...LIVE_STATES.map((state) => ({
                stroke: color(state.toLowerCase()),
                fill: color(`${state.toLowerCase()}-area`),
                width: 1.5,
                points: { show: false },
              })),
            ],
          })}
          words={`Now ${LIVE_STATES.map((state) => `${counts[state]} ${state}`).join(", ")}.`}
        />
      </section>
      <section class="card chart" aria-labelledby="chart-rates">
        <ChartHead
          id="chart-rates"
          title="Per minute"
          keys={[
            ["Dials", "dialing"],
            ["Answers", "established"],
          ]}
        />
        <Plot
          data={rates}
          options={(color) => ({
            ...frame(color, (now) => [now - MINUTES * 60, now + 30]),
            series: [{}, bars(color, "dialing", -1), bars(color, "established", 1)],
          })}
          words={`In the last ${MINUTES} minutes ${dials} dials and ${answers} answers${
            rate === null ? "" : `, an answer rate of ${Math.round(rate * 100)} percent`
          }.`}
        />
      </section>
      <section class="card chart" aria-labelledby="chart-waits">
        <ChartHead
          id="chart-waits"
          title="Time to answer"
          keys={[
            ["Median", "ringing"],
            ["90 %", "held"],
          ]}
        />
        <Plot
          data={waits}
          options={(color) => ({
            ...frame(color, (now) => [now - MINUTES * 60, now + 30], " s"),
            series: [{}, line(color, "ringing"), line(color, "held")],
          })}
          words={
            half === null || most === null
              ? "No call was answered yet."
              : `Half of the answers came within ${spoken(half)}, 90 percent within ${spoken(most)}.`
          }
        />
      </section>
      <Causes causes={statistics.causes} />
    </div>
  );
}

function ChartHead({ id, title, keys }: { id: string; title: string; keys: readonly (readonly [string, string])[] }) {
  return (
    <header class="chart-head">
      <h2 id={id}>{title}</h2>
      <ul class="chart-keys" aria-hidden="true">
        {keys.map(([label, tone]) => (
          <li key={label}>
            <span class={`swatch ${tone}`} />
            {label}
          </li>
        ))}
      </ul>
    </header>
  );
}

const CAUSES_SHOWN = 5;

function Causes({ causes }: { causes: ReadonlyMap<string, number> }) {
  const all = [...causes].sort((a, b) => b[1] - a[1]);
  const total = all.reduce((sum, [, count]) => sum + count, 0);
  const rest = all.slice(CAUSES_SHOWN).reduce((sum, [, count]) => sum + count, 0);
  const bars = [...all.slice(0, CAUSES_SHOWN).map(([cause, count]) => [causeWord(cause), count] as const)];
  if (rest) bars.push(["Others", rest]);
  return (
    <section class="card chart" aria-labelledby="chart-causes">
      <header class="chart-head">
        <h2 id="chart-causes">Why calls ended</h2>
        <span class="muted small">{total} since you opened this page</span>
      </header>
      {total === 0 ? (
        <p class="chart-empty muted">No call has ended yet.</p>
      ) : (
        <ul class="causes">
          {bars.map(([word, count]) => (
            <li key={word}>
              <span class="cause-word">{word}</span>
              <span class="cause-count">{count}</span>
              <span class="cause-bar" aria-hidden="true" style={{ "--share": `${(count / total) * 100}%` }} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What the charts have in common: a time axis that moves on, a value axis that begins at zero, no legend of uPlot's. */
function frame(
  color: Colors,
  range: (now: number) => [number, number],
  unit = "",
): Pick<uPlot.Options, "legend" | "cursor" | "axes" | "scales" | "padding"> {
  const axis = { stroke: color("muted"), font: FONT, ticks: { show: false } };
  return {
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 8, 0, 0],
    scales: {
      x: { time: true, range: (plot) => range(plot.data[0]?.at(-1) ?? Date.now() / 1000) },
      y: { range: (_plot, _least, most) => [0, Math.max(4, most * 1.15)] },
    },
    axes: [
      {
        ...axis,
        space: 60,
        size: 30,
        gap: 9,
        grid: { show: false },
        values: (_plot, splits) => splits.map((split) => CLOCK.format(split * 1000)),
      },
      {
        ...axis,
        size: 38,
        space: 28,
        grid: { stroke: color("line"), width: 1 },
        values: (_plot, splits) => splits.map((split) => (Number.isInteger(split) ? `${split}${unit}` : "")),
      },
    ],
  };
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

function bars(color: Colors, name: string, align: -1 | 1): uPlot.Series {
  return {
    stroke: color(name),
    fill: color(name),
    width: 0,
    points: { show: false },
    paths: (uPlot.paths.bars as uPlot.Series.BarsPathBuilderFactory)({ size: [0.36, 14], align, radius: 0.2 }),
  };
}

function line(color: Colors, name: string): uPlot.Series {
  return { stroke: color(name), width: 2, spanGaps: true, points: { show: true, size: 5, fill: color(name) } };
}
