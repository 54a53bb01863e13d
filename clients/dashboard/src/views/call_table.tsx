/** Calls as a table of which only the rows in sight exist. */

import { Component } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { CallStore } from "../call_store";
import { filtered, sort, type Column, type Direction, type Order } from "../call_list";
import { isOver, LIVE_STATES, type Call } from "../calls";
import { iso, ticking } from "../durations";
import type { Feed } from "../feed";
import { useCalls, useNow } from "../looking";
import { resultOf } from "../words";
import { Badge } from "./badge";
import { SearchIcon, SortIcon } from "./icons";

const ROW = 44;
/** Rows come and go so many at a time, and as many are spare above and below what is in sight. */
const STEP = 8;

const COLUMNS: { id: Column; label: string; first: Direction }[] = [
  { id: "state", label: "State", first: "ascending" },
  { id: "duration", label: "Duration", first: "ascending" },
  { id: "number", label: "Number", first: "ascending" },
  { id: "agent", label: "Agent", first: "ascending" },
  { id: "device", label: "Device", first: "ascending" },
  { id: "campaign", label: "Campaign", first: "ascending" },
  { id: "result", label: "Result", first: "ascending" },
];

/** Live calls in any state, in one of the states, or those that are over. */
type Shown = null | (typeof LIVE_STATES)[number] | "Ended";

interface Properties {
  store: CallStore;
  feed: Feed;
  selected: string | null;
  onSelect: (key: string) => void;
}

