import { type CoverageFile, Coverer, type FileCoverage, MutantNames } from "./coverage.ts";
import type { ImportGraph } from "./knowing.ts";
import type { Judged, Mutant } from "./mutant.ts";
import { TesterGone, TesterProcess } from "./tester_process.ts";
import type { TestOrder, Verdict } from "./tester.ts";
import { type WholeFile, WholeFiles } from "./whole_files.ts";

/** So long may the tests of a mutant wait for something that never comes, and so many times as long as without it. */
const WAIT_MS = 10_000;
const TIME_FACTOR = 5;
/** A process that hasn't loaded a file yet does it then. */
const LOAD_MS = 10_000;
/** Tests that are asked for at once take about so long. */
const PIECE_MS = 500;

interface Test extends TestOrder {
  readonly name: string;
  readonly tookMs: number;
}

export interface TrialParts {
  /** The instrumented tree, its mutants and the tester in it. */
  readonly root: string;
  readonly mutants: readonly Mutant[];
  readonly tester: string;
  readonly imports: ImportGraph;
  readonly kept: CoverageFile;
  readonly nowMs: () => number;
  /** The tests that are asked about one mutant, the quickest first, come to at most so long. */
  readonly testsMs: number;
  /** Tests that don't pass as they are, and why: they say nothing of a mutant. */
  readonly onUnfit?: ((test: string, why: string) => void) | undefined;
}

/** The tests of an instrumented tree: which mutants each reaches, and what they say of one. */
export class Trial {
  readonly #parts: TrialParts;
  readonly #names: MutantNames;
  readonly #whole: WholeFiles;
  /** By mutant: the tests that reach it, the quickest first. */
  readonly #reaching = new Map<number, Test[]>();
  /** By source: the tests that reach anything of it. */
  readonly #ofSource = new Map<string, Set<Test>>();
  readonly #wholeReaching = new Map<number, WholeFile[]>();
  readonly #atLoad = new Set<number>();
  readonly #idle: TesterProcess[] = [];

  constructor(parts: TrialParts) {
    this.#parts = parts;
    this.#names = new MutantNames(parts.mutants);
    this.#whole = new WholeFiles(parts.root, this.#names);
  }

