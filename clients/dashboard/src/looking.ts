/** Hooks that make a view follow what it shows. */

import { useEffect, useReducer, useState } from "preact/hooks";
import type { CallStore } from "./call_store";
import type { Connection, Feed } from "./feed";

/** Renders again in each frame in which calls changed. Gives a number that rises with every change. */
export function useCalls(store: CallStore): number {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => store.watch(() => again(undefined)), [store]);
  return store.version;
}

export function useConnection(feed: Feed): Connection {
  const [connection, set] = useState(feed.connection);
  useEffect(() => {
    set(feed.connection);
    return feed.watch(() => set(feed.connection));
  }, [feed]);
  return connection;
}

/** The server's time, renewed every second. */
export function useNow(feed: Feed): number {
  const [now, set] = useState(feed.now());
  useEffect(() => feed.everySecond(set), [feed]);
  return now;
}

export function useMedia(query: string): boolean {
  const [matches, set] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const changed = (): void => set(media.matches);
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, [query]);
  return matches;
}
