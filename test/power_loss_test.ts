/** A disk that loses power in the middle, or fails, under a real server. */
import assert from "node:assert/strict";
import { assertNothingLost, type CrashOptions, type CrashResult, crashRun } from "./crash_run.ts";
import { buildShim, losePower, shimEnv, type ShimFault, whyNoShim } from "./power_loss/shim.ts";

const SEED = Number(Deno.env.get("REDPKT_CRASH_SEED") ?? 1);
const why = whyNoShim();

/** @param fault what the disk does before it loses power */
async function powerLossRun(
  fault?: Omit<ShimFault, "seed">,
  more: Partial<CrashOptions> = {},
): Promise<CrashResult> {
  const shim = await buildShim();
  try {
    return await crashRun({
      seed: SEED,
      kills: 2,
      users: 1_000,
      env: (life, ledger) => shimEnv(shim, ledger, fault && { ...fault, seed: SEED * 100 + life }),
      afterKill: losePower,
      ...more,
      serverFlags: ["--packets-per-user", "20", ...(more.serverFlags ?? [])],
    });
  } finally {
    await Deno.remove(shim);
  }
}

function test(name: string, run: () => Promise<void>): void {
  if (why === undefined) Deno.test(`${name} (seed ${SEED})`, run);
  else Deno.test.ignore(`${name} (not here: ${why})`, run);
}

test("a power loss loses nothing that anybody was told", async () => {
  assertNothingLost(await powerLossRun(), SEED);
});

test("nor does a disk that fails now and then, and then loses power", async () => {
  const result = await powerLossRun({ kind: "eio", every: 150, spell: 4 });
  assertNothingLost(result, SEED);
  assert.ok(result.errors.some((line) => line.includes("ledger fails")), "the disk did fail");
});

test("nor does a disk that is full now and then, and then loses power", async () => {
  const result = await powerLossRun({ kind: "enospc", every: 150, spell: 4 });
  assertNothingLost(result, SEED);
  assert.ok(result.errors.some((line) => line.includes("ledger fails")), "the disk was full");
});

test("without syncs the same power loss is noticed: awards are gone", async () => {
  const { reconciled } = await powerLossRun(undefined, { kills: 1, serverFlags: ["--ledger-sync", "off"] });
  assert.ok(reconciled.differenceCount > 0, `seed ${SEED}: a ledger that never syncs loses awards`);
});
