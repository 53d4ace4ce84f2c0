/** Real servers that give a seed file's tickets away, and are killed in the middle of a wave. */
import assert from "node:assert/strict";
import type { PlanInput } from "../../core/seed/plan/plan_schema.ts";
import { TestSet } from "../../core/seed/make/testing.ts";
import { systemClock } from "../../core/base/clock.ts";
import { assertNothingLost, crashRun } from "./crash_run.ts";
import { buildShim, losePower, shimEnv, whyNoShim } from "./shim.ts";
import { redpkt, Running } from "../processes.ts";

const TICKETS = 6_000;

/** Many sponsors, so that one packet of each a user holds nobody up. */
function planNow(lengthS: number): PlanInput {
  const start = systemClock.wallMs() + 1_000;
  return {
    name: "crash",
    expires: new Date(start + 86_400_000).toISOString(),
    sponsors: Array.from({ length: 20 }, (_, i) => ({
      number: i + 1,
      name: `Sponsor ${i + 1}`,
      budgetFen: TICKETS / 20 * 50,
      amounts: { kind: "uniform", minFen: 1, maxFen: 99 },
    })),
    waves: [{ name: "only", start: new Date(start).toISOString(), lengthS }],
    hosts: { count: 1 },
  };
}

const KILLS = Number(Deno.env.get("REDPKT_KILLS") ?? 3);
const SEED = Number(Deno.env.get("REDPKT_CRASH_SEED") ?? 1);

Deno.test(`killed ${KILLS} times in a wave: no ticket twice, no fen lost, and the plan's budgets add up`, async () => {
  using set = new TestSet(planNow(Math.max(8, KILLS * 2)));
  const result = await crashRun({
    seed: SEED,
    kills: KILLS,
    seeds: { folder: set.folder, hostId: "host-000", keys: set.keys.path },
  });
  assertNothingLost(result, SEED);
  const { sponsors } = result.reconciled;
  assert.equal(sponsors.length, 20);
  for (const { budgetFen, wonFen, poolFen } of sponsors) assert.equal(wonFen + poolFen, budgetFen);
});

const noShim = whyNoShim();

Deno.test({
  name: "power is lost in a wave: the claim knows of no row that is not durable" +
    (noShim === undefined ? "" : ` (not here: ${noShim})`),
  ignore: noShim !== undefined,
  async fn() {
    using set = new TestSet(planNow(8));
    const shim = await buildShim();
    try {
      const result = await crashRun({
        seed: SEED,
        kills: 3,
        users: 1_000,
        env: (_life, ledger) => shimEnv(shim, ledger, undefined),
        afterKill: losePower,
        serverFlags: ["--packets-per-user", "20"],
        seeds: { folder: set.folder, hostId: "host-000", keys: set.keys.path },
      });
      assertNothingLost(result, SEED);
    } finally {
      await Deno.remove(shim);
    }
  },
});

Deno.test("a server refuses, in one line each, what isn't its seed file", async () => {
  using set = new TestSet(planNow(10));
  const cwd = await Deno.makeTempDir();
  const file = set.path("host-000");
  const refusal = async (...flags: string[]) => {
    const keys = flags.includes("--seed-keys") ? [] : ["--seed-keys", set.keys.path];
    const args = ["server", "--port", "0", "--admin", "127.0.0.1:0", "--engine", "deno", ...keys, ...flags];
    const { code, stderr } = await redpkt(args, { cwd });
    assert.equal(code, 2, stderr);
    return stderr.trimEnd().split("\n").filter((line) => !line.startsWith("{")).join("\n");
  };
  const claims = ["--claims", `${cwd}/claims`];
  const used = ["--ledger", `${cwd}/data`, "--host-id", "host-000", ...claims];
  try {
    assert.deepEqual((await refusal("--seed", file)).split("\n"), [
      "redpkt server: --seed: needs --ledger DIR",
      "redpkt server: --seed: needs --host-id ID, the host that the file was made for",
    ]);
    assert.match(
      await refusal(...used),
      /--host-id: goes with --seed FILE or --show-keys DIR\n.*--claims: goes with --seed/,
    );
    assert.match(
      await refusal("--seed", file, ...used, "--host-id", "host-007"),
      /is for host host-000, and this is host-007/,
    );
    assert.match(await refusal("--seed", file, ...used, "--seed-keys", cwd), /and no key is trusted/);
    const bytes = await Deno.readFile(file);
    await Deno.writeFile(`${cwd}/cut.seed`, bytes.subarray(0, -100));
    assert.match(await refusal("--seed", `${cwd}/cut.seed`, ...used), /cut.seed: is cut off/);
    bytes[bytes.length >> 1] ^= 1;
    await Deno.writeFile(`${cwd}/altered.seed`, bytes);
    assert.match(await refusal("--seed", `${cwd}/altered.seed`, ...used), /block \d of 2 is damaged/);
    const first = new Running([
      ...["server", "--port", "0", "--admin", "127.0.0.1:0", "--engine", "deno", "--seed", file],
      ...["--seed-keys", set.keys.path, ...used],
    ]);
    await first.event("tickets entered");
    first.process.kill("SIGTERM");
    assert.equal(await first.ended(), 0);
    assert.match(
      await refusal("--seed", file, ...used, "--ledger", `${cwd}/other`),
      /is consumed: ledger [0-9a-f]{32} has used it/,
    );
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