  /**
   * Runs files of tests once as they are; those of which an earlier run knows what they reach are left out.
   *
   * @returns how many were left when time was over
   */
  async cover(files: readonly string[], jobs: number, isOver: () => boolean): Promise<number> {
    const { root, tester, kept, imports } = this.#parts;
    const { version } = this.#names;
    const open = files.map((file) => ({ file, key: `${version} ${file} ${imports.hash(file)}` }));
    const work = async () => {
      const coverer = new Coverer(root, tester, this.#names);
      for (let next = open.shift(); next !== undefined; next = open.shift()) {
        let found = kept.get<FileCoverage>(next.key);
        if (found === undefined) {
          if (isOver()) {
            open.push(next);
            break;
          }
          kept.set(next.key, found = await coverer.cover(next.file));
        }
        this.#take(found);
      }
      await coverer.end();
    };
    await Promise.all(Array.from({ length: jobs }, work));
    for (const tests of this.#reaching.values()) tests.sort(byTime);
    return open.length;
  }

  /** The same for files whose tests start processes or threads. */
  async coverWhole(files: readonly string[], isOver: () => boolean): Promise<number> {
    const { kept, imports, nowMs } = this.#parts;
    const { version, sources } = this.#names;
    for (const [i, file] of files.entries()) {
      // It starts whatever it likes.
      const key = `whole ${version} ${file} ${imports.hash(file, ...sources)}`;
      let found = kept.get<WholeFile>(key);
      if (found === undefined) {
        if (isOver()) return files.length - i;
        kept.set(key, found = await this.#whole.cover(file, nowMs));
      }
      this.#takeWhole(found);
    }
    for (const found of this.#wholeReaching.values()) found.sort(byTime);
    return 0;
  }

  /** What the tests say of a mutant. Several may be asked about at once. */
  async judge(mutant: Mutant): Promise<Judged> {
    const judged = await this.#judgeLater(mutant);
    // What is reached while the tests are loaded must be on from the start; that takes a process for each.
    return isNoticed(judged) || !this.#atLoad.has(mutant.id) ? judged : await this.#judgeFromStart(mutant);
  }

  /** The same by tests that start processes and threads: the dearest, so they come last. */
  async judgeWhole(mutant: Mutant, before: Judged["outcome"]): Promise<Judged> {
    const files = this.#wholeReaching.get(mutant.id) ?? [];
    for (const file of files) {
      const said = await this.#whole.judge(mutant.id, file);
      if (said !== "passed") return { mutant, outcome: said === "stuck" ? "stuck" : "killed", by: file.file };
    }
    return { mutant, outcome: files.length === 0 ? before : "survived" };
  }

  async end(): Promise<void> {
    for (const tester of this.#idle.splice(0)) await tester.end();
  }

  #take({ file, tests, atLoad, failure }: FileCoverage): void {
    if (failure !== undefined) this.#parts.onUnfit?.(file, failure);
    for (const id of this.#names.ids(atLoad)) this.#atLoad.add(id);
    for (const [i, { name, steps, tookMs, reached, failure, startsProcess }] of tests.entries()) {
      if (failure !== undefined) {
        if (!startsProcess) this.#parts.onUnfit?.(`${file}: ${name}`, failure);
        continue;
      }
      const test = { file, test: i, steps, name, tookMs };
      for (const id of this.#names.ids(reached)) add(this.#reaching, id, test);
      for (const source of Object.keys(reached)) {
        this.#ofSource.set(source, (this.#ofSource.get(source) ?? new Set()).add(test));
      }
    }
  }

  #takeWhole(found: WholeFile): void {
    if (found.failure !== undefined) this.#parts.onUnfit?.(`${found.file} as a whole`, found.failure);
    else for (const id of this.#names.ids(found.reached)) add(this.#wholeReaching, id, found);
  }

  /** In a process that has loaded everything without it. */
  async #judgeLater(mutant: Mutant): Promise<Judged> {
    const tests = this.#within(this.#reaching.get(mutant.id) ?? []);
    if (tests.length === 0) return { mutant, outcome: "unreached" };
    const tester = this.#idle.pop() ?? this.#start(-1);
    try {
      const { verdict, by } = await this.#ask(tester, mutant, tests);
      if (verdict.isSpoilt) {
        // What is left behind by one mutant must not kill the next: asked again, of a fresh process.
        await tester.end();
        return await this.#judgeFromStart(mutant, [by!]);
      }
      this.#idle.push(tester);
      return judgedBy(mutant, by, verdict);
    } catch (error) {
      await tester.end();
      if (!(error instanceof TesterGone)) throw error;
      return { mutant, outcome: "stuck" };
    }
  }

  /** In a process of its own, in which the mutant is on from the first line. */
  async #judgeFromStart(mutant: Mutant, only?: readonly Test[]): Promise<Judged> {
    const tests = only ?? this.#within([...this.#ofSource.get(mutant.file) ?? []].sort(byTime));
    if (tests.length === 0) return { mutant, outcome: "unreached" };
    const tester = this.#start(mutant.id);
    try {
      const { verdict, by } = await this.#ask(tester, mutant, tests);
      if (by === undefined && only !== undefined) return await this.#judgeFromStart(mutant);
      return judgedBy(mutant, by, verdict);
    } catch (error) {
      if (!(error instanceof TesterGone)) throw error;
      return { mutant, outcome: "killed", by: "nothing can be loaded with it, or its process ends" };
    } finally {
      await tester.end();
    }
  }

  /** Piece by piece, so that a test which waits for ever is ended by its own time, and not by that of all. */
  async #ask(
    tester: TesterProcess,
    mutant: Mutant,
    tests: readonly Test[],
  ): Promise<{ verdict: Verdict; by: Test | undefined }> {
    let verdict: Verdict = { failed: -1, isStuck: false, isSpoilt: false };
    for (let from = 0, to = 0; from < tests.length; from = to) {
      for (let ms = 0; to < tests.length && ms < PIECE_MS; to++) ms += tests[to].tookMs;
      const piece = tests.slice(from, to);
      verdict = await tester.judge(mutant.id, piece.map(orderOf), mostMs(piece));
      if (verdict.failed >= 0) return { verdict, by: piece[verdict.failed] };
    }
    return { verdict, by: undefined };
  }

  /** The quickest ones, and one at least. */
  #within(tests: readonly Test[]): readonly Test[] {
    let ms = 0;
    return tests.filter(({ tookMs }, i) => (ms += tookMs) <= this.#parts.testsMs || i === 0);
  }

  #start(mutant: number): TesterProcess {
    return new TesterProcess(this.#parts.root, this.#parts.tester, mutant);
  }
}

function isNoticed({ outcome }: Judged): boolean {
  return outcome === "killed" || outcome === "stuck";
}

function judgedBy(mutant: Mutant, test: Test | undefined, { isStuck }: Verdict): Judged {
  if (test === undefined) return { mutant, outcome: "survived" };
  return { mutant, outcome: isStuck ? "stuck" : "killed", by: `${test.file}: ${test.name}` };
}

function orderOf({ file, test, steps }: Test): TestOrder {
  return { file, test, steps };
}

function byTime(a: { tookMs: number }, b: { tookMs: number }): number {
  return a.tookMs - b.tookMs;
}

/** @param tests the time to load their files comes on top */
function mostMs(tests: readonly Test[]): number {
  return LOAD_MS + WAIT_MS + tests.reduce((sum, { tookMs }) => sum + tookMs, 0) * TIME_FACTOR;
}

function add<T>(lists: Map<number, T[]>, id: number, one: T): void {
  const list = lists.get(id);
  if (list === undefined) lists.set(id, [one]);
  else list.push(one);
}
