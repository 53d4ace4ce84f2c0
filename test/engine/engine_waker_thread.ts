/**
 * A thread that wakes another. The case asks whether its own poll came back because of that: the thread wakes it once
 * more to rescue a poll that slept through it, and says so. So nothing is measured, and only a failure takes long.
 */
import { Waker } from "../../core/threads/waker.ts";

/** Words shared with the thread. */
const ROUND = 0;
const AWAKE_ROUND = 1;
const RESCUES = 2;
const SLEEPING = 0;
const RESCUE_AFTER_MS = 4_000;
const STOP = -1;

/** `wake`: wakes the owner when it sleeps. `rescue`: only looks whether the owner sleeps too long. */
export type WakerKind = "wake" | "rescue";

interface Order {
  readonly kind: WakerKind;
  readonly waker: SharedArrayBuffer;
  readonly words: Int32Array;
}

export interface WakerThread {
  /** The next poll is to be ended early. */
  expectWake(): void;
  /** After the poll: whether it slept through. */
  hadToRescue(): boolean;
  stop(): Promise<void>;
}

export async function startWakerThread(waker: Waker, kind: WakerKind): Promise<WakerThread> {
  const worker = new Worker(import.meta.url, { type: "module", name: "waker" });
  const words = new Int32Array(new SharedArrayBuffer(12));
  const heard = () => new Promise((resolve) => worker.onmessage = resolve);
  const isReady = heard();
  worker.postMessage({ kind, waker: waker.words.buffer, words } satisfies Order);
  await isReady;
  let round = 0;
  return {
    expectWake() {
      Atomics.store(words, ROUND, ++round);
      Atomics.notify(words, ROUND);
    },
    hadToRescue() {
      Atomics.store(words, AWAKE_ROUND, round);
      Atomics.notify(words, AWAKE_ROUND);
      return Atomics.load(words, RESCUES) > 0;
    },
    async stop() {
      const isStopped = heard();
      Atomics.store(words, ROUND, STOP);
      Atomics.notify(words, ROUND);
      await isStopped;
    },
  };
}

function serve({ kind, waker: memory, words }: Order): void {
  const waker = new Waker(memory);
  for (let round = 0;;) {
    Atomics.wait(words, ROUND, round);
    round = Atomics.load(words, ROUND);
    if (round === STOP) return;
    if (kind === "wake") {
      // Its owner falls asleep within this, or never.
      for (let i = 0; i < 1_000 && Atomics.load(waker.words, SLEEPING) === 0; i++) {
        Atomics.wait(words, RESCUES, 0, 1);
      }
      waker.wake();
    }
    if (Atomics.wait(words, AWAKE_ROUND, round - 1, RESCUE_AFTER_MS) === "timed-out") {
      Atomics.add(words, RESCUES, 1);
      waker.wake();
    }
  }
}

if (self.name === "waker") {
  const scope = self as unknown as {
    onmessage: (event: MessageEvent<Order>) => void;
    postMessage(message: string): void;
    close(): void;
  };
  scope.onmessage = ({ data }) => {
    scope.postMessage("ready");
    serve(data);
    scope.postMessage("stopped");
    scope.close();
  };
}
