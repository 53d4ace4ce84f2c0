/**
 * Runs tests again and again in one process, with one mutant after the other: reads orders as JSON lines, answers each
 * with one. It lies in the instrumented copy of the tree.
 */
import { mutantSwitch, Stuck } from "./mutant_switch.ts";

export type TesterOrder =
  | { readonly type: "load"; readonly files: readonly string[] }
  /** Runs a test as it is. */
  | { readonly type: "cover"; readonly test: number }
  /** Runs tests with a mutant until one fails; `steps` of each as it is. */
  | {
    readonly type: "judge";
    readonly mutant: number;
    readonly tests: readonly (readonly [test: number, steps: number])[];
  };

export interface Loaded {
  readonly tests: readonly { readonly file: string; readonly name: string }[];
  /** Mutants that are reached while the files are loaded: they can't be turned on later. */
  readonly atLoad: readonly number[];
}

export interface Covered {
  readonly failure: string | undefined;
  readonly steps: number;
  readonly reached: readonly number[];
}

export interface Verdict {
  readonly failed: number;
  readonly isStuck: boolean;
  /** The test fails now without a mutant, too: this process has been spoilt. */
  readonly isSpoilt: boolean;
}

/** Steps that a test may take with a mutant: so many times as many, and some. */
const STEPS_FACTOR = 20;
const MORE_STEPS = 1_000_000;

interface Test {
  readonly file: string;
  readonly name: string;
  readonly fn: (context: unknown) => unknown;
}

const tests: Test[] = [];
let loading = "";

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
  tests.push({ file: loading, name: typeof first === "string" ? first : name, fn: fn as Test["fn"] });
}

/** A mutant is on in this process's main thread alone, so that a test which starts another says nothing of it. */
class Elsewhere {
  constructor() {
    throw new Error("it starts a process or a thread");
  }
}

async function load(files: readonly string[]): Promise<Loaded> {
  Object.defineProperty(Deno, "Command", { value: Elsewhere });
  Object.defineProperty(globalThis, "Worker", { value: Elsewhere });
  Object.assign(register, { ignore: () => {}, only: register });
  Object.defineProperty(Deno, "test", { value: register, configurable: true });
  for (loading of files) await import(`file://${Deno.cwd()}/${loading}`);
  return { tests: tests.map(({ file, name }) => ({ file, name })), atLoad: takeReached() };
}

/** Mutants that were reached since the last call. */
function takeReached(): number[] {
  const { reached } = mutantSwitch;
  const found: number[] = [];
  for (let id = reached.indexOf(1); id >= 0; id = reached.indexOf(1, id + 1)) found.push(id);
  reached.fill(0);
  return found;
}

/** Returns what failed. */
async function run(test: number): Promise<unknown> {
  try {
    await tests[test].fn({});
    return undefined;
  } catch (error) {
    return error ?? new Error("nothing was thrown");
  }
}

async function cover(test: number): Promise<Covered> {
  mutantSwitch.reached.fill(0);
  mutantSwitch.steps = 0;
  const error = await run(test);
  const reached = takeReached();
  const failure = error === undefined
    ? undefined
    : error instanceof Error
    ? error.stack ?? error.message
    : String(error);
  return { failure, steps: mutantSwitch.steps, reached };
}

async function judge(mutant: number, order: readonly (readonly [number, number])[]): Promise<Verdict> {
  for (const [test, steps] of order) {
    mutantSwitch.steps = 0;
    mutantSwitch.mostSteps = steps * STEPS_FACTOR + MORE_STEPS;
    mutantSwitch.active = mutant;
    const error = await run(test);
    const isStuck = error instanceof Stuck || mutantSwitch.steps > mutantSwitch.mostSteps;
    mutantSwitch.active = -1;
    mutantSwitch.mostSteps = Infinity;
    if (error === undefined) continue;
    return { failed: test, isStuck, isSpoilt: await run(test) !== undefined };
  }
  return { failed: -1, isStuck: false, isSpoilt: false };
}

async function obey(order: TesterOrder): Promise<Loaded | Covered | Verdict> {
  switch (order.type) {
    case "load":
      return await load(order.files);
    case "cover":
      return await cover(order.test);
    case "judge":
      return await judge(order.mutant, order.tests);
  }
}

if (import.meta.main) {
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
