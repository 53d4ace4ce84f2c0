import type { Layout } from "../../seed/plan/layout.ts";
import type { Plan } from "../../seed/plan/plan_schema.ts";
import { ShakeCurve } from "./shake_curve.ts";

/** What a replay plays: plain values, which go to each of its threads whole. */
export interface ReplaySettings {
  readonly plan: Plan;
  /** The first of the plan's hosts are played, each with its own part of everything. */
  readonly hosts: number;
  /** Of all hosts of the plan. */
  readonly shakes: number;
  readonly peakPerS: number;
  readonly users: number;
  readonly shakesPerVisit: number;
  readonly seats: number;
  readonly capacityPerS: number;
  readonly seed: number;
  /** Names and configs of the plugins. */
  readonly plugins: readonly string[];
  readonly configs: Readonly<Record<string, unknown>>;
}

/** Of the shakes, those that come between the waves. */
const IDLE_PART = 0.1;
/** What is played after the end of the last wave, so that what waits is answered. */
const TAIL_S = 60;

/** The evening of a plan: when it begins, how long it is, and when people shake. */
export class Evening {
  readonly startWallMs: number;
  readonly lengthS: number;
  readonly curve: ShakeCurve;
  readonly #waves: readonly { readonly startS: number; readonly lengthS: number }[];
  readonly #hostsUpTo: readonly number[];
  readonly #shakes: number;

  constructor({ plan, shakes, peakPerS }: ReplaySettings, layout: Layout) {
    this.startWallMs = Math.min(...plan.waves.map(({ start }) => start));
    const waves = plan.waves.map(({ start, lengthS, share }) => ({
      startS: (start - this.startWallMs) / 1000,
      lengthS,
      share,
    }));
    const endS = Math.max(...waves.map(({ startS, lengthS }) => startS + lengthS));
    this.#waves = waves;
    this.lengthS = endS + TAIL_S;
    this.curve = new ShakeCurve({ shakes, peakPerS, idlePart: IDLE_PART, waves, lengthS: endS });
    this.#shakes = shakes;
    let sum = 0;
    this.#hostsUpTo = [0, ...layout.hosts.map(({ weight }) => sum += weight)];
  }

  get minutes(): number {
    return Math.ceil(this.lengthS / 60);
  }

  /** Whether no wave plays between two times in ms. */
  isQuiet(fromMs: number, toMs: number): boolean {
    return this.#waves.every(({ startS, lengthS }) =>
      startS * 1000 >= toMs || (startS + lengthS) * 1000 <= fromMs
    );
  }

  /** Shakes of all hosts before this one. */
  shakesUpTo(host: number): number {
    return Math.floor(this.#shakes * this.#hostsUpTo[host] / this.#hostsUpTo[this.#hostsUpTo.length - 1]);
  }

  shakesOf(host: number): number {
    return this.shakesUpTo(host + 1) - this.shakesUpTo(host);
  }
}
