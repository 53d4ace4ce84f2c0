/** Snapshots and a world for tests of the monitor. */
import type { SparseHistogram } from "../../counters/histogram.ts";
import type { Snapshot } from "../../counters/series.ts";
import { ManualClock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import type { TargetWorld } from "./read_events.ts";

/** A snapshot with the few things that a test is about. */
export function makeSnapshot(
  second: number,
  parts: Partial<Omit<Snapshot, "process">> & { pid?: number; machine?: string; latency?: SparseHistogram } =
    {},
): Snapshot {
  const { pid = 1, machine = "a", latency, ...rest } = parts;
  return {
    version: 1,
    role: "client",
    second,
    readAtMs: (second + 1) * 1000 + 1,
    deltas: {},
    totals: {},
    gauges: {},
    histograms: latency === undefined ? {} : { shakeLatencyUs: latency },
    blocks: {},
    process: {
      pid,
      machine,
      cpuUserMs: 10,
      cpuSystemMs: 5,
      rssBytes: 1000,
      heapUsedBytes: 500,
      loopDelayMs: 1,
    },
    ...rest,
  };
}

/** The text of a stream that sends so many events. */
export function eventsOf(...snapshots: readonly unknown[]): string {
  return snapshots.map((snapshot) => {
    const { second } = snapshot as { second?: number };
    return `event: snapshot\nid: ${second ?? 0}\ndata: ${JSON.stringify(snapshot)}\n\n`;
  }).join("");
}

/** A world without network, whose time and timers move only when told to. */
export class TestWorld implements TargetWorld {
  readonly clock = new ManualClock(1_700_000_000_000);
  readonly requests: { url: string; headers: Record<string, string>; signal: AbortSignal }[] = [];
  readonly #timers = new Map<number, { atMs: number; call: () => void }>();
  #nextTimer = 1;
  /** What the next request gets; one that nobody answers waits. */
  answer: (url: string) => Response | Promise<Response> = () =>
    Promise.reject(new Error("connection refused"));

  readonly fetch = (url: string, init: RequestInit): Promise<Response> => {
    const signal = init.signal!;
    this.requests.push({ url, headers: init.headers as Record<string, string>, signal });
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      Promise.resolve(this.answer(url)).then(resolve, reject);
    });
  };

  readonly after = (ms: number, call: () => void): () => void => {
    const id = this.#nextTimer++;
    this.#timers.set(id, { atMs: this.clock.monotonicMs() + ms, call });
    return () => this.#timers.delete(id);
  };

  /** Lets time pass, and fires what is due. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    for (const [id, { atMs, call }] of [...this.#timers]) {
      if (atMs > this.clock.monotonicMs()) continue;
      this.#timers.delete(id);
      call();
    }
    await settle();
  }
}

/** A response that streams what is written to it, until it is closed. */
export function openStream(): {
  response: Response;
  send(text: string): Promise<void>;
  end(): Promise<void>;
} {
  let controller: ReadableByteStreamController;
  const body = new ReadableStream({ type: "bytes", start: (given) => void (controller = given) });
  const encoder = new TextEncoder();
  let isOpen = true;
  return {
    response: new Response(body, { headers: { "content-type": "text/event-stream" } }),
    async send(text) {
      if (isOpen) controller.enqueue(encoder.encode(text));
      await settle();
    },
    async end() {
      isOpen = false;
      controller.close();
      controller.byobRequest?.respond(0); // a read under way ends by this
      await settle();
    },
  };
}

/** Lets everything that waits for nothing but its turn go on. */
export async function settle(): Promise<void> {
  // Decoding a stream takes a few turns of the event loop.
  for (let i = 0; i < 20; i++) await nextTurn();
}
