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
