/** Everything that is known of one call, beside the table. */

import { useEffect, useRef } from "preact/hooks";
import type { CallStore } from "../call_store";
import { isOver } from "../calls";
import { iso, ticking, timeOfDay } from "../durations";
import type { Feed } from "../feed";
import { useCalls, useNow } from "../looking";
import { resultOf } from "../words";
import { Badge } from "./badge";
import { CloseIcon } from "./icons";
import { shown } from "./user_data";

interface Properties {
  store: CallStore;
  feed: Feed;
  selected: string;
  onClose: () => void;
}

export function CallDetails({ store, feed, selected, onClose }: Properties) {
  useCalls(store);
  const now = useNow(feed);
  const heading = useRef<HTMLHeadingElement>(null);
  const from = useRef<Element | null>(null);

  useEffect(() => {
    from.current = document.activeElement;
    heading.current?.focus();
  }, [selected]);
  const close = (): void => {
    onClose();
    if (from.current instanceof HTMLElement && from.current.isConnected) from.current.focus();
    else document.querySelector<HTMLElement>(".scroller")?.focus();
  };

  const call = store.live.get(selected) ?? store.ended.get(selected);
  if (!call) return null;
  const lasted = (call.released ?? now) - call.created;
  const data = Object.entries(call.userData);
  const facts: [string, string][] = [
    ["Agent", call.userName],
    ["Device", call.deviceNumber],
    ["Kind", call.callType],
    ["Campaign", call.campaign],
    ["Record", call.recordHandle],
    ["Recording", call.recording],
    ["Microphone", call.muted ? "Muted" : ""],
    ["Call", call.id],
  ];
  const moments: [string, number | null][] = [
    [call.callType === "Inbound" ? "Arrived" : "Began", call.created],
    ["Established", call.established],
    [resultOf(call), call.released],
  ];
  return (
    <aside class="card details" aria-label="Call" onKeyDown={(event) => event.key === "Escape" && close()}>
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {call.number || "Unknown"}
        </h2>
        <button class="icon-button" aria-label="Close" onClick={close}>
          <CloseIcon />
        </button>
      </header>
      <p class="details-state">
        <Badge call={call} />
        <time dateTime={iso(lasted)}>{ticking(lasted)}</time>
      </p>
      <dl class="facts">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <h3>Course</h3>
      <ol class="course">
        {moments.map(
          ([what, at]) =>
            at !== null && (
              <li key={what}>
                <time dateTime={new Date(at).toISOString()}>{timeOfDay(at)}</time> {what}
              </li>
            ),
        )}
        {isOver(call) && call.released === null && <li>Ended while this page was not connected</li>}
        {call.upstreamCause && <li class="muted">{call.upstreamCause}</li>}
      </ol>
      <h3>Data</h3>
      {data.length ? (
        <dl class="facts">
          {data.map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{shown(value)}</dd>
            </div>
          ))}
        </dl>
      ) : (
        <p class="muted small">Nothing is attached.</p>
      )}
    </aside>
  );
}
