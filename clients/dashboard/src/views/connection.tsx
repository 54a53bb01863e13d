/** How far what is shown can be relied on: always in the corner, and across the page when it cannot. */

import { useEffect, useState } from "preact/hooks";
import { timeOfDay } from "../durations";
import type { Connection, Feed } from "../feed";
import { useConnection } from "../looking";

const LABELS: Record<Connection["kind"], string> = {
  connecting: "Connecting",
  live: "Live",
  "catching up": "Catching up",
  interrupted: "Not connected",
  "signed out": "Signed out",
};

export function ConnectionState({ feed }: { feed: Feed }) {
  const { kind } = useConnection(feed);
  return (
    <span class={`connection ${kind.replace(" ", "-")}`} role="status" aria-label="Connection">
      <span class="dot" aria-hidden="true" />
      {LABELS[kind]}
    </span>
  );
}

export function ConnectionBanner({ feed }: { feed: Feed }) {
  const connection = useConnection(feed);
  const [, tick] = useState(0);
  const interrupted = connection.kind === "interrupted";
  useEffect(() => {
    if (!interrupted) return undefined;
    const timer = setInterval(() => tick(Date.now()), 500);
    return () => clearInterval(timer);
  }, [interrupted]);

  const missed = feed.missed;
  return (
    <section class="banners" aria-label="Notices">
      <div role="alert">
        {interrupted && (
          <p class="banner bad">
            <strong>Not up to date.</strong> What you see is from {timeOfDay(connection.since)}. {connection.why}
          </p>
        )}
        {!interrupted && missed > 0 && (
          <p class="banner">
            <strong>
              {missed} {missed === 1 ? "call" : "calls"}
            </strong>{" "}
            ended while the connection was down for too long; how they ended is not known here.
          </p>
        )}
      </div>
      {interrupted && (
        <p class="banner-more">
          <span>{next(connection.nextAttempt)}</span>
          <button class="quiet small" onClick={feed.retry}>
            Try now
          </button>
        </p>
      )}
    </section>
  );
}

function next(attempt: number): string {
  const seconds = Math.ceil((attempt - Date.now()) / 1000);
  return seconds > 0 ? `Trying again in ${seconds} s` : "Trying again…";
}
