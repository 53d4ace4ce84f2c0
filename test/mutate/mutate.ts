import { Random } from "../../core/base/random.ts";
import { CoverageFile } from "./coverage.ts";
import { ImportGraph } from "./knowing.ts";
import { type Judged, keyOf, type Mutant } from "./mutant.ts";
import type { Place } from "./places.ts";
import { MutatedTree } from "./tree.ts";
import { Trial } from "./trial.ts";

export interface MutateOptions {
  /** The tree, and the folder of this tool in it. */
  readonly root: string;
  readonly tool: string;
  /** Sources that hold mutants, and the places of which some are tried. */
  readonly sources: readonly string[];
  readonly places: readonly Place[];
  /** Files of tests: those that import a source that is tried take part. */
  readonly tests: readonly string[];
  /** Files whose tests start processes; if given they are asked, about those mutants alone that the others don't notice. */
  readonly wholeTests?: readonly string[] | undefined;
  /** How many mutants of each place are tried, drawn by `seed`; `Infinity` for all. */
  readonly sample: number;
  readonly seed: number;
  readonly jobs: number;
  readonly nowMs: () => number;
  /** The tests that are asked about one mutant, the quickest first, come to at most so long. */
  readonly testsMs: number;
  /** Nothing new is begun once it says so. */
  readonly isOver?: () => boolean;
  /** Where the copy of the tree and what tests reach are kept for the next run. */
  readonly keptIn?: string | undefined;
  /** What an earlier run said, by key. */
  readonly known?: ReadonlyMap<string, Omit<Judged, "mutant">>;
  readonly onJudged?: (key: string, judged: Judged, done: number, inAll: number) => void;
  readonly onUnfit?: (test: string, why: string) => void;
}

export interface Mutated {
  readonly mutants: readonly Mutant[];
  readonly judged: readonly Judged[];
  /** Files of tests of which nobody knows yet what they reach, and mutants that weren't tried, since time was over. */
  readonly filesLeft: number;
  readonly mutantsLeft: number;
}

/** Tries mutants, and says which of them no test notices. */
export async function mutate(options: MutateOptions): Promise<Mutated> {
  const {
    root,
    tool,
    sources,
    places,
    tests,
    wholeTests,
    sample,
    seed,
    jobs,
    nowMs,
    testsMs,
    known,
    keptIn,
  } = options;
  const { isOver = () => false, onJudged, onUnfit } = options;
  using tree = new MutatedTree(root, sources, `${tool}/mutant_switch.ts`, keptIn && `${keptIn}/tree`);
  const { mutants } = tree;
  const inPlaces = places.map(({ sources }) => mutants.filter(({ file }) => sources.includes(file)));
  const chosen = alternating(inPlaces.map((own) => draw(own, sample, seed)));
  const keys = keysOf(mutants);
  const judged: Judged[] = [];
  const open: { readonly mutant: Mutant; readonly before: Judged["outcome"] }[] = [];
  for (const mutant of chosen) {
    const before = known?.get(keys[mutant.id]);
    const isNoticed = before?.outcome === "killed" || before?.outcome === "stuck";
    const isOpen = wholeTests === undefined ? before === undefined : before !== undefined && !isNoticed;
    if (isOpen) open.push({ mutant, before: before?.outcome ?? "unreached" });
    else if (before !== undefined) judged.push({ mutant, ...before });
  }
  let filesLeft = 0;
  if (open.length > 0) {
    const imports = new ImportGraph(root);
    const kept = new CoverageFile(keptIn && `${keptIn}/coverage.jsonl`);
    const tester = `${tool}/tester.ts`;
    const trial = new Trial({ root: tree.root, tester, mutants, imports, kept, nowMs, testsMs, onUnfit });
    if (wholeTests !== undefined) filesLeft = await trial.coverWhole(wholeTests, isOver);
    else {
      const touched = new Set(open.map(({ mutant }) => mutant.file));
      const knowing = tests.filter((test) => [...imports.closure(test)].some((file) => touched.has(file)));
      filesLeft = await trial.cover(knowing, jobs, isOver);
    }
    const work = async () => {
      while (filesLeft === 0 && !isOver()) {
        const next = open.shift();
        if (next === undefined) return;
        const { mutant, before } = next;
        const one = wholeTests === undefined
          ? await trial.judge(mutant)
          : await trial.judgeWhole(mutant, before);
        judged.push(one);
        onJudged?.(keys[mutant.id], one, judged.length, chosen.length);
      }
    };
    await Promise.all(Array.from({ length: jobs }, work));
    await trial.end();
  }
  judged.sort((a, b) => a.mutant.id - b.mutant.id);
  return { mutants, judged, filesLeft, mutantsLeft: open.length };
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

/** One of each list in turn. */
function alternating<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}
