import type { PluginMeasure } from "../charts/measure.ts";
import type { TargetWorld } from "../monitor/collect/read_events.ts";
import { Target, type TargetState } from "../monitor/collect/target.ts";
import type { TargetSpec } from "../monitor/collect/target_list.ts";
import { type Check, check } from "../report/data/check.ts";
import { type Bound, checkThresholds } from "../rehearse/measure/check_thresholds.ts";
import {
  type Measure,
  MEASURES,
  type MeasureSpec,
  type PhaseResult,
  phaseResult,
} from "../rehearse/measure/measures.ts";
import { Window } from "./watched.ts";

/** Seconds after which what a process tells of a second has come, or won't. */
const GRACE_S = 3;
/** Clocks that are off by less count as right: the way of a snapshot is in it too. */
const MOST_SKEW_MS = 700;

export interface JudgeOptions {
  readonly targets: readonly TargetSpec[];
  readonly thresholds: Readonly<Record<string, Bound>>;
  /** Of plugins, besides those of core. */
  readonly measures: Readonly<Record<string, PluginMeasure>>;
  /** How many windows there are, and how long each is, in seconds. */
  readonly windows: number;
  readonly windowS: number;
  /** No window begins after one that doesn't meet its thresholds. */
  readonly isAborting: boolean;
}

/** What a window came to. */
export interface JudgedWindow {
  readonly result: PhaseResult;
  readonly checks: readonly Check[];
}

/** Watches processes that somebody else runs, window by window, and holds what they do against thresholds. */
export class Judge {
  readonly windows: JudgedWindow[] = [];
  readonly #options: JudgeOptions;
  readonly #world: TargetWorld;
  readonly #targets: readonly Target[];
  #open: Window[] = [];

  constructor(options: JudgeOptions, world: TargetWorld) {
    this.#options = options;
    this.#world = world;
    this.#targets = options.targets.map((spec) =>
      new Target(spec, world, {
        snapshot: (target, { snapshot }) => {
          const skewMs = snapshot.readAtMs - world.clock.wallMs();
          const skewS = Math.abs(skewMs) < MOST_SKEW_MS ? 0 : Math.round(skewMs / 1_000);
          for (const window of this.#open) window.add(target.spec.name, snapshot.second - skewS, snapshot);
        },
        state: () => {},
      })
    );
  }

  /** What can't be watched, and why; empty if everything is live. */
  notLive(): { readonly name: string; readonly state: TargetState; readonly why: string }[] {
    return this.#targets.filter(({ state }) => state !== "live")
      .map(({ spec: { name }, state, why }) => ({ name, state, why }));
  }

  /** Connects, and goes on until `stop`. */
  watch(): { readonly ended: Promise<unknown>; stop(): void } {
    const ended = Promise.all(this.#targets.map((target) => target.run()));
    return { ended, stop: () => this.#targets.forEach((target) => target.stop()) };
  }

  /**
   * Judges one window after the other. They follow each other without a gap, but for `isAborting`.
   *
   * @param wait for so many ms; returns false if it is to end before its time
   * @param onWindow told of each as it is judged
   */
  async run(wait: (ms: number) => Promise<boolean>, onWindow: (window: JudgedWindow) => void): Promise<void> {
    const { windows, windowS, isAborting } = this.#options;
    const begin = Math.floor(this.#world.clock.wallMs() / 1_000) + 1;
    for (let i = 0; i < windows; i++) {
      const first = begin + i * windowS;
      if (i === 0) this.#open = [new Window(first, first + windowS - 1)];
      const [window] = this.#open;
      // The next one begins before what the last second of this one was has come.
      if (i + 1 < windows) this.#open.push(new Window(first + windowS, first + 2 * windowS - 1));
      const untilMs = (window.last + 1 + GRACE_S) * 1_000 - this.#world.clock.wallMs();
      if (!await wait(Math.max(0, untilMs))) return;
      this.#open.shift();
      const judged = this.#judge(window, i);
      this.windows.push(judged);
      onWindow(judged);
      if (isAborting && judged.checks.some(({ met }) => !met)) return;
    }
  }

  #judge(window: Window, index: number): JudgedWindow {
    const { thresholds, measures, windows } = this.#options;
    const { before, after } = window.readings();
    const name = windows === 1 ? "all" : `window_${index + 1}`;
    const result = phaseResult(name, window.seconds, before, after, null, measures);
    const first = this.windows[0]?.result ?? result;
    const checks = checkThresholds([{ name, thresholds }], [first, result]).map((each) =>
      this.#withoutGuess(each, window)
    );
    return { result, checks: [...this.#missing(window, name), ...checks] };
  }

  /** A side that told nothing has no value: its zeros would meet many a threshold. */
  #withoutGuess(each: Check, window: Window): Check {
    const spec: MeasureSpec | undefined = Object.hasOwn(MEASURES, each.measure)
      ? MEASURES[each.measure as Measure]
      : undefined;
    const needs = spec === undefined
      ? ["server", "client"] as const
      : [spec.isOfServer ? "server" as const : "client" as const];
    const lacking = needs.filter((side) => !window.hasToldOf(side));
    if (lacking.length === 0) return each;
    const note = `no ${
      lacking.map((side) => side === "client" ? "fleet" : "server").join(" and no ")
    } told anything`;
    const { measure, phase, unit, atLeast, atMost } = each;
    const bounds = {
      ...(atLeast === undefined ? {} : { atLeast }),
      ...(atMost === undefined ? {} : { atMost }),
    };
    return check({ measure, phase, unit, note }, NaN, bounds);
  }

  /** A verdict over seconds that nobody saw would be a guess. */
  #missing(window: Window, phase: string): Check[] {
    return this.#targets.filter(({ spec }) => window.missing(spec.name) > 0).map((
      { spec: { name }, state, why },
    ) =>
      check(
        {
          ...{ measure: "secondsMissing", of: name, phase, unit: "count" },
          note: why === "" ? `it is ${state}` : `it is ${state}: ${why}`,
        },
        window.missing(name),
        { atMost: 0 },
      )
    );
  }
}
