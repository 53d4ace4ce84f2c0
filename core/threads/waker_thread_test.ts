import { equal } from "node:assert/strict";
import { Waker } from "./waker.ts";

const ROUNDS = 2_000;

/** Two threads wake each other in turn. A single lost wake would leave both asleep for ever. */
Deno.test("two threads wake each other thousands of times, one blocking and one by promise", async () => {
  const source = `
    import { Waker } from ${JSON.stringify(new URL("./waker.ts", import.meta.url).href)};
    self.onmessage = ({ data: { own, other, turns } }) => {
      const waker = new Waker(own);
      const peer = new Waker(other);
      for (let round = 0; round < ${ROUNDS}; round++) {
        while (Atomics.load(turns, 0) === round) {
          waker.sleepBlocking(Infinity);
          waker.awake();
        }
        Atomics.store(turns, 1, round + 1);
        peer.wake();
      }
      self.postMessage("done");
      self.close();
    };`;
  const worker = new Worker(`data:application/javascript,${encodeURIComponent(source)}`, { type: "module" });
  const isDone = new Promise((resolve) => worker.onmessage = resolve);
  const own = new Waker();
  const peer = new Waker();
  const turns = new Int32Array(new SharedArrayBuffer(8));
  worker.postMessage({ own: peer.words.buffer, other: own.words.buffer, turns });
  for (let round = 0; round < ROUNDS; round++) {
    Atomics.store(turns, 0, round + 1);
    peer.wake();
    while (Atomics.load(turns, 1) === round) {
      await own.sleep(Infinity);
      own.awake();
    }
  }
  await isDone;
  equal(turns[1], ROUNDS);
});
