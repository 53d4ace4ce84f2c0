/** A whole event with books, by real processes, at a small scale. */
import assert from "node:assert/strict";
import { findPostgres } from "../../core/rehearse/books/postgres_cluster.ts";
import { redpkt } from "../processes.ts";

interface Result {
  readonly verdict: string;
  readonly backend: string;
  readonly folder: string;
  readonly checks: readonly { what: string; met: boolean }[];
  readonly total: Readonly<Record<string, number>>;
  readonly differences: readonly string[];
}

async function rehearse(
  hosts: number,
  backend: string,
): Promise<{ code: number; result: Result; cwd: string }> {
  const cwd = await Deno.makeTempDir({ prefix: "redpkt-rehearse-" });
  const scenario = {
    name: "small",
    about: "a few users",
    users: 40,
    protocol: 1,
    server: { set: { "shake.sponsors": 4 } },
    books: {
      backend,
      hosts,
      fleets: hosts,
      overLimitAtLeast: 1,
      gateway: { fail: 5, refuse: 5, timeoutAfter: 5 },
    },
    phases: [{
      ...{ name: "win", seconds: 3, shakesPerS: 200 },
      packets: { ratePerS: 60, minFen: 1, maxFen: 500 },
    }],
  };
  await Deno.writeTextFile(`${cwd}/small.ts`, `export default ${JSON.stringify(scenario)};`);
  const { code, stdout, stderr } = await redpkt(["rehearse", "./small.ts", "--json"], { cwd });
  assert.notEqual(stdout, "", stderr);
  return { code, result: JSON.parse(stdout), cwd };
}

Deno.test("hosts, books, settlement, payout and gateway agree at the end of an event", async () => {
  const { code, result, cwd } = await rehearse(2, "auto");
  try {
    assert.equal(code, 0, JSON.stringify(result));
    assert.deepEqual([result.verdict, result.differences], ["PASS", []]);
    assert.equal(result.backend, findPostgres() === undefined ? "SQLite" : "PostgreSQL");
    const { putInFen, paidFen, returnedFen, overUserPackets, overSponsorPackets } = result.total;
    assert.equal(paidFen + returnedFen, putInFen);
    assert.ok(overUserPackets + overSponsorPackets > 0);
    assert.match(await Deno.readTextFile(`${cwd}/${result.folder}/statement.csv`), /^sponsor,put_in_packets/);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("an event of one host, where nobody can come over a limit, fails one that wants it; its books are in SQLite", async () => {
  const { code, result, cwd } = await rehearse(1, "sqlite");
  try {
    assert.deepEqual([code, result.verdict, result.backend], [1, "FAIL", "SQLite"]);
    const failed = result.checks.filter(({ met }) => !met).map(({ what }) => what);
    assert.deepEqual(failed, ["packets were over a limit over all hosts"]);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
