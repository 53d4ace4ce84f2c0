/**
 * Says at each place that can be changed whether it is to be: copied into the instrumented tree, where every thread and
 * process has its own. Counts which places were reached, and in how many steps, so that what runs on and on is ended
 * without a clock.
 */
/** Most mutants of one tree: hundreds of thousands of lines. */
const MOST_MUTANTS = 1 << 20;

interface Switch {
  active: number;
  steps: number;
  mostSteps: number;
  /** By mutant: whether its place was reached. */
  readonly reached: Uint8Array;
}

const state: Switch = {
  active: Number(Deno.env.get("REDPKT_MUTANT") ?? -1),
  steps: 0,
  mostSteps: Infinity,
  reached: new Uint8Array(MOST_MUTANTS),
};

/** Where a test's threads and processes write what they reach, each place once: they may be killed at any time. */
const trailPath = Deno.env.get("REDPKT_REACHED");
const trail = trailPath === undefined ? undefined : Deno.openSync(trailPath, { append: true, create: true });

/** Thrown at every place once a test has taken far more steps than without the mutant. */
export class Stuck extends Error {
  override name = "Stuck";
}

export function $m(id: number): boolean {
  if (++state.steps > state.mostSteps) throw new Stuck("far more steps than without the mutant");
  if (state.reached[id] === 0) reach(id);
  return id === state.active;
}

function reach(id: number): void {
  state.reached[id] = 1;
  trail?.writeSync(new Uint8Array(Uint32Array.of(id).buffer));
}

/** For whoever runs the tests. */
export { state as mutantSwitch };
