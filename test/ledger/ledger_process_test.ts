/** A ledger under real processes: locks, exit codes, and the commands that look into it. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fillLedger } from "../../bench/fill_ledger.ts";
import { TRUTH_FILE } from "../../core/ledger/store/sqlite_store.ts";
import { redpkt, startServer } from "../processes.ts";

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a second server on the same ledger is refused before it starts anything", async () => {
  await withDirectory(async (directory) => {
    await using server = await startServer(["--ledger", directory, "--workers", "1"]);
    const args = ["server", "--port", "0", "--admin", "127.0.0.1:0", "--ledger", directory];
    const { code, stderr } = await redpkt(args);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`process ${server.running.process.pid} uses this ledger`));
    assert.doesNotMatch(stderr, /\.ts:/);
    // Looking into it is fine.
    await server.running.event("ledger ready");
    assert.equal((await redpkt(["ledger", "check", directory])).code, 0);
    assert.equal((await redpkt(["ledger", "close", directory])).code, 2);
  });
});

Deno.test("a server without a ledger says that it forgets", async () => {
  await using server = await startServer(["--workers", "1"]);
  assert.ok(server.running.lines.some(({ level, event }) => level === "warn" && /forgotten/.test(event)));
});

Deno.test("a server goes on where the last one ended, and is ready only then", async () => {
  await withDirectory(async (directory) => {
    fillLedger(directory, { awards: 20_000, users: 10_000, isCheckpointed: false });
    await using server = await startServer(["--ledger", directory, "--workers", "1"]);
    const ready = await server.running.event("ledger ready");
    assert.equal(ready.awards, 20_000);
    assert.equal(ready.nextPacketId, 20_001);
    const health = await server.get("/health");
    assert.equal(health.ledger.status, "ok");
    assert.equal((await server.get("/ready")).ready, true);
    server.running.process.kill("SIGTERM");
    assert.equal(await server.running.ended(), 0);
    assert.equal((await redpkt(["ledger", "check", directory])).code, 0);
  });
});

Deno.test("a ledger that contradicts itself ends the server with the exit code of a dead thread", async () => {
  await withDirectory(async (directory) => {
    fillLedger(directory, { awards: 100, users: 100, isCheckpointed: false });
    const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
    db.exec("delete from entry where seq = 50");
    db.close();
    const args = ["server", "--port", "0", "--admin", "127.0.0.1:0", "--ledger", directory, "--workers", "1"];
    const { code, stderr } = await redpkt(args);
    assert.equal(code, 70);
    assert.match(stderr, /lacks row 50/);
    const check = await redpkt(["ledger", "check", directory]);
    assert.equal(check.code, 1);
    assert.match(check.stdout, /WRONG .*lacks row 50/);
  });
});

Deno.test("mistakes on the command line are told all at once, with what to do", async () => {
  const mistakes: readonly (readonly [args: string[], words: RegExp])[] = [
    [["ledger", "chek", "x"], /chek: no such action\. Did you mean check\?/],
    [["ledger", "check"], /one directory, such as redpkt ledger check data\//],
    [["ledger", "check", "nowhere"], /nowhere: holds no ledger/],
    [["ledger", "show", "nowhere"], /--user N, --packet N or --ticket N/],
    [["reconcile", "data"], /data: redpkt reconcile takes flags only[^]*--ledger is missing/],
    [["reconcile", "--ledger", "core"], /core: holds no ledger/],
    [["reconcile", "--ledger", "nowhere"], /--ledger nowhere: there is no such file or folder/],
  ];
  for (const [args, words] of mistakes) {
    const { code, stderr } = await redpkt(args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, words);
    assert.doesNotMatch(stderr, /\.ts:/);
  }
});
