/** Follows the server's events through outages, and says at every moment how far what is shown can be relied on. */

import { ApiError, type Api } from "./api";
import type { CallStore } from "./call_store";
import { callFrom, changeFrom, moment } from "./calls";
import { EventStreamParser, type StreamEvent } from "./event_stream";
import { isObject, parseJson } from "./exact_json";

const FIRST_WORD_WITHIN = 15_000;
/** Heartbeats missed after which the connection is dead. */
const SILENT_HEARTBEATS = 2.5;
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

export type Connection =
  /** Nothing is known yet. */
  | { kind: "connecting" }
  /** What is shown is what is. */
  | { kind: "live" }
  /** Connected again; what happened meanwhile is being told. */
  | { kind: "catching up"; since: number }
  /** What is shown is from `since`, in milliseconds of the server's clock. */
  | { kind: "interrupted"; since: number; nextAttempt: number; why: string }
  /** Only a person can go on, by signing in. */
  | { kind: "signed out"; since: number };

export class Feed {
  connection: Connection = { kind: "connecting" };
  /** How many calls ended while nobody told this page; their changes cannot be had any more. */
  missed = 0;

  #token = "";
  #lastHeard = 0;
  /** Server's clock minus this one's, in milliseconds. */
  #offset = 0;
  #known = false;
  #abort = new AbortController();
  #wake: () => void = () => undefined;
  #watching = new Set<() => void>();
  #seconds = new Set<(now: number) => void>();
  #timer: ReturnType<typeof setInterval> | 0 = 0;

  constructor(
    private readonly api: Api,
    private readonly store: CallStore,
  ) {}

  /** Calls `seen` whenever `connection` changes. Returns how to stop. */
  watch(seen: () => void): () => void {
    this.#watching.add(seen);
    return () => this.#watching.delete(seen);
  }

  /** The server's time now, or that from which what is shown is, if that is not now. */
  now(): number {
    return "since" in this.connection ? this.connection.since : this.#clock();
  }

  /** Calls `seen` every second, and everybody at the same moment. Returns how to stop. */
  everySecond(seen: (now: number) => void): () => void {
    this.#seconds.add(seen);
    this.#timer ||= setInterval(() => {
      const now = this.now();
      for (const each of this.#seconds) each(now);
    }, 1000);
    return () => {
      this.#seconds.delete(seen);
      if (this.#seconds.size) return;
      clearInterval(this.#timer);
      this.#timer = 0;
    };
  }

  /** Tries again at once. */
  retry = (): void => this.#wake();

  stop(): void {
    this.#abort.abort();
    this.#wake();
  }

  async run(): Promise<void> {
    addEventListener("online", this.retry);
    let failures = 0;
    while (!this.#abort.signal.aborted) {
      const heardBefore = this.#lastHeard;
      let why = "The connection was closed.";
      let pause = true;
      let since = this.#clock();
      try {
        pause = await this.#follow();
        since = this.#clock();
      } catch (error) {
        if (this.#abort.signal.aborted) break;
        since = this.#clock();
        if (error instanceof ApiError && error.signedOut) {
          this.#set({ kind: "signed out", since: this.#since() });
          break;
        }
        if (error instanceof Silence) {
          why = "Nothing was heard of the server.";
          since = this.#since();
        }
        if (error instanceof ApiError) {
          why = error.message;
          if (error.status === 400) this.#token = ""; // of a server that no longer reads it: begin with a snapshot
        }
      }
      failures = this.#lastHeard > heardBefore ? 1 : failures + 1;
      if (!pause) continue;
      const longest = Math.min(SHORTEST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE);
      await this.#wait(longest * (0.5 + Math.random() / 2), why, since);
    }
    removeEventListener("online", this.retry);
  }

  /** One connection, until it ends. Whether to pause before the next. */
  async #follow(): Promise<boolean> {
    const attempt = new AbortController();
    const giveUp = (): void => attempt.abort();
    this.#abort.signal.addEventListener("abort", giveUp);
    let silence = FIRST_WORD_WITHIN;
    let pause = true;
    let watchdog = setTimeout(giveUp, silence);
    const heard = (): void => {
      clearTimeout(watchdog);
      watchdog = setTimeout(giveUp, silence);
      this.#lastHeard = Date.now();
    };
    const parser = new EventStreamParser((event) => {
      if (event.name === "started") silence = this.#started(event) * 1000 * SILENT_HEARTBEATS;
      else if (event.name === "end") pause = reasonOf(event) !== "SLOW_CONSUMER";
      else this.#take(event);
      if (event.id !== null) this.#token = event.id;
    });
    try {
      const response = await this.api.events(this.#token, attempt.signal);
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return pause;
        heard();
        parser.feed(decoder.decode(value, { stream: true }));
      }
    } catch (error) {
      if (attempt.signal.aborted && !this.#abort.signal.aborted) throw new Silence();
      throw error;
    } finally {
      clearTimeout(watchdog);
      this.#abort.signal.removeEventListener("abort", giveUp);
    }
  }

  /** How many seconds lie between two signs of life. */
  #started(event: StreamEvent): number {
    const facts = parseJson(event.data ?? "{}");
    if (!isObject(facts)) return 0;
    const since = this.#since();
    const time = moment(facts.time);
    if (time !== null) this.#offset = time - Date.now();
    if (facts.resumed === true) this.#set({ kind: "catching up", since });
    return Number(facts.heartbeatSeconds) || FIRST_WORD_WITHIN / 1000;
  }

  #take(event: StreamEvent): void {
    if (event.data === null) {
      if (this.#known) this.#set({ kind: "live" }); // a resumed stream says so once it has told everything
      return;
    }
    const json = parseJson(event.data);
    if (event.name === "message") this.store.apply(changeFrom(json));
    else if (event.name === "snapshot" && isObject(json)) {
      const unseen = this.store.replace((Array.isArray(json.calls) ? json.calls : []).map(callFrom));
      if (this.#known) this.missed += unseen;
      this.#known = true;
      this.#set({ kind: "live" });
    }
  }

  async #wait(pause: number, why: string, since: number): Promise<void> {
    this.#set({ kind: "interrupted", since, nextAttempt: Date.now() + pause, why });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pause);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }

  #clock(): number {
    return Date.now() + this.#offset;
  }

  #since(): number {
    return (this.#lastHeard || Date.now()) + this.#offset;
  }

  #set(connection: Connection): void {
    if (connection.kind === "live" && this.connection.kind === "live") return;
    // An outage is one, however many attempts it takes.
    const before = this.connection;
    if ("since" in connection && "since" in before) connection.since = before.since;
    this.connection = connection;
    for (const seen of this.#watching) seen();
  }
}

class Silence extends Error {}

function reasonOf(event: StreamEvent): string {
  const facts = parseJson(event.data ?? "{}");
  return isObject(facts) ? String(facts.reason) : "";
}
