/**
 * Runs tests again and again in one process, with one mutant after the other: reads orders as JSON lines, answers each
 * with one. It lies in the instrumented copy of the tree.
 */
import { mutantSwitch, Stuck } from "./mutant_switch.ts";

export type TesterOrder =
  /** Loads a file of tests. */
  | { readonly type: "load"; readonly file: string }
  /** Runs a test as it is. */
  | { readonly type: "cover"; readonly file: string; readonly test: number }
  /** Runs tests with a mutant until one fails; files are loaded when their first test is due. */
  | { readonly type: "judge"; readonly mutant: number; readonly tests: readonly TestOrder[] };

export interface TestOrder {
  readonly file: string;
  /** Its place in the file. */
  readonly test: number;
  /** How many it takes as it is. */
  readonly steps: number;
}

export interface Loaded {
  readonly names: readonly string[];
  /** Mutants that are reached while the file is loaded: they can't be turned on later. */
  readonly atLoad: readonly number[];
}

export interface Covered {
  readonly failure: string | undefined;
  /** It wanted a process or a thread, which it can't have here. */
  readonly startsProcess: boolean;
  readonly steps: number;
  readonly tookMs: number;
  readonly reached: readonly number[];
}

export interface Verdict {
  /** The test that failed, by its place in the order; -1 if none did. */
  readonly failed: number;
  readonly isStuck: boolean;
  /** The test fails now without a mutant, too: this process has been spoilt. */
  readonly isSpoilt: boolean;
}

/** Steps that a test may take with a mutant: so many times as many, and some. */
const STEPS_FACTOR = 20;
const MORE_STEPS = 1_000_000;

interface Test {
  readonly name: string;
  readonly fn: (context: unknown) => unknown;
}

/** The mutant that is on while files are loaded and between tests: that of the whole process, if it has one. */
const ownMutant = mutantSwitch.active;
const testsOf = new Map<string, Test[]>();
let loading: Test[] = [];
let startsProcess = false;

function register(first: unknown, second?: unknown, third?: unknown): void {
  const options = {
    ...(typeof first === "object" ? first : undefined),
    ...(typeof second === "object" ? second : {}),
  };
  const { ignore = false, name = "" } = options as { ignore?: boolean; name?: string };
  const fn = [first, second, third, (options as { fn?: unknown }).fn].find((one) =>
    typeof one === "function"
  );
  if (ignore) return;
  loading.push({ name: typeof first === "string" ? first : name, fn: fn as Test["fn"] });
}

/** A mutant is on in this process's main thread alone, so that a test which starts another says nothing of it. */
class Elsewhere {
  constructor() {
    startsProcess = true;
    throw new Error("it starts a process or a thread");
  }
}

function begin(): void {
  Object.defineProperty(Deno, "Command", { value: Elsewhere });
  Object.defineProperty(globalThis, "Worker", { value: Elsewhere });
  // What a file ends after its last test ends with this process.
  Object.assign(register, { ignore: () => {}, only: register, afterAll: () => {} });
  Object.defineProperty(Deno, "test", { value: register, configurable: true });
}

async function testsIn(file: string): Promise<readonly Test[]> {
  let tests = testsOf.get(file);
  if (tests === undefined) {
    tests = loading = [];
    await import(`file://${Deno.cwd()}/${file}`);
    testsOf.set(file, tests);
  }
  return tests;
}

async function load(file: string): Promise<Loaded> {
  mutantSwitch.reached.fill(0);
  const tests = await testsIn(file);
  return { names: tests.map(({ name }) => name), atLoad: takeReached() };
}

/** Mutants that were reached since the last call. */
function takeReached(): number[] {
  const { reached } = mutantSwitch;
  const found: number[] = [];
  for (let id = reached.indexOf(1); id >= 0; id = reached.indexOf(1, id + 1)) found.push(id);
  reached.fill(0);
  return found;
}

/** What a test is handed: a step that fails ends it. */
const context = {
  async step(first: unknown, second?: unknown): Promise<boolean> {
    const step = [first, second, (first as { fn?: unknown }).fn].find((one) => typeof one === "function");
    if ((first as { ignore?: boolean }).ignore !== true) await (step as Test["fn"])(context);
    return true;
  },
};

/** Returns what failed. */
async function run({ fn }: Test): Promise<unknown> {
  try {
    await fn(context);
    return undefined;
  } catch (error) {
    return error ?? new Error("nothing was thrown");
  }
}

async function cover(file: string, test: number): Promise<Covered> {
  const one = (await testsIn(file))[test];
  mutantSwitch.reached.fill(0);
  mutantSwitch.steps = 0;
  startsProcess = false;
  const startMs = performance.now();
  const error = await run(one);
  const tookMs = performance.now() - startMs;
  const failure = error === undefined
    ? undefined
    : error instanceof Error
    ? error.stack ?? error.message
    : String(error);
  return { failure, startsProcess, steps: mutantSwitch.steps, tookMs, reached: takeReached() };
}

async function judge(mutant: number, order: readonly TestOrder[]): Promise<Verdict> {
  for (const [failed, { file, test, steps }] of order.entries()) {
    const one = (await testsIn(file))[test];
    mutantSwitch.steps = 0;
    mutantSwitch.mostSteps = steps * STEPS_FACTOR + MORE_STEPS;
    mutantSwitch.active = mutant;
    const error = await run(one);
    const isStuck = error instanceof Stuck || mutantSwitch.steps > mutantSwitch.mostSteps;
    mutantSwitch.active = -1;
    mutantSwitch.mostSteps = Infinity;
    const isSpoilt = error !== undefined && await run(one) !== undefined;
    mutantSwitch.active = ownMutant;
    if (error !== undefined) return { failed, isStuck, isSpoilt };
  }
  return { failed: -1, isStuck: false, isSpoilt: false };
}

async function obey(order: TesterOrder): Promise<Loaded | Covered | Verdict> {
  switch (order.type) {
    case "load":
      return await load(order.file);
    case "cover":
      return await cover(order.file, order.test);
    case "judge":
      return await judge(order.mutant, order.tests);
  }
}

if (import.meta.main) {
  begin();
  // A mutant may leave a promise that fails later: that is no failure of the test that runs then.
  addEventListener("unhandledrejection", (event) => event.preventDefault());
  addEventListener("error", (event) => event.preventDefault());
  const answers = Deno.stdout.writable.getWriter();
  const say = (text: string) => answers.write(new TextEncoder().encode(text));
  for (const name of ["log", "info", "warn", "error"] as const) console[name] = () => {};
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const chunk of lines) {
    const whole = (rest + chunk).split("\n");
    rest = whole.pop()!;
    for (const line of whole) {
      const answer = await obey(JSON.parse(line)).catch((error) => ({ error: String(error) }));
      await say(`${JSON.stringify(answer)}\n`);
    }
  }
}
