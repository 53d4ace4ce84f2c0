import { Random } from "../../core/base/random.ts";
import { type Judged, keyOf, type Mutant } from "./mutant.ts";
import { MutatedTree } from "./tree.ts";
import { Trial } from "./trial.ts";

export interface MutateOptions {
  /** The tree, and the folder of this tool in it. */
  readonly root: string;
  readonly tool: string;
  readonly sources: readonly string[];
  readonly tests: readonly string[];
  /** How many mutants are tried, drawn by `seed`; `Infinity` for all. */
  readonly sample: number;
  readonly seed: number;
  readonly jobs: number;
  readonly nowMs: () => number;
  /** What an earlier run said, by key. */
  readonly known?: ReadonlyMap<string, Omit<Judged, "mutant">>;
  readonly onJudged?: (key: string, judged: Judged, done: number, inAll: number) => void;
  readonly onUnfit?: (test: string, why: string) => void;
}

export interface Mutated {
  readonly found: number;
  readonly judged: readonly Judged[];
}

/** Tries mutants, and says which of them no test notices. */
export async function mutate(options: MutateOptions): Promise<Mutated> {
  const { root, tool, sources, tests, sample, seed, jobs, nowMs, known, onJudged, onUnfit } = options;
  using tree = new MutatedTree(root, sources, `${tool}/mutant_switch.ts`);
  const { mutants } = tree;
  const keys = keysOf(mutants);
  const chosen = draw(mutants, sample, seed);
  const judged: Judged[] = [];
  const open: Mutant[] = [];
  for (const mutant of chosen) {
    const before = known?.get(keys[mutant.id]);
    if (before === undefined) open.push(mutant);
    else judged.push({ mutant, ...before });
  }
  if (open.length > 0) {
    const trial = new Trial({
      root: tree.root,
      tester: `${tool}/tester.ts`,
      tests,
      mutants,
      nowMs,
      ...(onUnfit === undefined ? {} : { onUnfit }),
    });
    await trial.cover();
    const work = async () => {
      for (let mutant = open.shift(); mutant !== undefined; mutant = open.shift()) {
        const one = await trial.judge(mutant);
        judged.push(one);
        onJudged?.(keys[mutant.id], one, judged.length, chosen.length);
      }
    };
    await Promise.all(Array.from({ length: jobs }, work));
    await trial.end();
  }
  judged.sort((a, b) => a.mutant.id - b.mutant.id);
  return { found: mutants.length, judged };
}

/** Mutants of the same change in one line are told apart by their order. */
function keysOf(mutants: readonly Mutant[]): string[] {
  const seen = new Map<string, number>();
  return mutants.map((mutant) => {
    const same = keyOf(mutant, 0);
    const place = seen.get(same) ?? 0;
    seen.set(same, place + 1);
    return keyOf(mutant, place);
  });
}

/** So many of them by chance, in a random order, so that a run that is ended early is a sample too. */
function draw(mutants: readonly Mutant[], sample: number, seed: number): Mutant[] {
  const random = new Random(seed);
  const all = [...mutants];
  const count = Math.min(sample, all.length);
  for (let i = 0; i < count; i++) {
    const other = i + random.below(all.length - i);
    [all[i], all[other]] = [all[other], all[i]];
  }
  return all.slice(0, count);
}
