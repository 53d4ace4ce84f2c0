import assert from "node:assert/strict";
import type { Transport, WireEvents } from "../library/mod.ts";
import { anyWire } from "./any_wire.ts";

Deno.test("a way that never comes up gives place to the next, and one that works stays after a break", () => {
  const used: string[] = [];
  const made: WireEvents[] = [];
  const way = (name: string): Transport => (_address, events) => {
    used.push(name);
    made.push(events);
    return { send() {}, close() {} };
  };
  const heard: string[] = [];
  const events: WireEvents = {
    opened: () => heard.push("opened"),
    received: ({ length }) => heard.push(`${length} bytes`),
    closed: (code) => heard.push(`closed ${code}`),
  };
  const wire = anyWire([way("socket"), way("requests")]);
  const dial = (opens: boolean) => {
    wire("here", events);
    if (opens) made.at(-1)!.opened();
    made.at(-1)!.closed(7);
  };
  dial(false);
  dial(false);
  dial(true);
  for (let i = 0; i < 3; i++) dial(true);
  dial(false);
  dial(true);
  dial(false);
  dial(false);
  dial(true);
  assert.deepEqual(used, [...Array(2).fill("socket"), ...Array(8).fill("requests"), "socket"]);
  made.at(-1)!.received(new Uint8Array(3));
  assert.deepEqual(heard.slice(-3), ["opened", "closed 7", "3 bytes"]);
});
