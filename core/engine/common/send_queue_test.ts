import { deepEqual, equal, ok } from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { SendQueues } from "./send_queue.ts";

Deno.test("bytes leave in the order in which they were pushed, whatever is taken at a time", () => {
  const random = new Random(7);
  const queues = new SendQueues(5_000);
  const source = Uint8Array.from({ length: 256 }, (_, i) => i);
  let pushed = 0;
  let taken = 0;
  for (let i = 0; i < 20_000; i++) {
    const size = random.below(200);
    const start = pushed & 0xff;
    const end = Math.min(start + size, 256);
    if (random.below(2) === 0 && queues.hasRoom(3, end - start)) {
      queues.push(3, source, start, end);
      pushed += end - start;
    } else {
      const waiting = queues.peek(3);
      equal(waiting.length, pushed - taken);
      ok(waiting.length <= 5_000);
      const part = waiting.subarray(0, random.below(400));
      ok(part.every((byte, at) => byte === ((taken + at) & 0xff)));
      queues.advance(3, part.length);
      taken += part.length;
    }
    equal(queues.bytesOf(3), pushed - taken);
  }
  ok(taken > 100_000);
});

Deno.test("the queues of two connections don't mix, and one can be forgotten", () => {
  const queues = new SendQueues(100);
  queues.push(1, Uint8Array.of(1, 2, 3), 0, 3);
  queues.push(2, Uint8Array.of(9, 8), 1, 2);
  deepEqual([...queues.peek(1)], [1, 2, 3]);
  deepEqual([...queues.peek(2)], [8]);
  queues.clear(1);
  equal(queues.bytesOf(1), 0);
  deepEqual([...queues.peek(1)], []);
  equal(queues.isEmpty, false);
  queues.advance(2, 1);
  equal(queues.isEmpty, true);
  queues.advance(2, 1); // nothing waits: harmless
});

Deno.test("the bound counts what waits, not what was ever pushed", () => {
  const queues = new SendQueues(10);
  const bytes = new Uint8Array(10);
  queues.push(0, bytes, 0, 6);
  equal(queues.hasRoom(0, 4), true);
  equal(queues.hasRoom(0, 5), false);
  queues.advance(0, 6);
  equal(queues.hasRoom(0, 10), true);
  equal(queues.hasRoom(0, 11), false);
});
