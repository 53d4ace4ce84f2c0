/** Each promise of a world is broken once, and the world finds it. */
import assert from "node:assert/strict";
import { drawWorld } from "../../core/world/plan/world_plan.ts";
import { commandLineOf, type WorldResult } from "../../core/world/run/run_world.ts";
import { shrink } from "../../core/world/run/shrink.ts";
import { INVARIANT_NAMES, type InvariantName } from "../../core/world/watch/invariant_names.ts";
import { PLANTED_BUGS } from "./planted_bugs.ts";
import { assertKept, run } from "./world_runs.ts";

/** A planted bug is found within so many seeds, and in a world not larger than this. */
const MOST_SEEDS = 50;
const MOST_HOSTS = 3;
const MOST_FAULTS = 2;

/** A world in which a planted bug breaks its promise: where it was found last, first. */
async function find(invariant: InvariantName): Promise<WorldResult | undefined> {
  const { seams, foundAt } = PLANTED_BUGS[invariant];
  const seeds = [foundAt, ...Array.from({ length: MOST_SEEDS }, (_, i) => i + 1)];
  for (const seed of seeds) {
    const result = await run(drawWorld({ seed }), seams());
    if (result.violations[0]?.invariant === invariant) return result;
  }
  return undefined;
}

for (const name of INVARIANT_NAMES) {
  const { what, seams } = PLANTED_BUGS[name];
  Deno.test(`planted bug: ${what}: found, and shrunk to a small world (${name})`, async () => {
    const result = await find(name);
    assert.ok(result !== undefined, `not found within ${MOST_SEEDS} seeds`);
    const small = await shrink(result, (plan) => run(plan, seams()));
    const { hosts, faults } = small.result.plan;
    assert.ok(hosts <= MOST_HOSTS && faults.length <= MOST_FAULTS, commandLineOf(small.result.plan));
    assert.equal(
      (await run(small.result.plan, seams())).hash,
      small.result.hash,
      "the command shows it again",
    );
    assertKept(await run(small.result.plan));
  });
}
