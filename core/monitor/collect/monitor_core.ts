import { PlaceNewsDesk } from "./place_news.ts";
import type { Snapshot } from "../../counters/series.ts";
import { isDeepStrictEqual } from "node:util";
import type { ChartTable } from "../../charts/chart_table.ts";
import type { Declared } from "../../charts/declared.ts";
import type { Clock } from "../../base/clock.ts";
import { Histogram } from "../../counters/histogram.ts";
import { Declarations } from "./declarations.ts";
import { chartTable } from "../timeline/chart_table.ts";
import { History, type Point } from "../timeline/history.ts";
import { Marks } from "../timeline/marks.ts";
import { addUp, type Role } from "../timeline/merge.ts";
import type { TargetWorld } from "./read_events.ts";
import { type TakenSnapshot, Target, type TargetState } from "./target.ts";
import type { TargetSpec } from "./target_list.ts";
import { type ShownSecond, Timeline } from "../timeline/timeline.ts";

/** What watches the monitor: the page, the terminal, a record. */
export interface Watcher {
  /** A second is complete, or was amended. */
  second?(point: Point, shown: ShownSecond): void;
  /** What servers have said of their plugins so far: there is more of it. */
  declared?(told: readonly Declared[]): void;
  /** There are other charts from now on, and points hold other lines. */
  charts?(): void;
  /** A snapshot came in, of whatever second. */
  snapshot?(target: Target, taken: TakenSnapshot): void;
}

/** How the states of targets are told on the time axis, and which are trouble. */
const STATE_WORDS: Readonly<Record<TargetState, string>> = {
  connecting: "is connected to",
  live: "is live",
  silent: "is silent",
  ended: "ended in good order",
  down: "is down",
  "other version": "speaks another version",
  rubbish: "sends rubbish",
};

/** Everything that is watched: targets, their seconds, history and marks. Outputs watch it and never change it. */
export class MonitorCore {
  readonly history: History;
  readonly marks = new Marks();
  readonly #news = new PlaceNewsDesk();
  readonly #clock: Clock;
  readonly #world: TargetWorld;
  readonly #timeline = new Timeline();
  readonly #targets = new Map<string, { target: Target; ended: Promise<void> }>();
  readonly #watchers = new Set<Watcher>();
  /** Counters of targets that were taken off the list, and histograms of all time. */
  readonly #ofRemoved: Record<Role, Record<string, number>> = { server: {}, client: {}, gateway: {} };
  readonly #histograms: Record<Role, Record<string, Histogram>> = { server: {}, client: {}, gateway: {} };
  #lastShown: ShownSecond | undefined;
  /** Snapshots that fell in no second: too old, or of a clock far ahead. */
  misplaced = 0;

  readonly #declarations: Declarations;
  #table: ChartTable;

