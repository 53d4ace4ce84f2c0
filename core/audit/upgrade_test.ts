import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { ManualClock } from "../base/clock.ts";
import { fillLedger } from "../../bench/fill_ledger.ts";
import { fillSends } from "../../bench/fill_sends.ts";
import { checkLedger } from "./check/check.ts";
import { genesis } from "../ledger/chain/chain.ts";
import { refuseLostRows } from "../ledger/evidence/inspect.ts";
import { LedgerIdentity } from "../ledger/store/ledger_identity.ts";
import { ledgerIdOf } from "../ledger/chain/links.ts";
import { notesOf, usedSeeds } from "../ledger/chain/notes.ts";
import { kinds } from "../ledger/kinds/entry_kinds.ts";
import { eachProven } from "../ledger/chain/prove_chain.ts";
import { TRUTH_MIGRATIONS } from "../ledger/disk/schema.ts";
import { SqliteStore, TRUTH_FILE } from "../ledger/store/sqlite_store.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";
import { upgradeLedger } from "./upgrade.ts";

const AWARDS = 12_000;
const SENT = 300;

/** A ledger as the program before the chain left it: its schema's own SQL, and the rows of a new one. */
function oldLedger(directory: string, version: number): void {
  const made = `${directory}/made`;
  fillLedger(made, { awards: AWARDS, users: 6_000, isCheckpointed: false });
  if (version > 2) fillSends(made, { packets: SENT, openEvery: 10, users: 100, isCheckpointed: false });
  const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
  for (const migration of TRUTH_MIGRATIONS.slice(0, version)) db.exec(migration);
  db.exec(
    `pragma user_version = ${version}; pragma application_id = ${0x72706b74}; pragma journal_mode = wal`,
  );
  db.prepare("attach ? as made").run(`${made}/${TRUTH_FILE}`);
  for (const table of ["entry", "body", "delivered"]) {
    db.exec(`insert into main.${table} select * from made.${table}`);
  }
  db.exec("insert into limits values ('packetsPerUser', 5), ('packetsPerSponsor', 0)");
  if (version > 1) {
    db.exec("insert into seed values ('abc', '/seeds/a.seed', 7), ('def', '/seeds/b.seed', 9)");
  }
  if (version > 2) db.exec("insert into main.ended select number, words from made.ended");
  db.exec("detach made");
  db.close();
  Deno.removeSync(made, { recursive: true });
}

function withOld(version: number, run: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    oldLedger(directory, version);
    run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("a ledger of an older redpkt is refused in one line that says how to convert it, and isn't changed", () => {
  withOld(3, (directory) => {
    const before = Deno.readFileSync(`${directory}/${TRUTH_FILE}`);
    const words = /ledger\.db: has the schema 3 of an older redpkt\. Convert it: redpkt ledger upgrade \S+$/;
    for (const open of [SqliteStore, TruthReader, LedgerIdentity]) {
      assert.throws(() => new open(directory), words);
    }
    assert.throws(() => refuseLostRows(directory, 0), words);
    assert.deepEqual(Deno.readFileSync(`${directory}/${TRUTH_FILE}`), before);
  });
});

Deno.test("an upgrade puts all rows into a chain, makes entries of limits and seed files, and keeps a copy", () => {
  for (const version of [1, 2, 3]) {
    withOld(version, (directory) => {
      const { rows, copy } = upgradeLedger(directory, new ManualClock());
      const old = new DatabaseSync(`${directory}/${copy}`, { readOnly: true });
      assert.equal(old.prepare("pragma user_version").get()!.user_version, version);
      const { n: oldRows } = old.prepare("select count(*) as n from entry").get()!;
      old.close();
      assert.equal(rows, (oldRows as number) + (version > 1 ? 3 : 1), "limits, and two seeds");
      const truth = new TruthReader(directory);
      const proving = eachProven(truth.db, genesis(ledgerIdOf(truth.db)));
      let step = proving.next();
      while (step.done !== true) step = proving.next();
      assert.equal(step.value.seq, rows);
      assert.deepEqual(truth.limits(), { packetsPerUser: 5, packetsPerSponsor: Infinity });
      assert.equal(notesOf(truth.db, kinds.limits).length, 1);
      const seeds = [{ hash: "abc", path: "/seeds/a.seed" }, { hash: "def", path: "/seeds/b.seed" }];
      assert.deepEqual(usedSeeds(truth.db), version > 1 ? seeds : []);
      const { unplaced } = truth.db.prepare("select count(*) as unplaced from ended where seq = 0").get()!;
      assert.equal(unplaced, 0);
      truth.close();
      refuseLostRows(directory, 0);
      assert.deepEqual(checkLedger(directory).problems, []);
      assert.throws(() => upgradeLedger(directory, new ManualClock()), /is of this version already/);
    });
  }
});

Deno.test("an old ledger that has lost rows which its projection knows is not upgraded", () => {
  withOld(3, (directory) => {
    const db = new DatabaseSync(`${directory}/projection.db`);
    db.exec(`create table progress (id integer primary key, seq integer not null);
      insert into progress values (1, 1000000); pragma user_version = 1;
      pragma application_id = ${0x72706b74}`);
    db.close();
    assert.throws(
      () => upgradeLedger(directory, new ManualClock()),
      /projection\.db knows rows up to 1000000/,
    );
    assert.throws(() => new TruthReader(directory), /schema 3/);
  });
});