export function CallTable({ store, feed, selected, onSelect }: Properties) {
  const version = useCalls(store);
  const now = useNow(feed);
  const [words, setWords] = useState("");
  const [shown, setShown] = useState<Shown>(null);
  const [order, setOrder] = useState<Order>({ column: "duration", direction: "ascending" });
  const scroller = useRef<HTMLDivElement>(null);
  const [step, setStep] = useState(0);
  const [height, setHeight] = useState(600);
  const focusAt = useRef<string | null>(null);

  useEffect(() => {
    const element = scroller.current as HTMLDivElement;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const ended = shown === "Ended";
  const calls = useMemo(
    () => sort(filtered((ended ? store.ended : store.live).values(), words, ended ? null : shown), order),
    [version, words, shown, order, store],
  );
  const counts = store.counts();
  const first = Math.max(0, Math.min(step, Math.floor(calls.length / STEP)) - 1) * STEP;
  const last = Math.min(calls.length, (step + 2) * STEP + Math.ceil(height / ROW));

  useLayoutEffect(() => {
    if (focusAt.current === null) return;
    scroller.current?.querySelector<HTMLElement>(`[data-key="${focusAt.current}"] button`)?.focus({ preventScroll: true });
    focusAt.current = null;
  });

  const move = (event: KeyboardEvent): void => {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -calls.length, End: calls.length }[event.key];
    const key = (event.target as HTMLElement).closest<HTMLElement>("[data-key]")?.dataset.key;
    if (steps === undefined || key === undefined) return;
    event.preventDefault();
    const at = calls.findIndex((call) => call.key === key);
    const index = Math.max(0, Math.min(calls.length - 1, at + steps));
    const element = scroller.current as HTMLDivElement;
    const head = element.querySelector("thead")?.clientHeight ?? 0;
    if (index * ROW < element.scrollTop) element.scrollTop = index * ROW;
    else if ((index + 1) * ROW + head > element.scrollTop + element.clientHeight) {
      element.scrollTop = (index + 1) * ROW + head - element.clientHeight;
    }
    focusAt.current = calls[index]?.key ?? null;
    setStep(stepAt(element.scrollTop));
    setOrder({ ...order }); // renders even where nothing moved, so that the focus is set
  };
  const sortBy = (column: Column, firstDirection: Direction): void =>
    setOrder({
      column,
      direction: order.column !== column ? firstDirection : order.direction === "ascending" ? "descending" : "ascending",
    });
  const choose = (next: Shown): void => {
    setShown(next);
    scroller.current?.scrollTo({ top: 0 });
  };

  return (
    <section class="card calls" aria-labelledby="calls">
      <header class="calls-head">
        <h2 id="calls">{ended ? "Ended calls" : "Live calls"}</h2>
        <div class="search">
          <SearchIcon />
          <input
            type="search"
            aria-label="Filter by number, agent, device, campaign or record"
            placeholder="Number, agent, campaign…"
            value={words}
            onInput={(event) => setWords((event.target as HTMLInputElement).value)}
          />
        </div>
        <div class="chips" role="group" aria-label="State">
          <Chip label="All live" count={store.live.size} on={shown === null} onPress={() => choose(null)} />
          {LIVE_STATES.map((state) => (
            <Chip key={state} label={state} count={counts[state] ?? 0} on={shown === state} onPress={() => choose(state)} />
          ))}
          <Chip label="Ended" count={store.ended.size} on={ended} onPress={() => choose("Ended")} />
        </div>
      </header>
      <div
        class="scroller"
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label="Table of calls"
        onScroll={(event) => setStep(stepAt((event.target as HTMLElement).scrollTop))}
        onKeyDown={move}
      >
        <table aria-rowcount={calls.length + 1} aria-labelledby="calls">
          <thead>
            <tr aria-rowindex={1}>
              {COLUMNS.map(({ id, label, first: firstDirection }) => (
                <th key={id} scope="col" class={`column-${id}`} aria-sort={order.column === id ? order.direction : undefined}>
                  <button onClick={() => sortBy(id, firstDirection)}>
                    {label}
                    <SortIcon direction={order.column === id ? order.direction : null} />
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {first > 0 && (
              <tr class="spacer" aria-hidden="true">
                <td style={{ height: `${first * ROW}px` }} />
              </tr>
            )}
            {calls.slice(first, last).map((call, index) => (
              <Row
                key={call.key}
                call={call}
                index={first + index}
                second={isOver(call) ? 0 : Math.floor((now - call.created) / 1000)}
                selected={call.key === selected}
                onSelect={onSelect}
              />
            ))}
            {last < calls.length && (
              <tr class="spacer" aria-hidden="true">
                <td style={{ height: `${(calls.length - last) * ROW}px` }} />
              </tr>
            )}
          </tbody>
        </table>
        {calls.length === 0 && (
          <p class="nothing muted">{words || shown ? "No call fits the filter." : "Nobody is in a call right now."}</p>
        )}
      </div>
    </section>
  );
}

function stepAt(top: number): number {
  return Math.floor(top / ROW / STEP);
}

function Chip({ label, count, on, onPress }: { label: string; count: number; on: boolean; onPress: () => void }) {
  return (
    <button class="chip" aria-pressed={on} onClick={onPress}>
      {label} <span class="chip-count">{count}</span>
    </button>
  );
}

interface RowProperties {
  call: Call;
  index: number;
  second: number;
  selected: boolean;
  onSelect: (key: string) => void;
}

/** A class, because it renders again only when what it shows is another. */
class Row extends Component<RowProperties> {
  override shouldComponentUpdate(next: RowProperties): boolean {
    const { call, index, second, selected } = this.props;
    return next.call !== call || next.index !== index || next.second !== second || next.selected !== selected;
  }

  override render() {
    const { call, index, second, selected, onSelect } = this.props;
    const milliseconds = call.released !== null ? call.released - call.created : second * 1000;
    return (
      <tr
        data-key={call.key}
        aria-rowindex={index + 2}
        class={selected ? "selected" : ""}
        onClick={() => onSelect(call.key)}
      >
        <td class="column-state">
          <Badge call={call} />
        </td>
        <td class="column-duration">
          <time dateTime={iso(milliseconds)}>{ticking(milliseconds)}</time>
        </td>
        <td class="column-number">
          <button class="row-button" aria-expanded={selected}>
            {call.number || "Unknown"}
          </button>
        </td>
        <td class="column-agent">{call.userName}</td>
        <td class="column-device">{call.deviceNumber}</td>
        <td class="column-campaign">{call.campaign || "–"}</td>
        <td class="column-result">{resultOf(call)}</td>
      </tr>
    );
  }
}
