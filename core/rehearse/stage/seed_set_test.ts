import assert from "node:assert/strict";
import crash from "../../../scenarios/crash.ts";
import gala from "../../../scenarios/gala.ts";
import { UserError } from "../../base/user_error.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import { SMALL_PLAN } from "../../seed/make/testing.ts";
import { verifySet } from "../../seed/file/verify_set.ts";
import { type FullScenario, waveOf } from "../measure/scenario.ts";
import { makeSeedSet } from "./seed_set.ts";

const WALL_MS = Date.UTC(2028, 0, 1);

function inFolder(run: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a rehearsal's seed set is the scenario's plan, signed by a key of its own, with its waves far away", () => {
  inFolder((folder) => {
    const { folder: seeds, keys, serverFlags } = makeSeedSet(gala.plan, folder, WALL_MS);
    const report = verifySet(seeds, ["host-000.seed"], new KeyFolder(keys).trusted(), () => {});
    assert.deepEqual(report.problems, []);
    assert.equal(report.tickets, 8_000);
    assert.deepEqual(serverFlags.slice(2, 4), ["--host-id", "host-000"]);
  });
  inFolder((folder) => {
    const { folder: seeds, keys } = makeSeedSet(crash.plan, folder, WALL_MS);
    const report = verifySet(seeds, ["host-000.seed"], new KeyFolder(keys).trusted(), () => {});
    assert.deepEqual([report.problems, report.tickets], [[], 6_000]);
  });
});

Deno.test("every phase of the gala has its wave, and the phase in which the server is killed", () => {
  for (const phase of gala.phases) {
    assert.equal(waveOf(gala as unknown as FullScenario, phase as never), phase.name);
  }
  const killed = crash.phases.map((phase) => [
    "kills" in phase,
    waveOf(crash as unknown as FullScenario, phase as never),
  ]);
  assert.deepEqual(killed, [[true, "killed"], [false, undefined]]);
  const renamed = { ...gala.phases[0], name: "another", wave: "shake_60k" };
  assert.equal(waveOf(gala as unknown as FullScenario, renamed as never), "shake_60k");
});

Deno.test("a plan for several hosts, or a wrong one, is refused", () => {
  inFolder((folder) => {
    assert.throws(() => makeSeedSet(SMALL_PLAN, folder, WALL_MS), /a rehearsal has one host/);
    assert.throws(() => makeSeedSet({ name: "x" }, folder, WALL_MS), UserError);
  });
});
