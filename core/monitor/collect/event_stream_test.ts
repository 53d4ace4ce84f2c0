import assert from "node:assert/strict";
import { EventStreamParser, NoEventStream } from "./event_stream.ts";

const TEXT = ': hello\n\nevent: snapshot\nid: 7\ndata: {"a":1}\n\ndata: one\r\ndata: two\r\n\r\nevent: x\n\n';
const EVENTS = [
  { event: "snapshot", id: "7", data: '{"a":1}' },
  { event: "message", id: "7", data: "one\ntwo" },
];

Deno.test("events are the same at every split of their text", () => {
  for (let at = 0; at <= TEXT.length; at++) {
    const parser = new EventStreamParser();
    assert.deepEqual([...parser.push(TEXT.slice(0, at)), ...parser.push(TEXT.slice(at))], EVENTS, `at ${at}`);
  }
  const parser = new EventStreamParser();
  assert.deepEqual([...TEXT].flatMap((letter) => parser.push(letter)), EVENTS);
});

Deno.test("a line or an event without end is refused, not kept", () => {
  const chunk = "x".repeat(1 << 20);
  const line = new EventStreamParser();
  assert.throws(() => {
    for (let i = 0; i < 6; i++) line.push(chunk);
  }, NoEventStream);
  const event = new EventStreamParser();
  assert.throws(() => {
    for (let i = 0; i < 6; i++) event.push(`data: ${chunk}\n`);
  }, NoEventStream);
});
