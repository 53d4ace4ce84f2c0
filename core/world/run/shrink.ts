import { drawWorld, type FaultWish, type WorldPlan, type WorldWish } from "../plan/world_plan.ts";
import type { InvariantName } from "../watch/invariant_names.ts";
import type { WorldResult } from "./run_world.ts";

/** Worlds that are tried at most: each is as large as the last one that failed, or smaller. */
const MAX_TRIES = 80;

/** Runs a world. */
export type Run = (plan: WorldPlan) => Promise<WorldResult>;

/** What was found. */
export interface Shrunk {
  readonly result: WorldResult;
  readonly tries: number;
}

/**
 * Looks for a smaller world of the same seed that breaks the same promise: without faults that don't matter, with fewer
 * hosts, shorter, and with fewer users.
 *
 * @param failed a world that broke a promise
 * @param onTry told of each try
 */
export async function shrink(
  failed: WorldResult,
  run: Run,
  onTry: (tries: number) => void = () => {},
): Promise<Shrunk> {
  const search = new Search(failed, run, onTry);
  for (let before = Infinity; search.size < before;) {
    before = search.size;
    await search.dropFaults();
    await search.lessen("hosts");
    await search.lessen("minutes");
    await search.lessen("users");
  }
  return { result: search.best, tries: search.tries };
}

class Search {
  best: WorldResult;
  tries = 0;
  readonly #run: Run;
  readonly #onTry: (tries: number) => void;
  readonly #invariant: InvariantName;

  constructor(failed: WorldResult, run: Run, onTry: (tries: number) => void) {
    this.best = failed;
    this.#run = run;
    this.#onTry = onTry;
    this.#invariant = failed.violations[0].invariant;
  }

  get size(): number {
    const { hosts, users, minutes, faults } = this.best.plan;
    return hosts * 1_000 + users + minutes * 100 + faults.length * 1_000;
  }

  /** Leaves faults out: all, then halves, then one after the other. */
  async dropFaults(): Promise<void> {
    for (let size = this.best.plan.faults.length; size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < this.best.plan.faults.length;) {
        const left = this.best.plan.faults.toSpliced(from, size);
        if (!await this.#isEnough({ faults: left })) from += size;
      }
    }
  }

  /** The least number that still fails, as far as tries show: first very few, then more. */
  async lessen(what: "hosts" | "minutes" | "users"): Promise<void> {
    const now = this.best.plan[what];
    const least = what === "users" ? this.best.plan.hosts : 1;
    for (let tried = least; tried < now; tried = what === "users" ? tried * 2 : tried + 1) {
      if (await this.#isEnough({ [what]: tried })) return;
    }
  }

  async #isEnough(
    less: Partial<Pick<WorldWish, "hosts" | "minutes" | "users">> & { faults?: readonly FaultWish[] },
  ) {
    if (this.tries >= MAX_TRIES) return false;
    this.#onTry(++this.tries);
    const { seed, hosts, users, minutes, faults } = this.best.plan;
    const result = await this.#run(drawWorld({ seed, hosts, users, minutes, faults, ...less }));
    if (result.violations[0]?.invariant !== this.#invariant) return false;
    this.best = result;
    return true;
  }
}
