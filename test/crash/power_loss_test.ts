/** A disk that loses power in the middle, or fails, under a real server. */
import assert from "node:assert/strict";
import { assertNothingLost, type CrashOptions, type CrashResult, crashRun } from "./crash_run.ts";
import { buildShim, losePower, shimEnv, type ShimFault, whyNoShim } from "./shim.ts";

const SEED = Number(Deno.env.get("REDPKT_CRASH_SEED") ?? 1);
const why = whyNoShim();

/** @param faults what the disk does in each life, before it loses power */
async function powerLossRun(
  faults: readonly (Omit<ShimFault, "seed"> | undefined)[],
  more: Partial<CrashOptions> = {},
): Promise<CrashResult> {
  const shim = await buildShim();
  try {
    return await crashRun({
      seed: SEED,
      kills: faults.length,
      users: 1_000,
      env(life, ledger) {
        const fault = faults[life];
        return shimEnv(shim, ledger, fault && { ...fault, seed: SEED * 100 + life });
      },
      faultIn: (life) => faults[life] !== undefined,
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

const FAILING = { every: 150, spell: 4 };

test("a disk that fails, is full and loses power loses nothing that anybody was told", async () => {
  const result = await powerLossRun([{ kind: "eio", ...FAILING }, undefined, { kind: "enospc", ...FAILING }]);
  assertNothingLost(result, SEED);
  assert.ok(result.errors.some((line) => line.includes("ledger fails")), "the disk did fail");
});

test("without syncs a power loss is noticed: awards are gone, and it goes on once somebody accepts that", async () => {
  const { reconciled, checked } = await powerLossRun([undefined, undefined], {
    acceptsLoss: true,
    stayMs: 0,
    serverFlags: ["--ledger-sync", "off"],
  });
  assert.ok(reconciled.differenceCount > 0, `seed ${SEED}: a ledger that never syncs loses awards`);
  assert.deepEqual(checked.problems, [], `seed ${SEED}: what is left is whole`);
});
