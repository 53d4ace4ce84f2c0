import type { Judged, Mutant } from "./mutant.ts";
import { TesterGone, TesterProcess } from "./tester_process.ts";
import type { Loaded, Verdict } from "./tester.ts";

const LOAD_MS = 120_000;
const COVER_MS = 300_000;
/** So long may the tests of a mutant wait for something that never comes, and so many times as long as without it. */
const WAIT_MS = 10_000;
const TIME_FACTOR = 5;
/** Tests that are asked for at once take about so long. */
const PIECE_MS = 500;

interface Test {
  readonly file: string;
  readonly name: string;
  readonly steps: number;
  readonly tookMs: number;
}

export interface TrialParts {
  readonly root: string;
  /** The tester, in the tree. */
  readonly tester: string;
  readonly tests: readonly string[];
  readonly mutants: readonly Mutant[];
  readonly nowMs: () => number;
  /** Test files that don't pass as they are, and why: they say nothing of a mutant. */
  readonly onUnfit?: (test: string, why: string) => void;
}

/** The tests of an instrumented tree: which mutants each reaches, and what they say of one. */
export class Trial {
  readonly #parts: TrialParts;
  readonly #byId: ReadonlyMap<number, Mutant>;
  #tests: Test[] = [];
  /** By mutant: the tests that reach it, the quickest first. */
  readonly #reaching = new Map<number, number[]>();
  /** By file: the tests that reach anything of it. */
  readonly #ofFile = new Map<string, Set<number>>();
  #atLoad: ReadonlySet<number> = new Set();
  readonly #idle: TesterProcess[] = [];

  constructor(parts: TrialParts) {
    this.#parts = parts;
    this.#byId = new Map(parts.mutants.map((mutant) => [mutant.id, mutant]));
  }

  get testCount(): number {
    return this.#tests.length;
  }

  /** Runs every test once as it is. */
  async cover(): Promise<void> {
    const { nowMs, onUnfit } = this.#parts;
    const { tester, loaded } = await this.#start(-1);
    this.#atLoad = new Set(loaded.atLoad);
    for (const [i, { file, name }] of loaded.tests.entries()) {
      const startMs = nowMs();
      const { failure, steps, reached } = await tester.cover(i, COVER_MS);
      this.#tests.push({ file, name, steps, tookMs: nowMs() - startMs });
      if (failure !== undefined) {
        onUnfit?.(`${file}: ${name}`, failure);
        continue;
      }
      for (const mutant of reached) this.#note(mutant, i);
    }
    for (const tests of this.#reaching.values()) {
      tests.sort((a, b) => this.#tests[a].tookMs - this.#tests[b].tookMs);
    }
    this.#idle.push(tester);
  }

  /** What the tests say of a mutant. Several may be asked about at once. */
  async judge(mutant: Mutant): Promise<Judged> {
    const judged = await this.#judgeLater(mutant);
    const isNoticed = judged.outcome === "killed" || judged.outcome === "stuck";
    // What is reached while the tests are loaded must be on from the start; that takes a process for each.
    return isNoticed || !this.#atLoad.has(mutant.id) ? judged : await this.#judgeFromStart(mutant);
  }

  async end(): Promise<void> {
    for (const tester of this.#idle.splice(0)) await tester.end();
  }

  /** In a process that has loaded everything without it. */
  async #judgeLater(mutant: Mutant): Promise<Judged> {
    const tests = this.#reaching.get(mutant.id) ?? [];
    if (tests.length === 0) return { mutant, outcome: "unreached" };
    for (;;) {
      const tester = this.#idle.pop() ?? (await this.#start(-1)).tester;
      try {
        const verdict = await this.#ask(tester, mutant, tests);
        if (verdict.isSpoilt) {
          // What is left behind by one mutant must not kill the next: asked again, of a fresh process.
          await tester.end();
          return await this.#judgeFromStart(mutant, [verdict.failed]);
        }
        this.#idle.push(tester);
        return this.#judged(mutant, verdict.failed, verdict.isStuck);
      } catch (error) {
        await tester.end();
        if (!(error instanceof TesterGone)) throw error;
        return { mutant, outcome: "stuck" };
      }
    }
  }

  /** In a process of its own, in which the mutant is on from the first line. */
  async #judgeFromStart(mutant: Mutant, only?: readonly number[]): Promise<Judged> {
    const tests = only ??
      [...this.#ofFile.get(mutant.file) ?? []].sort((a, b) => this.#tests[a].tookMs - this.#tests[b].tookMs);
    if (tests.length === 0) return { mutant, outcome: "unreached" };
    let tester: TesterProcess | undefined;
    try {
      ({ tester } = await this.#start(mutant.id));
      const verdict = await this.#ask(tester, mutant, tests);
      if (verdict.failed < 0 && only !== undefined) return await this.#judgeFromStart(mutant);
      return this.#judged(mutant, verdict.failed, verdict.isStuck);
    } catch (error) {
      if (!(error instanceof TesterGone)) throw error;
      return { mutant, outcome: "killed", by: "nothing can be loaded with it, or its process ends" };
    } finally {
      await tester?.end();
    }
  }

  /** Piece by piece, so that a test which waits for ever is ended by its own time, and not by that of all. */
  async #ask(tester: TesterProcess, mutant: Mutant, tests: readonly number[]): Promise<Verdict> {
    let verdict: Verdict = { failed: -1, isStuck: false, isSpoilt: false };
    for (let from = 0, to = 0; from < tests.length && verdict.failed < 0; from = to) {
      for (let ms = 0; to < tests.length && ms < PIECE_MS; to++) ms += this.#tests[tests[to]].tookMs;
      const piece = tests.slice(from, to);
      verdict = await tester.judge(mutant.id, this.#withSteps(piece), this.#mostMs(piece));
    }
    return verdict;
  }

  #judged(mutant: Mutant, failed: number, isStuck: boolean): Judged {
    if (failed < 0) return { mutant, outcome: "survived" };
    const { file, name } = this.#tests[failed];
    return { mutant, outcome: isStuck ? "stuck" : "killed", by: `${file}: ${name}` };
  }

  async #start(mutant: number): Promise<{ tester: TesterProcess; loaded: Loaded }> {
    const { root, tester: path, tests } = this.#parts;
    const tester = new TesterProcess(root, path, mutant);
    try {
      return { tester, loaded: await tester.load(tests, LOAD_MS) };
    } catch (error) {
      await tester.end();
      throw error;
    }
  }

  #note(mutant: number, test: number): void {
    const tests = this.#reaching.get(mutant) ?? [];
    this.#reaching.set(mutant, [...tests, test]);
    const { file } = this.#byId.get(mutant)!;
    this.#ofFile.set(file, (this.#ofFile.get(file) ?? new Set()).add(test));
  }

  #withSteps(tests: readonly number[]): [number, number][] {
    return tests.map((test) => [test, this.#tests[test].steps]);
  }

  #mostMs(tests: readonly number[]): number {
    return WAIT_MS + tests.reduce((sum, test) => sum + this.#tests[test].tookMs, 0) * TIME_FACTOR;
  }
}
