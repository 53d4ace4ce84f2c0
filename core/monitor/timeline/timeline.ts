import type { Snapshot } from "../../counters/series.ts";
import { MergedSecond } from "./merge.ts";

/** How long after a second's end its snapshots may come before it is shown without them, in ms. */
export const GRACE_MS = 1_500;
/** How long a second that was shown may still be amended by late snapshots, in seconds. */
export const AMEND_S = 120;
/** How far ahead of this clock a target's may run. */
export const AHEAD_S = 30;

/** A second that is ready to be shown, or to be shown again. */
export interface ShownSecond {
  readonly merged: MergedSecond;
  /** Targets that have told of it. */
  readonly reporting: number;
  /** Targets that were alive when it was first shown, so should have. */
  readonly expected: number;
  /** It was shown before, with less in it. */
  readonly isAmended: boolean;
}

interface OpenSecond {
  readonly merged: MergedSecond;
  readonly reported: Set<string>;
  expected: number;
  isShown: boolean;
  isDirty: boolean;
}

export type Placement = "in time" | "late" | "too old" | "too far ahead";

/**
 * Puts the snapshots of all targets into seconds of the wall clock. A second is shown once everybody who should tell of
 * it has, or when the grace is over; what comes later amends it. Seconds are shown in order, and none is left out, so
 * that a gap is seen as one.
 */
export class Timeline {
  readonly #open = new Map<number, OpenSecond>();
  #lastShown = 0;

  /** The latest second that was shown; 0 before the first. */
  get lastShown(): number {
    return this.#lastShown;
  }

  /** Adds a target's snapshot. Whether it is a repeat is for the caller to know. */
  add(
    target: string,
    snapshot: Snapshot,
    wallMs: number,
    unseen: Readonly<Record<string, number>> = {},
  ): Placement {
    const { second } = snapshot;
    const present = Math.floor(wallMs / 1000);
    if (second > present + AHEAD_S) return "too far ahead";
    if (second < present - AMEND_S) return "too old";
    let open = this.#open.get(second);
    if (open === undefined) {
      // Before the first second that was shown nothing is: history starts there.
      const isShown = second <= this.#lastShown;
      open = { merged: new MergedSecond(second), reported: new Set(), expected: 0, isShown, isDirty: false };
      this.#open.set(second, open);
    }
    open.merged.add(snapshot, target, unseen);
    open.reported.add(target);
    if (!open.isShown) return "in time";
    open.isDirty = true;
    return "late";
  }

  /**
   * Returns what is to be shown now, oldest first.
   *
   * @param alive names of the targets that are expected to tell of every second
   */
  due(alive: ReadonlySet<string>, wallMs: number): ShownSecond[] {
    const shown: ShownSecond[] = [];
    for (const open of this.#open.values()) {
      if (!open.isDirty) continue;
      open.isDirty = false;
      shown.push(view(open, true));
    }
    shown.sort((a, b) => a.merged.second - b.merged.second);
    const lastEnded = Math.floor(wallMs / 1000) - 1;
    if (this.#lastShown === 0 || this.#lastShown < lastEnded - AMEND_S) {
      // At the start, and after this process slept for long: from the oldest that is there.
      const oldest = Math.min(...[...this.#open].filter(([, { isShown }]) => !isShown).map(([at]) => at));
      if (oldest === Infinity) return shown;
      this.#lastShown = oldest - 1;
    }
    while (this.#lastShown < lastEnded) {
      const second = this.#lastShown + 1;
      const open = this.#open.get(second);
      const isComplete = open !== undefined && isSuperset(open.reported, alive);
      if (!isComplete && wallMs < (second + 1) * 1000 + GRACE_MS) break;
      const next = open ?? this.#empty(second);
      next.isShown = true;
      next.isDirty = false;
      next.expected = new Set([...alive, ...next.reported]).size;
      shown.push(view(next, false));
      this.#lastShown = second;
    }
    this.#forget(lastEnded);
    return shown;
  }

  /** Whether a target has told of a second that is still kept. */
  hasReported(target: string, second: number): boolean {
    return this.#open.get(second)?.reported.has(target) ?? false;
  }

  #empty(second: number): OpenSecond {
    const merged = new MergedSecond(second);
    const open = { merged, reported: new Set<string>(), expected: 0, isShown: false, isDirty: false };
    this.#open.set(second, open);
    return open;
  }

  #forget(lastEnded: number): void {
    for (const second of this.#open.keys()) if (second < lastEnded - AMEND_S) this.#open.delete(second);
  }
}

function view({ merged, reported, expected }: OpenSecond, isAmended: boolean): ShownSecond {
  return { merged, reporting: reported.size, expected: Math.max(expected, reported.size), isAmended };
}

function isSuperset(all: ReadonlySet<string>, part: ReadonlySet<string>): boolean {
  for (const item of part) if (!all.has(item)) return false;
  return true;
}
