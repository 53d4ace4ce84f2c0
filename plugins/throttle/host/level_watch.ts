import { LEVEL_NAMES } from "../common/levels.ts";

/** What the SETs of a host do at a moment. */
export interface ShedState {
  /** The highest level of any SET, and how many SETs are above level 0. */
  readonly level: number;
  readonly sets: number;
  /** The least level, which an operator wants. */
  readonly wanted: number;
  /** Frames dropped without an answer since the start. */
  readonly dropped: number;
}

type Tell = (event: string, fields: Record<string, unknown>, level: "info" | "warn") => void;

/** Says when SETs shed more or less by what they measured: an operator's own level is told of where they set it. */
export class LevelWatch {
  readonly #tell: Tell;
  /** The highest since the host shed nothing of itself, and what had been dropped before. */
  #most = 0;
  #since: { readonly nowMs: number; readonly dropped: number } | undefined;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** Looks at the present state; called several times a second. */
  look({ level, sets, wanted, dropped }: ShedState, nowMs: number): void {
    if (level <= wanted) return this.#end(dropped, nowMs);
    this.#since ??= { nowMs, dropped };
    // Up and down below the highest is no news: a line for each would be a flood in the worst moment.
    if (level <= this.#most) return;
    this.#most = level;
    this.#tell("level measured", {
      shedLevel: level,
      meaning: LEVEL_NAMES[level],
      sets,
      why: "frames wait too long in the kernel",
    }, "warn");
  }

  #end(dropped: number, nowMs: number): void {
    if (this.#since === undefined) return;
    this.#tell("level normal again", {
      mostLevel: this.#most,
      afterMs: Math.round(nowMs - this.#since.nowMs),
      dropped: dropped - this.#since.dropped,
    }, "info");
    this.#since = undefined;
    this.#most = 0;
  }
}
