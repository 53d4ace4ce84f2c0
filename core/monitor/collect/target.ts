import type { Snapshot } from "../../counters/series.ts";
import { NoEventStream } from "./event_stream.ts";
import { LastReading } from "./last_reading.ts";
import { Readings } from "./readings.ts";
import { readSnapshot } from "./read_snapshot.ts";
import { readEvents, reasonOf, type TargetWorld } from "./read_events.ts";
import type { TargetSpec } from "./target_list.ts";

/**
 * What a target is seen to be. `live` sends, `silent` is connected and doesn't, `ended` said goodbye; the others say
 * why nothing can be read from it.
 */
export type TargetState = "connecting" | "live" | "silent" | "ended" | "down" | "other version" | "rubbish";

/** A snapshot that was taken in. */
export interface TakenSnapshot {
  readonly snapshot: Snapshot;
  /** As it came, in JSON; empty in a replay. */
  readonly text: string;
  /** What counters grew by outside the seconds that were told; see `RoleSecond`. */
  readonly unseen: Readonly<Record<string, number>>;
}

/** What a target tells its owner. */
export interface TargetEvents {
  snapshot(target: Target, taken: TakenSnapshot): void;
  state(target: Target, before: TargetState): unknown;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;
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
  readonly #readings = new Readings();
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
    this.#readings.addTo(totals);
    return totals;
  }

  /**
   * Takes in a snapshot, live or from a record.
   *
   * @param text the same as it came
   */
  take(snapshot: Snapshot, text: string): void {
    const before = this.last;
    if (before !== undefined && before.pid !== snapshot.process.pid) this.#taken.clear();
    if (this.#taken.has(snapshot.readAtMs)) {
      this.repeated++;
      return;
    }
    this.#taken.add(snapshot.readAtMs);
    if (this.#taken.size > KEPT_READINGS) this.#taken.delete(this.#taken.keys().next().value!);
    const { totals, deltas } = snapshot;
    let unseen: Record<string, number>;
    if (before === undefined || this.#isOtherProcess(before, snapshot)) {
      if (before !== undefined) {
        this.restarts++;
        this.#readings.addTo(this.#ofEarlier);
      }
      unseen = new Readings().growthBeside(totals, deltas);
      this.#keep(snapshot);
    } else if (snapshot.readAtMs >= before.readAtMs) {
      unseen = this.#readings.growthBeside(totals, deltas);
      this.#keep(snapshot);
    } else unseen = new Readings().growthBeside({}, deltas); // a later one has counted it as unseen
    this.#heardAtMs = this.#world.clock.monotonicMs();
    this.skewMs = Math.round(snapshot.readAtMs - this.#world.clock.wallMs());
    this.#retryMs = FIRST_RETRY_MS;
    if (snapshot.isLast) this.#become("ended", "the process ended in good order");
    else this.#become("live", liveText(this.skewMs, snapshot));
    this.#events.snapshot(this, { snapshot, text, unseen });
  }

  #keep(snapshot: Snapshot): void {
    (this.last ??= new LastReading()).set(snapshot);
    this.#readings.set(snapshot.totals);
  }

  /** Another pid, or counters that went back: it was started anew, perhaps in a container with the same pid. */
  #isOtherProcess(before: LastReading, now: Snapshot): boolean {
    if (before.pid !== now.process.pid) return true;
    return now.readAtMs >= before.readAtMs && this.#readings.isAbove(now.totals);
  }

  async #subscribe(): Promise<void> {
    this.#abort = new AbortController();
    await readEvents(this.#world, {
      url: `${this.spec.url}/stream`,
      lastEventId: this.#lastEventId,
      abort: this.#abort,
    }, {
      open: () => {
        this.#heardAtMs = this.#world.clock.monotonicMs();
        // What answers with a stream is there, even if its first snapshot takes a second more.
        if (this.state === "down") this.#become("connecting", "");
      },
      event: ({ event, data, id }) => event === "snapshot" && this.#event(data, id),
    });
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

/** What is to be said of a target that is live: its clock, and who may log in. */
function liveText(skewMs: number, { gauges }: Snapshot): string {
  const logins = gauges.loginsUnchecked > 0 ? "no token is checked: anybody can be any user" : "";
  return [clockText(skewMs), logins].filter((text) => text !== "").join("; ");
}

/** What is to be said of a target's clock. */
function clockText(skewMs: number): string {
  if (Math.abs(skewMs) < LEAST_SKEW_MS) return "";
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return skewMs > 0 ? `its clock is ${seconds} s ahead` : `its seconds come ${seconds} s late`;
}
