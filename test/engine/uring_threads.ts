/** Threads for the tests of engine uring: one that writes while an engine sleeps, and one that serves. */
import { Waker } from "../../core/threads/waker.ts";
import type { EngineHandler, Listener } from "../../core/engine/common/engine.ts";
import { UringEngine } from "../../core/engine/uring/uring.ts";
import { systemClock } from "../../core/base/clock.ts";

/** Words that a writer shares with its test. */
export const WriterWord = { order: 0, awake: 1, rescues: 2 } as const;
/** Words that a server shares with its test. */
export const ServerWord = { accepted: 0, heard: 1, closed: 2, isStopped: 3 } as const;

const SLEEPING = 0;
const RESCUE_AFTER_MS = 4_000;

export type ThreadOrder =
  | {
    readonly kind: "writer";
    readonly port: number;
    readonly peers: number;
    readonly words: Int32Array;
    readonly waker: SharedArrayBuffer;
  }
  | {
    readonly kind: "server";
    readonly listener: Listener;
    readonly capacity: number;
    readonly slotsPerRing: number;
    readonly words: Int32Array;
  };

/** Starts a thread and waits until it is ready. */
export async function startThread(order: ThreadOrder): Promise<{ ended: Promise<void> }> {
  const worker = new Worker(import.meta.url, { type: "module", name: "uring thread" });
  const said = () => new Promise<void>((resolve) => worker.onmessage = () => resolve());
  const ready = said();
  worker.postMessage(order);
  await ready;
  return { ended: said() };
}

/** Writes a byte over its nth connection once the engine sleeps, and calls `wake` if that didn't end its sleep. */
async function write(order: ThreadOrder & { kind: "writer" }, ready: () => void): Promise<void> {
  const { words } = order;
  const waker = new Waker(order.waker);
  const peers: Deno.TcpConn[] = [];
  for (let i = 0; i < order.peers; i++) {
    peers.push(await Deno.connect({ hostname: "127.0.0.1", port: order.port, transport: "tcp" }));
  }
  ready();
  for (let round = 0;;) {
    Atomics.wait(words, WriterWord.order, round);
    round = Atomics.load(words, WriterWord.order);
    if (round < 0) break;
    while (Atomics.load(waker.words, SLEEPING) === 0) Atomics.wait(words, WriterWord.rescues, 0, 1);
    await peers[round - 1].write(new Uint8Array([round]));
    if (Atomics.wait(words, WriterWord.awake, round - 1, RESCUE_AFTER_MS) === "timed-out") {
      Atomics.add(words, WriterWord.rescues, 1);
      waker.wake();
    }
  }
  for (const peer of peers) peer.close();
}

/** Takes peers, answers each byte with one, and ends when it is told. */
function serve(order: ThreadOrder & { kind: "server" }, ready: () => void): void {
  const { words, capacity, slotsPerRing } = order;
  const engine = new UringEngine({ capacity, slotsPerRing, clock: systemClock, waker: new Waker() });
  const handler: EngineHandler = {
    onWake() {},
    onConnect() {},
    onDrain() {},
    onAccept: () => void Atomics.add(words, ServerWord.accepted, 1),
    onEnd: (connection) => engine.close(connection),
    onClose: () => void Atomics.add(words, ServerWord.closed, 1),
    onBytes(connection, start, end) {
      Atomics.add(words, ServerWord.heard, end - start);
      const at = engine.reserve(connection, end - start);
      engine.output.bytes.set(engine.input.bytes.subarray(start, end), at);
      engine.commit(connection, end - start);
    },
  };
  engine.attach(handler);
  engine.listen(order.listener);
  ready();
  while (Atomics.load(words, ServerWord.isStopped) === 0) engine.poll(5);
  engine.shutdown();
}

if (self.name === "uring thread") {
  const scope = self as unknown as {
    onmessage: (event: MessageEvent<ThreadOrder>) => void;
    postMessage(message: string): void;
    close(): void;
  };
  const ready = () => scope.postMessage("ready");
  scope.onmessage = async ({ data }) => {
    if (data.kind === "writer") await write(data, ready);
    else serve(data, ready);
    scope.postMessage("ended");
    scope.close();
  };
}
