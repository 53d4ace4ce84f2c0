import type { Snapshot } from "../counters/series.ts";
import { sparsePercentile } from "../counters/histogram.ts";
import type { Clock } from "../time/clock.ts";
import { EventStreamParser, NoEventStream } from "./event_stream.ts";
import { addUp } from "./merge.ts";
import { readSnapshot } from "./read_snapshot.ts";
import type { TargetSpec } from "./target_list.ts";

/**
 * What a target is seen to be. `live` sends, `silent` is connected and doesn't, `ended` said goodbye; the others say
 * why nothing can be read from it.
 */
export type TargetState = "connecting" | "live" | "silent" | "ended" | "down" | "other version" | "rubbish";

/** How a target reaches the world; tests hand in their own. */
export interface TargetWorld {
  readonly clock: Clock;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Calls back once after so many ms, unless the returned function is called before. */
  readonly after: (ms: number, call: () => void) => () => void;
  /** The bearer token of targets that want one. */
  readonly token?: string | undefined;
}

/** A snapshot that was taken in. */
export interface TakenSnapshot {
  readonly snapshot: Snapshot;
  /** As it came, in JSON; empty in a replay. */
  readonly text: string;
  /** What counters grew by outside the seconds that were told; see `RoleSecond`. */
  readonly unseen: Readonly<Record<string, number>>;
}

/** What is kept of a snapshot. */
export interface LastReading
  extends Pick<Snapshot, "role" | "second" | "readAtMs" | "totals" | "gauges" | "blocks" | "process"> {
  /** Frames or shakes that were answered in its second; null if it counts none. */
  readonly answered: number | null;
  /** The 99th percentile of the latency in its second, if it measured one. */
  readonly p99Us: number | null;
}

/** What a target tells its owner. */
export interface TargetEvents {
  snapshot(target: Target, taken: TakenSnapshot): void;
  state(target: Target, before: TargetState): unknown;
}

/** Most that is read of a target at once, in bytes: about a snapshot. */
const READ_BYTES = 16_384;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;
/** How long a connect may take. */
const CONNECT_MS = 5_000;
/** Without a snapshot for so long, a target counts as silent; for longer, it is connected to anew. */
const SILENT_MS = 2_500;
const GIVE_UP_MS = 10_000;

/** One process that is watched: its subscription, its state, and what it has told so far. */
export class Target {
  readonly spec: TargetSpec;
  state: TargetState = "connecting";
  /** Why it is not live, in words. */
  why = "";
  /** The latest reading, without its bulk: of 600 targets that would be most of the monitor's memory. */
  last: LastReading | undefined;
  /** Snapshots that came twice, and events that were no snapshot. */
  repeated = 0;
  rubbish = 0;
  late = 0;
  /** Shown seconds of which it has not told although it was alive. */
  missing = 0;
  restarts = 0;
  reconnects = 0;
  /** Ms by which its clock and this one differ, as far as can be seen: with the way of a snapshot in it. */
  skewMs = 0;
  readonly #world: TargetWorld;
  readonly #events: TargetEvents;
  /** Counters of earlier processes at this address. */
  readonly #ofEarlier: Record<string, number> = {};
  #heardAtMs = 0;
  #lastEventId = "";
  #retryMs = FIRST_RETRY_MS;
  #isStopped = false;
  #abort = new AbortController();
  #cancelTimer: (() => void) | undefined;
  /** When the latest snapshots of this process were read by it, which tells a repeat from a second that came twice. */
  readonly #taken = new Set<number>();

  constructor(spec: TargetSpec, world: TargetWorld, events: TargetEvents) {
    this.spec = spec;
    this.#world = world;
    this.#events = events;
  }

  /** Subscribes, again and again, until `stop` is called. Resolves then. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#subscribe();
        if (this.state === "live" || this.state === "silent") this.#become("down", "the stream ended");
      } catch (error) {
        if (this.#isStopped) break;
        if (error instanceof NoEventStream) this.#become("rubbish", error.message);
        // Who said goodbye is not there any more, as was said.
        else if (this.state !== "ended") this.#become("down", reasonOf(error));
      }
      if (this.#isStopped) break;
      await this.#pause(this.#retryMs);
      this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
      this.reconnects++;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#abort.abort();
    this.#cancelTimer?.();
  }

  /** Looks whether it still sends. Called about once a second. */
  check(): void {
    if (this.state !== "live" && this.state !== "silent") return;
    const quietMs = this.#world.clock.monotonicMs() - this.#heardAtMs;
    if (quietMs > GIVE_UP_MS) this.#abort.abort();
    else if (quietMs > SILENT_MS) this.#become("silent", `no snapshot for ${Math.floor(quietMs / 1000)} s`);
  }