  /**
   * @param id under which targets know what this monitor had them do, which it marks itself
   * @param builtIn what plugins declare that come with this program, for servers that don't say themselves
   */
  constructor(world: TargetWorld, readonly id = "", builtIn: readonly Declared[] = []) {
    this.#world = world;
    this.#clock = world.clock;
    this.#declarations = new Declarations(builtIn);
    this.#table = chartTable(this.#declarations.all);
    this.history = new History(this.#table);
  }

  /** The charts that are shown: core's, and those of all plugins that are known. */
  get table(): ChartTable {
    return this.#table;
  }

  /** A server, or a record of one, says what its plugins want to be seen. */
  declare(declared: readonly Declared[]): void {
    if (!this.#declarations.add(declared)) return;
    for (const watcher of this.#watchers) watcher.declared?.(this.#declarations.told);
    const table = chartTable(this.#declarations.all);
    // Most servers say what comes with this program anyway.
    if (isDeepStrictEqual([table.charts, table.warnings], [this.#table.charts, this.#table.warnings])) return;
    this.#table = table;
    this.history.use(table);
    for (const watcher of this.#watchers) watcher.charts?.();
  }

  get targets(): readonly Target[] {
    return [...this.#targets.values()].map(({ target }) => target);
  }

  /** The latest second that was shown. */
  get lastShown(): ShownSecond | undefined {
    return this.#lastShown;
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Makes the list of targets what it should be now: new ones are subscribed to, others left. */
  setTargets(specs: readonly TargetSpec[]): void {
    const wanted = new Map(specs.map((spec) => [spec.url, spec]));
    for (const [url, { target }] of this.#targets) {
      if (wanted.has(url)) continue;
      target.stop();
      const role = target.last?.role;
      if (role !== undefined) addUp(this.#ofRemoved[role], target.totals());
      this.#targets.delete(url);
    }
    for (const spec of wanted.values()) if (!this.#targets.has(spec.url)) this.#add(spec, true);
  }

  /** Takes in a snapshot of a record, as if it came now. */
  replay(spec: TargetSpec, snapshot: Snapshot): void {
    const { target } = this.#targets.get(spec.url) ?? this.#add(spec, false);
    target.take(snapshot, ""); // a record isn't recorded again
  }

  /** Shows what is due. Called a few times a second. */
  tick(): void {
    const wallMs = this.#clock.wallMs();
    const alive = new Set<string>();
    for (const { target } of this.#targets.values()) {
      target.check();
      if (target.state === "live" || target.state === "silent") alive.add(target.spec.url);
    }
    for (const { kind, text } of this.#news.due(this.#clock.monotonicMs(), this.targets)) {
      this.mark(kind, text);
    }
    for (const shown of this.#timeline.due(alive, wallMs)) {
      if (!shown.isAmended) {
        this.#lastShown = shown;
        this.#countMissing(alive, shown);
      }
      const point = this.history.put(shown);
      for (const watcher of this.#watchers) watcher.second?.(point, shown);
    }
  }

  /** Every counter of a role since its processes were first seen, over all restarts. */
  totals(role: Role): Record<string, number> {
    const totals = { ...this.#ofRemoved[role] };
    for (const { target } of this.#targets.values()) {
      if (target.last?.role === role) addUp(totals, target.totals());
    }
    return totals;
  }

  /** The merged histogram of everything that was taken in. */
  histogram(role: Role, name: string): Histogram {
    return this.#histograms[role][name] ?? new Histogram();
  }

  /** Names of all histograms of a role. */
  histogramNames(role: Role): string[] {
    return Object.keys(this.#histograms[role]);
  }

  /** Adds a mark at the present time. */
  mark(kind: "phase" | "event" | "action" | "trouble", text: string, who?: string): void {
    this.marks.add({ atMs: this.#clock.wallMs(), kind, text, ...(who === undefined ? {} : { who }) });
  }

  /** Leaves all targets. */
  async stop(): Promise<void> {
    for (const { target } of this.#targets.values()) target.stop();
    await Promise.all([...this.#targets.values()].map(({ ended }) => ended));
  }

  #add(spec: TargetSpec, subscribes: boolean): { target: Target; ended: Promise<void> } {
    const target = new Target(spec, this.#world, {
      snapshot: (from, taken) => {
        this.#take(from, taken);
        if (subscribes) this.#markActions(from, taken.snapshot);
      },
      // A record has its own marks of what happened to targets then.
      state: (of, before) => subscribes && this.#told(of, before),
    });
    const entry = { target, ended: subscribes ? target.run() : Promise.resolve() };
    this.#targets.set(spec.url, entry);
    return entry;
  }

  #take(target: Target, taken: TakenSnapshot): void {
    const { snapshot, unseen } = taken;
    const placement = this.#timeline.add(target.spec.url, snapshot, this.#clock.wallMs(), unseen);
    if (placement === "late") {
      target.late++;
      if (target.missing > 0) target.missing--;
    }
    if (placement === "too old" || placement === "too far ahead") this.misplaced++;
    for (const name in snapshot.histograms) {
      (this.#histograms[snapshot.role][name] ??= new Histogram()).add(snapshot.histograms[name]);
    }
    for (const watcher of this.#watchers) watcher.snapshot?.(target, taken);
  }

  /** What operators did elsewhere, by another monitor or by hand. */
  #markActions({ spec }: Target, { actions = [] }: Snapshot): void {
    for (const { atMs, text, who, markedBy } of actions) {
      if (markedBy !== "" && markedBy === this.id) continue;
      this.marks.add({
        atMs,
        kind: "action",
        text: `${text} on ${spec.name}`,
        ...(who === "" ? {} : { who }),
      });
    }
  }

  #countMissing(alive: ReadonlySet<string>, { merged, reporting, expected }: ShownSecond): void {
    if (reporting >= expected) return;
    for (const url of alive) {
      if (this.#timeline.hasReported(url, merged.second)) continue;
      this.#targets.get(url)!.target.missing++;
    }
  }

  #told(target: Target, before: TargetState): void {
    // Coming up for the first time is no news.
    if (before === "connecting" && target.state === "live") return;
    if (target.state === "connecting") return;
    const isFine = target.state === "live" || target.state === "ended";
    const why = isFine || target.why === "" ? "" : `: ${target.why}`;
    const again = target.state === "live" ? " again" : "";
    const text = `${target.spec.name} ${STATE_WORDS[target.state]}${again}${why}`;
    // Many hosts of a cluster may be lost at once: that is told once.
    if (target.spec.cluster !== undefined) {
      return this.#news.add(target, text, !isFine, this.#clock.monotonicMs());
    }
    this.mark(isFine ? "event" : "trouble", text);
  }
}
