/** Reads server-sent events (WHATWG HTML) from text as it comes; knows nothing of what they mean. */

export interface StreamEvent {
  name: string;
  /** Null for a block that only moves the id on, which is how the server says that it is alive. */
  data: string | null;
  id: string | null;
}

/**
 * A parser to be fed with pieces of a stream. `EventSource` would read the same stream, but it keeps signs of life, HTTP
 * statuses and headers to itself, and they are what tells whether the page is up to date.
 */
export class EventStreamParser {
  #rest = "";
  #name = "";
  #data: string[] = [];
  #id: string | null = null;

  constructor(private readonly onEvent: (event: StreamEvent) => void) {}

  feed(piece: string): void {
    const text = this.#rest + piece;
    let begin = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", begin)) {
      this.#line(text.slice(begin, text[end - 1] === "\r" ? end - 1 : end));
      begin = end + 1;
    }
    this.#rest = text.slice(begin);
  }

  #line(line: string): void {
    if (line === "") {
      if (this.#data.length || this.#id !== null) {
        const data = this.#data.length ? this.#data.join("\n") : null;
        this.onEvent({ name: this.#name || "message", data, id: this.#id });
      }
      this.#name = "";
      this.#data = [];
      this.#id = null;
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#name = value;
    else if (field === "id") this.#id = value;
  }
}
