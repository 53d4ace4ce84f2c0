/** Two real servers, a folder between them, and users who move: the limits hold over both, and both ledgers are right. */
import assert from "node:assert/strict";
import { sleep } from "../../core/base/clock.ts";
import { redpkt, startServer } from "../processes.ts";

/** Ends a test that has failed already. */
const MAX_MS = 120_000;
const USERS = 20;

Deno.test("users who move between two servers win three packets in all; who hides their pass is known a moment later", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const keys = `${folder}/keys`;
    Deno.writeTextFileSync(keys, "1 000102030405060708090a0b0c0d0e0f\n");
    const event = ["--token-keys", keys, "--event", "gala"];
    const server = (host: number) =>
      startServer([
        ...event,
        ...[
          "--ledger",
          `${folder}/host${host}`,
          "--host-number",
          String(host),
          "--bus",
          `file:${folder}/bus`,
        ],
        ...["--foreign-awards", "1000", "--workers", "1", "--max-connections", "100"],
        ...["--set", "shake.sponsors=8", "--set", "throttle.connectionPerS=1000"],
      ]);
    await using first = await server(1);
    await using second = await server(2);
    const both = [first, second];
    for (const { post } of both) {
      const order = { ratePerS: 30, total: 3_000, minFen: 1, maxFen: 9 };
      assert.equal((await post("/packets", order)).status, 200);
    }
    const counters = async () =>
      await Promise.all(both.map(async ({ get }) => {
        const { counters, gauges } = await get("/counters");
        return { ...counters, ...gauges };
      }));
    const play = async (hide: number) => {
      const servers = both.map(({ port }) => `127.0.0.1:${port}`).join();
      const { code, stderr } = await redpkt([
        ...["client", "--users", `0-${USERS - 1}`, "--server", servers, "--qps", "200", ...event],
        ...["--roam", "0.3-1", "--hide-passes", String(hide), "--seconds", "6", "--least-answered", "0"],
        ...["--control", "127.0.0.1:0"],
      ]);
      assert.equal(code, 0, stderr);
    };
    const won = async () => (await counters()).reduce((sum, { shakeWon }) => sum + shakeWon, 0);
    await play(0);
    const afterHonest = await won();
    assert.ok(afterHonest > USERS && afterHonest <= 3 * USERS, `${afterHonest} awards`);
    assert.ok((await counters()).some(({ passesTaken }) => passesTaken > 0));
    // Each server hears of what the other has awarded.
    for (const untilMs = performance.now() + MAX_MS; performance.now() < untilMs; await sleep(50)) {
      const [a, b] = await counters();
      if (a.foreignAwards === b.shakeWon && b.foreignAwards === a.shakeWon) break;
    }
    const [a, b] = await counters();
    assert.deepEqual([a.foreignAwards, b.foreignAwards], [b.shakeWon, a.shakeWon]);
    assert.deepEqual([a.summariesForged, a.passesForged, b.passesForged], [0, 0, 0]);
    // A new fleet has no passes: all it can win is what was left.
    await play(1);
    const atLast = await won();
    assert.ok(atLast <= 3 * USERS + 4, `${atLast} awards: a few more at most, in the second of a summary`);
    for (const { running } of both) {
      running.process.kill("SIGTERM");
      assert.equal(await running.ended(), 0);
    }
    for (const host of [1, 2]) {
      const { code, stdout } = await redpkt(["ledger", "check", `${folder}/host${host}`]);
      assert.equal(code, 0, stdout);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a server that is to hear of others and lacks something says all of it at once", async () => {
  const { code, stderr } = await redpkt(["server", "--foreign-awards", "1000", "--city", "New York"]);
  assert.equal(code, 2);
  for (const flag of ["--ledger", "--token-keys", "--bus", "--event", "--city"]) {
    assert.match(stderr, new RegExp(`--foreign-awards 1000: needs .*${flag}`), flag);
  }
  const large = await redpkt(["server", "--foreign-awards", "300000000"]);
  assert.match(large.stderr, /MiB of memory|--ledger/);
});
