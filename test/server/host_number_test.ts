/** Hosts of one event, each with its own range of packet ids. */
import assert from "node:assert/strict";
import { reconcile } from "../../core/reconcile/reconcile.ts";
import { redpkt, startServer } from "../processes.ts";

/** Plays a host that makes packets and sends some, and ends it. */
async function play(directory: string, hostNumber: number): Promise<void> {
  await using server = await startServer([
    ...["--ledger", directory, "--host-number", String(hostNumber), "--workers", "1"],
    ...["--plugins", "shake,send"],
  ]);
  await server.running.event("ledger ready");
  const tooMany = { ratePerS: 1_000_000, total: 1_000_000_000 };
  if (hostNumber > 0) assert.match(JSON.stringify(await server.post("/packets", tooMany)), /packet ids left/);
  await server.post("/packets", { ratePerS: 1_000, total: 20 });
  await server.post("/sends", { ratePerS: 1_000, total: 5, users: [1, 100], amountFen: 100 });
  const health = await server.get("/health");
  assert.equal(health.ledger.hostNumber, hostNumber);
  while ((await server.get("/sends")).hostPackets < 5 || (await server.get("/packets")).made < 20);
  server.running.process.kill("SIGTERM");
  assert.equal(await server.running.ended(), 0);
}

Deno.test("ledgers of hosts with numbers of their own reconcile together, and a ledger keeps its number", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const ledgers: string[] = [];
    for (const number of [0, 7, 1023]) {
      ledgers.push(`${folder}/${number}`);
      await Deno.mkdir(ledgers.at(-1)!);
      await play(ledgers.at(-1)!, number);
      assert.equal((await redpkt(["ledger", "check", ledgers.at(-1)!])).code, 0);
    }
    const result = reconcile({ ledgers, fleetFiles: [] });
    assert.deepEqual(result.differences, []);
    assert.equal(result.packetsMade, 60);
    assert.deepEqual(result.accounts.map(({ hostNumber }) => hostNumber), [0, 7, 1023]);
    const { stdout } = await redpkt(["reconcile", ...ledgers.flatMap((ledger) => ["--ledger", ledger])]);
    assert.match(stdout, /1023 {2}host number 1023/);

    const flags = ["--port", "0", "--admin", "127.0.0.1:0", "--ledger", ledgers[1], "--host-number", "8"];
    const { code, stderr } = await redpkt(["server", ...flags]);
    assert.equal(code, 2);
    assert.match(stderr, /--host-number 8: the ledger in .* is of host number 7\. Give --host-number 7/);
    await play(ledgers[1], 7); // with its own it goes on
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
