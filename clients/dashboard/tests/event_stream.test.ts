import { describe, expect, test } from "vitest";
import { EventStreamParser, type StreamEvent } from "../src/event_stream";

function parsed(...pieces: string[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  const parser = new EventStreamParser((event) => events.push(event));
  for (const piece of pieces) parser.feed(piece);
  return events;
}

describe("an event stream", () => {
  const text = 'retry: 1000\n\nevent: snapshot\nid: t1\ndata: {"calls":[]}\n\nid: t2\ndata: {"a":1}\n\n: heartbeat\nid: t3\n\n';
  const events = [
    { name: "snapshot", data: '{"calls":[]}', id: "t1" },
    { name: "message", data: '{"a":1}', id: "t2" },
    { name: "message", data: null, id: "t3" },
  ];

  test("is read as a whole", () => expect(parsed(text)).toEqual(events));

  test("is read the same wherever it is cut", () => {
    for (let at = 0; at <= text.length; at++) expect(parsed(text.slice(0, at), text.slice(at))).toEqual(events);
    expect(parsed(...text)).toEqual(events);
  });

  test("may end its lines with carriage returns, and have several lines of data", () => {
    expect(parsed("data: a\r\ndata:b\r\n\r\n")).toEqual([{ name: "message", data: "a\nb", id: null }]);
  });

  test("gives nothing of an event that is not complete", () => expect(parsed("id: t1\ndata: {}\n")).toEqual([]));
});
