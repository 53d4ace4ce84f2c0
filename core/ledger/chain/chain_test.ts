import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { fillLedger } from "../../../bench/fill_ledger.ts";
import { fillSends } from "../../../bench/fill_sends.ts";
import { genesis, LinkHasher } from "./chain.ts";
import { EntryRows } from "../record/entry_rows.ts";
import { LedgerIdentity } from "../store/ledger_identity.ts";
import { hexOf, ledgerIdOf, linkAt, tipOf } from "./links.ts";
import { ChainBroken, eachProven } from "./prove_chain.ts";
import { SqliteStore, TRUTH_FILE } from "../store/sqlite_store.ts";

const AWARDS = 20_000;

function withDirectory(run: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Proves a whole ledger; returns how many rows it has. */
function prove(directory: string): number {
  const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`, { readOnly: true });
  try {
    let rows = 0;
    for (const block of eachProven(db, genesis(ledgerIdOf(db)))) rows += block.count;
    return rows;
  } finally {
    db.close();
  }
}

/** Some of everything: awards, sends with bodies, ended packets, marks of what was delivered. */
function fill(directory: string): void {
  fillLedger(directory, { awards: AWARDS, users: 5_000, isCheckpointed: false });
  fillSends(directory, { packets: 200, openEvery: 10, users: 100, isCheckpointed: false });
}

Deno.test("a head is what the documented bytes come to, and nothing else", () => {
  const before = genesis("0123");
  assert.equal(hexOf(before.head), hash("sha256", "redpkt ledger 0123"));
  const floats = (...numbers: number[]) => new Uint8Array(Float64Array.from(numbers).buffer);
  const words = (...numbers: number[]) => new Uint8Array(Uint32Array.from(numbers).buffer);
  const row = [1, 7, 4_294_967_295, 42, 500, 0, 2, 1_763_600_000_000];
  const { seq, mark, head } = new LinkHasher().next(before, {
    rows: Float64Array.from(row),
    bodies: [[1, Uint32Array.of(9, 8, 7)]],
    ended: [[4_294_967_295, { seq: 1, words: Uint32Array.of(5) }]],
    delivered: Uint32Array.of(3, 4),
  });
  const bytes = [
    ...before.head,
    ...floats(1, 1, 1, 1, 1, 2),
    ...floats(...row),
    ...[...floats(1, 3), ...words(9, 8, 7)],
    ...[...floats(1, 4_294_967_295, 1), ...words(5)],
    ...words(3, 4),
  ];
  assert.deepEqual([seq, mark, hexOf(head)], [1, 1, hash("sha256", Uint8Array.from(bytes))]);
});

Deno.test("every commit has a link that is proven, however large it is, and marks alone have one too", () => {
  withDirectory((directory) => {
    fill(directory);
    const store = new SqliteStore(directory, "off");
    const { seq, mark } = store.lastRow;
    store.append(new EntryRows(), Uint32Array.of(1, 2, 3));
    store.close();
    assert.equal(prove(directory), seq);
    const identity = new LedgerIdentity(directory);
    assert.equal(identity.rows, seq);
    // Whoever remembers a row isn't disturbed by marks that came later.
    assert.equal(identity.headAt(seq), identity.head.headHex);
    assert.equal(identity.headAt(seq - 1), undefined, "it is within a commit");
    assert.equal(identity.headAt(seq + 1), undefined);
    const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`, { readOnly: true });
    const tip = tipOf(db);
    assert.deepEqual([tip.seq, tip.mark], [seq, mark + 1]);
    assert.notEqual(hexOf(tip.head), identity.head.headHex);
    assert.equal(hexOf(linkAt(db, seq)!.head), identity.head.headHex);
    db.close();
  });
});

Deno.test("two ledgers with the same entries have different heads", () => {
  const heads = [0, 1].map(() => {
    let head = "";
    withDirectory((directory) => {
      const store = new SqliteStore(directory, "off");
      store.noteLimits({ packetsPerUser: 3, packetsPerSponsor: 1 }, 0);
      head = hexOf(store.lastRow.head);
      store.close();
    });
    return head;
  });
  assert.notEqual(heads[0], heads[1]);
});

Deno.test("whatever is changed, added or taken away in the truth breaks the chain, and says where", () => {
  const edits: readonly (readonly [sql: string, where: RegExp])[] = [
    ["update entry set user = user + 1 where seq = 7000", /^rows \d+ to \d+: not what was committed/],
    ["update entry set at_ms = at_ms + 1 where seq = 3", /^rows 1 to/],
    ["update entry set amount = iif(seq = 5, 99, 101) where seq in (5, 6)", /^rows 1 to/],
    ["delete from entry where seq = 12000", /not what was committed/],
    ["delete from entry where seq > 20100", /not what was committed/],
    [
      "insert into entry select max(seq) + 1, 6, 0, 7, 500, 0, 0, 0 from entry",
      /^rows 20\d+ to 20\d+ belong/,
    ],
    [
      "update body set words = zeroblob(length(words)) where seq = (select max(seq) from body)",
      /not what was/,
    ],
    ["delete from body where seq = (select min(seq) from body)", /not what was/],
    ["insert into body values (9, x'01000000')", /^rows 1 to/],
    ["update ended set words = zeroblob(length(words)) where number = 2", /not what was/],
    ["update ended set seq = seq + 1 where number = 2", /not what was/],
    ["delete from ended where number = 3", /not what was/],
    ["update delivered set packets = x'01000000' where mark = 1", /not what was/],
    ["delete from delivered where mark = 1", /not what was/],
    ["insert into delivered values (1000, x'01000000')", /^mark 1000 belongs to no commit/],
    ["update link set head = zeroblob(32) where seq = (select max(seq) from link)", /not what was/],
    ["delete from link where seq = (select min(seq) from link)", /not what was/],
    ["delete from link where seq = (select max(seq) from link)", /belong to no commit/],
    ["update identity set id = lower(hex(randomblob(16)))", /^rows 1 to/],
  ];
  withDirectory((original) => {
    fill(original);
    prove(original);
    for (const [sql, where] of edits) {
      withDirectory((directory) => {
        Deno.copyFileSync(`${original}/${TRUTH_FILE}`, `${directory}/${TRUTH_FILE}`);
        const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
        const { changes } = db.prepare(sql).run();
        db.close();
        assert.ok(changes as number > 0, `${sql}: changes something`);
        assert.throws(
          () => prove(directory),
          (error) => error instanceof ChainBroken && where.test(error.message),
          sql,
        );
      });
    }
  });
});
