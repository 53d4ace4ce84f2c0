/** Backups: what is in them, what is refused, and what a lost disk costs. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { checkLedger } from "../../core/audit/check/check.ts";
import { TRUTH_FILE } from "../../core/ledger/store/sqlite_store.ts";
import { HeldPort } from "../../core/rehearse/stage/held_port.ts";
import { audit } from "../audit/auditor.ts";
import { copyFolder, makeWorld } from "../audit/world.ts";
import { redpkt, Running } from "../processes.ts";

async function withFolder(run: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-backup-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Every file of a folder with its bytes and its time. */
function bytesOf(folder: string): Map<string, string> {
  return new Map([...Deno.readDirSync(folder)].map(({ name }) => {
    const path = `${folder}/${name}`;
    return [name, `${Deno.statSync(path).mtime?.getTime()} ${Deno.readFileSync(path).toHex()}`];
  }));
}

Deno.test("whoever looks into a killed server's ledger, or backs it up, changes no byte and leaves no file", async () => {
  await withFolder(async (folder) => {
    const ledger = `${folder}/ledger`;
    makeWorld(ledger);
    // As a power loss leaves it, and as a copy on a medium that nobody may write to.
    for (const lost of [[], ["ledger.db-shm", "projection.db-shm"]]) {
      for (const name of lost) Deno.removeSync(`${ledger}/${name}`);
      const before = bytesOf(ledger);
      for (
        const args of [["check", ledger], ["show", ledger, "--user", "1"], [
          "backup",
          ledger,
          `${folder}/${lost.length}`,
        ]]
      ) {
        const { code, stderr } = await redpkt(["ledger", ...args]);
        assert.equal(code, 0, `${args}: ${stderr}`);
      }
      assert.deepEqual(bytesOf(ledger), before);
    }
  });
});

Deno.test("a backup holds all commits, is proven, and can be restored once", async () => {
  await withFolder(async (folder) => {
    const [ledger, file, restored] = ["ledger", "backup", "restored"].map((name) => `${folder}/${name}`);
    makeWorld(ledger);
    const made = await redpkt(["ledger", "backup", ledger, file]);
    assert.equal(made.code, 0, made.stderr);
    const { rows, head, balances } = checkLedger(ledger);
    assert.ok(made.stdout.includes(`--expect ${rows}:${head}`), made.stdout);
    assert.match((await redpkt(["ledger", "backup", ledger, file])).stderr, /is there already/);
    assert.equal((await redpkt(["ledger", "restore", file, restored])).code, 0);
    const report = checkLedger(restored, { expect: { seq: rows, head } });
    assert.deepEqual([report.problems, report.head, report.balances], [[], head, balances]);
    assert.match(
      (await redpkt(["ledger", "restore", file, restored])).stderr,
      /holds head, ledger\.db, lock/,
    );
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "backup",
      "ledger",
      "restored",
    ]);
  });
});

Deno.test("a ledger that has lost rows is not backed up, and a damaged backup is not restored", async () => {
  await withFolder(async (folder) => {
    const [ledger, lossy, file] = ["ledger", "lossy", "backup"].map((name) => `${folder}/${name}`);
    makeWorld(ledger);
    copyFolder(ledger, lossy);
    Deno.removeSync(`${lossy}/${TRUTH_FILE}-wal`);
    const refused = await redpkt(["ledger", "backup", lossy, file]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /isn't whole: head knows rows \d+ to \d+/);
    assert.equal((await redpkt(["ledger", "backup", ledger, file])).code, 0);
    const db = new DatabaseSync(file);
    db.exec("update entry set user = 3 where seq = 20");
    db.close();
    const { code, stderr } = await redpkt(["ledger", "restore", file, `${folder}/restored`]);
    assert.equal(code, 2);
    assert.match(stderr, /is no good backup: .*not what was committed/);
    assert.throws(() => Deno.statSync(`${folder}/restored`), Deno.errors.NotFound);
  });
});

Deno.test("the drill: a backup under load, the disk is lost, and what users won since is told award by award", async () => {
  await withFolder(async (folder) => {
    const [ledger, file, restored, awards] = ["ledger", "backup", "restored", "awards.csv"].map((name) =>
      `${folder}/${name}`
    );
    using held = HeldPort.take();
    const server = (directory: string) =>
      new Running([
        ...["server", "--host", "127.0.0.1", "--port", String(held.port), "--admin", "127.0.0.1:0"],
        ...[
          "--ledger",
          directory,
          "--workers",
          "1",
          "--packets-per-user",
          "100",
          "--set",
          "shake.sponsors=1000",
        ],
      ]);
    let expected = "";
    await using client = await (async () => {
      await using first = server(ledger);
      const admin = `http://${(await first.event("listening")).admin}`;
      await first.event("ledger ready");
      const client = new Running([
        ...[
          "client",
          "--users",
          "0-299",
          "--server",
          `127.0.0.1:${held.port}`,
          "--qps",
          "2000",
          "--workers",
          "1",
          // Whoever had no server meanwhile was not answered.
          "--least-answered",
          "0",
        ],
        ...["--control", "127.0.0.1:0", "--awards", awards],
      ]);
      await order(admin);
      await won(admin, 200);
      const made = await redpkt(["ledger", "backup", ledger, file]);
      assert.equal(made.code, 0, made.stderr);
      expected = /--expect (\S+)/.exec(made.stdout)![1];
      const { shakeWon } = await counters(admin);
      await won(admin, shakeWon + 200);
      first.process.kill("SIGKILL");
      await first.ended();
      return client;
    })();
    await Deno.remove(ledger, { recursive: true });
    const back = await redpkt(["ledger", "restore", file, restored]);
    assert.equal(back.code, 0, back.stderr);
    assert.equal((await redpkt(["ledger", "check", restored, "--expect", expected])).code, 0);
    {
      await using second = server(restored);
      const admin = `http://${(await second.event("listening")).admin}`;
      await second.event("ledger ready");
      await order(admin);
      await won(admin, 100);
      client.process.kill("SIGTERM");
      assert.equal(await client.ended(), 0);
      second.process.kill("SIGTERM");
      assert.equal(await second.ended(), 0);
    }
    assert.equal((await redpkt(["ledger", "check", restored, "--expect", expected])).code, 0);
    // What was won between the backup and the loss is in no ledger: each is named, and everything else is right.
    const { code, stdout } = await redpkt(["reconcile", "--ledger", restored, "--fleet", awards]);
    assert.equal(code, 1, stdout);
    const lost = audit(restored, [awards]);
    assert.ok(lost.length >= 100, `${lost.length} lost`);
    for (const line of lost) {
      assert.match(line, /^user \d+ saw \d+ fen of packet \d+ \(shake\), and the ledger hasn't/);
    }
  });
});

async function order(admin: string): Promise<void> {
  const body = JSON.stringify({ ratePerS: 500, total: 5_000, minFen: 1, maxFen: 500 });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${admin}/packets`, { method: "POST", body, headers });
  assert.equal(response.status, 200, await response.text());
}

async function counters(admin: string): Promise<Record<string, number>> {
  return (await (await fetch(`${admin}/counters`)).json()).counters;
}

/** Waits until users have won so much. */
async function won(admin: string, count: number): Promise<void> {
  while ((await counters(admin)).shakeWon < count) await new Promise((resolve) => setTimeout(resolve, 20));
}
