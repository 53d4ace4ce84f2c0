import assert from "node:assert/strict";
import { assertNothingLost, crashRun } from "./crash_run.ts";

// `deno task bench:crash` does the same thirty times.
const SEED = Number(Deno.env.get("REDPKT_CRASH_SEED") ?? 1);

Deno.test(`a server that is killed again and again loses no packet and no fen, and gives none twice (seed ${SEED})`, async () => {
  const result = await crashRun({
    seed: SEED,
    kills: 2,
    users: 1_000,
    serverFlags: ["--packets-per-user", "20"],
  });
  assertNothingLost(result, SEED);
});

Deno.test(`a kill loses nothing of what users open and send to each other, and pays nobody twice (seed ${SEED})`, async () => {
  const result = await crashRun({
    seed: SEED,
    kills: 2,
    users: 500,
    qps: 2_000,
    sends: true,
    serverFlags: ["--packets-per-user", "20"],
  });
  assertNothingLost(result, SEED);
  const { opened, openedSeen, shares, sharesSeen } = result.reconciled;
  assert.ok(opened > 0 && openedSeen > 0, "somebody opened something");
  assert.ok(shares > 0 && sharesSeen > 0, "somebody claimed something");
});
