import { hash } from "node:crypto";
import type { Mutant } from "./mutant.ts";
import { TesterGone, TesterProcess } from "./tester_process.ts";
import type { Loaded } from "./tester.ts";

const LOAD_MS = 120_000;
const COVER_MS = 120_000;

/** Mutants by source, each by its place among those of its source: that stays the same when other sources change. */
export type Reached = Readonly<Record<string, readonly number[]>>;

/** What a file of tests came to as it is. */
export interface FileCoverage {
  readonly file: string;
  readonly tests: readonly {
    readonly name: string;
    readonly failure?: string | undefined;
    readonly startsProcess: boolean;
    readonly steps: number;
    readonly tookMs: number;
    readonly reached: Reached;
  }[];
  /** Reached while it was loaded, unless a file loaded before had reached it. */
  readonly atLoad: Reached;
  /** Why it can't be loaded. */
  readonly failure?: string | undefined;
}

/** Names a tree's mutants by their sources. */
export class MutantNames {
  readonly #mutants: readonly Mutant[];
  readonly #firstOf = new Map<string, number>();
  /** Which sources have mutants, and what becomes one: what was found for others says nothing of these. */
  readonly version: string;

  constructor(mutants: readonly Mutant[]) {
    this.#mutants = mutants;
    for (const { file, id } of mutants) if (!this.#firstOf.has(file)) this.#firstOf.set(file, id);
    const kinds = Deno.readTextFileSync(new URL("find.ts", import.meta.url));
    this.version = hash("sha256", `${this.sources.join()} ${kinds}`).slice(0, 16);
  }

  get sources(): readonly string[] {
    return [...this.#firstOf.keys()];
  }

  reached(ids: readonly number[]): Reached {
    const bySource: Record<string, number[]> = {};
    for (const id of ids) {
      const { file } = this.#mutants[id];
      (bySource[file] ??= []).push(id - this.#firstOf.get(file)!);
    }
    return bySource;
  }

  ids(reached: Reached): number[] {
    return Object.entries(reached).flatMap(([source, places]) => {
      const first = this.#firstOf.get(source);
      return first === undefined ? [] : places.map((place) => first + place);
    });
  }
}

/** Runs files of tests once as they are, one after the other in one process. */
export class Coverer {
  readonly #root: string;
  readonly #tester: string;
  readonly #names: MutantNames;
  #process: TesterProcess | undefined;

  constructor(root: string, tester: string, names: MutantNames) {
    this.#root = root;
    this.#tester = tester;
    this.#names = names;
  }

  async cover(file: string): Promise<FileCoverage> {
    let loaded: Loaded;
    try {
      loaded = await this.#own().load(file, LOAD_MS);
    } catch (error) {
      await this.end();
      if (!(error instanceof TesterGone)) throw error;
      return { file, tests: [], atLoad: {}, failure: error.message };
    }
    const tests: FileCoverage["tests"][number][] = [];
    for (const [test, name] of loaded.names.entries()) {
      try {
        const covered = await this.#own().cover(file, test, COVER_MS);
        tests.push({ ...covered, name, reached: this.#names.reached(covered.reached) });
      } catch (error) {
        await this.end();
        if (!(error instanceof TesterGone)) throw error;
        const { message: failure } = error;
        tests.push({ name, failure, startsProcess: false, steps: 0, tookMs: COVER_MS, reached: {} });
      }
    }
    return { file, tests, atLoad: this.#names.reached(loaded.atLoad) };
  }

  async end(): Promise<void> {
    await this.#process?.end();
    this.#process = undefined;
  }

  #own(): TesterProcess {
    return this.#process ??= new TesterProcess(this.#root, this.#tester, -1);
  }
}

/** What earlier runs found, kept in a file; it counts while nothing changes that a file of tests imports. */
export class CoverageFile {
  readonly #path: string | undefined;
  readonly #known = new Map<string, unknown>();

  /** @param path nothing is kept if it is undefined */
  constructor(path: string | undefined) {
    this.#path = path;
    for (const line of path === undefined ? [] : linesOf(path)) {
      const { key, found } = JSON.parse(line);
      this.#known.set(key, found);
    }
  }

  get<T>(key: string): T | undefined {
    return this.#known.get(key) as T | undefined;
  }

  set(key: string, found: unknown): void {
    this.#known.set(key, found);
    if (this.#path === undefined) return;
    Deno.writeTextFileSync(this.#path, `${JSON.stringify({ key, found })}\n`, { append: true });
  }
}

/** Whole lines of a file; a run that was killed may have left half of one. */
export function linesOf(path: string): string[] {
  try {
    return Deno.readTextFileSync(path).split("\n").slice(0, -1);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return [];
  }
}
