/** A ledger under real processes: locks, exit codes, and the commands that look into it. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
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

Deno.test("who removes the lock's file lets no second server in", async () => {
  await withDirectory(async (directory) => {
    await using server = await startServer(["--ledger", directory, "--workers", "1"]);
    await Deno.remove(`${directory}/lock`);
    const args = ["server", "--port", "0", "--admin", "127.0.0.1:0", "--ledger", directory];
    const { code, stderr } = await redpkt(args);
    assert.equal(code, 2);
    assert.match(stderr, /uses this ledger/);
    server.running.process.kill("SIGTERM");
    assert.equal(await server.running.ended(), 0);
    assert.equal((await redpkt(["ledger", "check", directory])).code, 0);
  });
});

Deno.test("a directory that is mistyped doesn't become a ledger, and isn't closed", async () => {
  await withDirectory(async (directory) => {
    const { code, stderr } = await redpkt(["ledger", "close", directory]);
    assert.equal(code, 2);
    assert.match(stderr, /holds no ledger/);
    await assert.rejects(Deno.stat(`${directory}/${TRUTH_FILE}`), Deno.errors.NotFound);
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
    assert.match(stderr, /the ledger's rows 1 to 101: not what was committed.*restore it from a copy/);
    assert.doesNotMatch(stderr, /\.ts:/, "a reason, and no stack trace");
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
    [["ledger", "show", "nowhere"], /nowhere: holds no ledger/],
    [
      ["ledger", "show", "x", "--user", "1", "--packet", "2"],
      /--user N, --packet N, --ticket N or --order N/,
    ],
    [["ledger", "accept-loss", "nowhere"], /give the reason/],
    [["ledger", "upgrade", "nowhere"], /nowhere: holds no ledger/],
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

Deno.test("a server whose log is gone is refused with one line, and goes on once somebody has accepted the loss", async () => {
  await withDirectory(async (directory) => {
    const server = await startServer(["--ledger", directory, "--workers", "1"]);
    await server.running.event("ledger ready");
    const { ledger } = await server.get("/health");
    assert.match(ledger.head.headHex, /^[0-9a-f]{64}$/);
    assert.equal(ledger.head.seq, 1, "its limits");
    const order = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ratePerS: 100, total: 100, minFen: 1, maxFen: 5 }),
    };
    assert.equal((await fetch(`${server.api}/packets`, order)).status, 200);
    while ((await server.get("/health")).ledger.head.seq < 2) await new Promise((go) => setTimeout(go, 20));
    server.running.process.kill("SIGKILL");
    await server.running.ended();
    // As without its log, which the server may have moved into the file already.
    const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
    db.exec(["entry", "body", "link"].map((table) => `delete from ${table} where seq > 1`).join(";"));
    db.close();
    const args = ["server", "--port", "0", "--admin", "127.0.0.1:0", "--ledger", directory, "--workers", "1"];
    const refused = await redpkt(args);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /redpkt server: .*: head knows .*accept-loss \S+ --reason "why"\n$/);
    const accept = ["ledger", "accept-loss", directory, "--reason", "the log was deleted", "--json"];
    const accepted = await redpkt(accept);
    assert.equal(accepted.code, 0, accepted.stderr);
    const { schemaVersion, lost, aside } = JSON.parse(accepted.stdout);
    assert.equal(schemaVersion, 1);
    assert.match(lost[0], /^head knows/);
    assert.ok(
      (aside as string[]).every((path) => existsSync(path)) && /\/head\.aside-/.test(aside.join()),
      `${aside}`,
    );
    await using next = await startServer(["--ledger", directory, "--workers", "1"]);
    await next.running.event("ledger ready");
    const shown = await redpkt(["ledger", "show", directory]);
    assert.match(shown.stdout, /^ledger [0-9a-f]{32}\nrow \d+, head [0-9a-f]{64}\n/);
    assert.match(shown.stdout, /limits since \S+: 3 a user, 1 of a sponsor/);
    assert.match(shown.stdout, /loss accepted at \S+ \(row \d+\): the log was deleted\n {2}head knows/);
  });
});

Deno.test("damage to what can be made anew stops no start: it is told, kept under another name, and made anew", async () => {
  await withDirectory(async (directory) => {
    fillLedger(directory, { awards: 20_000, users: 10_000, isCheckpointed: true });
    const bytes = await Deno.readFile(`${directory}/checkpoint`);
    bytes[bytes.length >> 1] ^= 1; // in a chunk, which a start finds as late as it can
    await Deno.writeFile(`${directory}/checkpoint`, bytes);
    await Deno.writeTextFile(`${directory}/projection.db`, "no database, and long enough to be looked into");
    await using server = await startServer(["--ledger", directory, "--workers", "1"]);
    const ready = await server.running.event("ledger ready");
    assert.deepEqual([ready.level, ready.awards], ["warn", 20_000]);
    assert.match(ready.checkpointFault as string, /the checksum of chunk 0 is wrong/);
    assert.equal(
      (await server.running.event("made anew, since it is damaged")).file,
      `${directory}/projection.db`,
    );
    const names = [...Deno.readDirSync(directory)].map(({ name }) => name.replace(/aside-.*/, "aside"));
    assert.deepEqual(names.filter((name) => name.endsWith("aside")).sort(), [
      "checkpoint.aside",
      "projection.db.aside",
    ]);
    server.running.process.kill("SIGTERM");
    assert.equal(await server.running.ended(), 0);
    const check = await redpkt(["ledger", "check", directory]);
    assert.equal(check.code, 0, check.stdout);
    assert.match(check.stdout, /projection +up to date/);
  });
});
