/** Worlds in tests: with the plugins that a server has. */
import assert from "node:assert/strict";
import cue from "../../plugins/cue/mod.ts";
import seed from "../../plugins/seed/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import type { WorldSeams } from "../../core/world/host/world_seams.ts";
import type { WorldPlan } from "../../core/world/plan/world_plan.ts";
import { commandLineOf, runWorld, type WorldResult } from "../../core/world/run/run_world.ts";

const PLUGINS = [throttle, shake, cue, seed].map((plugin) => ({ plugin }));

export async function run(plan: WorldPlan, seams: WorldSeams = {}): Promise<WorldResult> {
  const folder = Deno.makeTempDirSync();
  try {
    return await runWorld(plan, { plugins: PLUGINS, folder, seams });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

export function assertKept({ violations, plan }: WorldResult): void {
  assert.deepEqual(violations, [], commandLineOf(plan));
}