  /** Every counter since the target was first seen, over all its restarts. */
  totals(): Record<string, number> {
    const totals = { ...this.#ofEarlier };
    if (this.last !== undefined) addUp(totals, this.last.totals);
    return totals;
  }

  /**
   * Takes in a snapshot, live or from a record.
   *
   * @param text the same as it came
   */
  take(snapshot: Snapshot, text: string): void {
    const before = this.last;
    if (before !== undefined && before.process.pid !== snapshot.process.pid) this.#taken.clear();
    if (this.#taken.has(snapshot.readAtMs)) {
      this.repeated++;
      return;
    }
    this.#taken.add(snapshot.readAtMs);
    if (this.#taken.size > KEPT_READINGS) this.#taken.delete(this.#taken.keys().next().value!);
    let unseen: Record<string, number>;
    if (before === undefined || isOtherProcess(before, snapshot)) {
      if (before !== undefined) {
        this.restarts++;
        addUp(this.#ofEarlier, before.totals);
      }
      unseen = growthBeside(snapshot, {});
      this.last = withoutBulk(snapshot);
    } else if (snapshot.readAtMs >= before.readAtMs) {
      unseen = growthBeside(snapshot, before.totals);
      this.last = withoutBulk(snapshot);
    } else unseen = growthBeside({ ...snapshot, totals: {} }, {}); // a later one has counted it as unseen
    this.#heardAtMs = this.#world.clock.monotonicMs();
    this.skewMs = Math.round(snapshot.readAtMs - this.#world.clock.wallMs());
    this.#retryMs = FIRST_RETRY_MS;
    if (snapshot.isLast) this.#become("ended", "the process ended in good order");
    else this.#become("live", clockText(this.skewMs));
    this.#events.snapshot(this, { snapshot, text, unseen });
  }

  async #subscribe(): Promise<void> {
    this.#abort = new AbortController();
    const { token } = this.#world;
    const cancel = this.#world.after(CONNECT_MS, () => this.#abort.abort());
    let response: Response;
    try {
      response = await this.#world.fetch(`${this.spec.url}/stream`, {
        signal: this.#abort.signal,
        headers: {
          accept: "text/event-stream",
          ...(this.#lastEventId === "" ? {} : { "last-event-id": this.#lastEventId }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      });
    } finally {
      cancel();
    }
    const type = response.headers.get("content-type") ?? "nothing";
    if (!response.ok || !type.startsWith("text/event-stream") || response.body === null) {
      await response.body?.cancel();
      throw new Error(
        response.status === 401
          ? "it wants a token: set REDPKT_TOKEN"
          : `no stream of snapshots there: status ${response.status}, ${type}`,
      );
    }
    this.#heardAtMs = this.#world.clock.monotonicMs();
    // What answers with a stream is there, even if its first snapshot takes a second more.
    if (this.state === "down") this.#become("connecting", "");
    await this.#read(response.body);
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const parser = new EventStreamParser();
    const decoder = new TextDecoder();
    const { signal } = this.#abort;
    // Into a buffer of our own, again and again: the runtime would take 64 KiB of new memory for every piece.
    const reader = body.getReader({ mode: "byob" });
    const cancel = () => void reader.cancel(signal.reason).catch(() => {});
    signal.addEventListener("abort", cancel);
    const watch = this.#watchFirst();
    try {
      let buffer = new ArrayBuffer(READ_BYTES);
      while (true) {
        const { value, done } = await reader.read(new Uint8Array(buffer));
        signal.throwIfAborted();
        if (done) return;
        buffer = value.buffer;
        for (const event of parser.push(decoder.decode(value, { stream: true }))) {
          watch();
          if (event.event === "snapshot") this.#event(event.data, event.id);
        }
      }
    } finally {
      watch();
      signal.removeEventListener("abort", cancel);
      cancel();
    }
  }

  /** A peer that answers and then never sends anything is left. */
  #watchFirst(): () => void {
    return this.#world.after(GIVE_UP_MS, () => this.#abort.abort());
  }

  #event(data: string, id: string): void {
    const read = readSnapshot(data);
    if ("snapshot" in read) {
      this.#lastEventId = id;
      this.take(read.snapshot, data);
      return;
    }
    this.rubbish++;
    this.#heardAtMs = this.#world.clock.monotonicMs();
    this.#become(read.isOtherVersion ? "other version" : "rubbish", read.problem);
  }

  #become(state: TargetState, why: string): void {
    const before = this.state;
    this.state = state;
    this.why = why;
    if (state !== before) this.#events.state(this, before);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#world.after(ms, resolve);
      this.#cancelTimer = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** More than the seconds that can still be amended. */
const KEPT_READINGS = 150;

/** Clocks that are off by less are not worth a word: the way of a snapshot is in it too. */
const LEAST_SKEW_MS = 2_000;

/** What is to be said of a target's clock. */
function clockText(skewMs: number): string {
  if (Math.abs(skewMs) < LEAST_SKEW_MS) return "";
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return skewMs > 0 ? `its clock is ${seconds} s ahead` : `its seconds come ${seconds} s late`;
}

function withoutBulk(snapshot: Snapshot): LastReading {
  const { role, second, readAtMs, totals, gauges, blocks, process, deltas, histograms } = snapshot;
  const latency = histograms.shakeLatencyUs ?? [];
  return {
    role,
    second,
    readAtMs,
    totals,
    gauges,
    blocks,
    process,
    answered: deltas[role === "server" ? "framesOut" : "shakesAnswered"] ?? null,
    p99Us: latency.length === 0 ? null : sparsePercentile(latency, 99),
  };
}

/** By how much totals exceed those before and the snapshot's own second; what is 0 is left out. */
function growthBeside(
  { totals, deltas }: Pick<Snapshot, "totals" | "deltas">,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  const unseen: Record<string, number> = {};
  for (const name in deltas) {
    const beside = (totals[name] ?? 0) - deltas[name] - (before[name] ?? 0);
    if (beside !== 0) unseen[name] = beside;
  }
  return unseen;
}

/** Another pid, or counters that went back: a process that was started anew, perhaps in a container with the same pid. */
function isOtherProcess(before: LastReading, now: Snapshot): boolean {
  if (before.process.pid !== now.process.pid) return true;
  if (now.readAtMs < before.readAtMs) return false;
  for (const name in before.totals) if ((now.totals[name] ?? 0) < before.totals[name]) return true;
  return false;
}

function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "AbortError") return "no answer in time";
  // The runtime says only that a fetch failed; why, says the error beneath.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  if (/connection refused/i.test(text)) return "connection refused";
  if (/\bdns\b|failed to lookup|resolve/i.test(text)) return "no such host";
  // Its texts begin with the whole URL; what tells is at the end.
  return text.replace(/^.*: /, "").slice(0, 200);
}
