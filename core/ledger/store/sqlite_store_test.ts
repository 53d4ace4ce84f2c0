import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import { StoreFailed } from "../disk/entry_store.ts";
import { readDurableTime, refuseOtherHost } from "../evidence/host_notes.ts";
import { EntryRows } from "../record/entry_rows.ts";
import { LedgerIdentity } from "./ledger_identity.ts";
import { isOfMedium, SqliteStore, TRUTH_FILE } from "./sqlite_store.ts";
import { TruthReader } from "./truth_reader.ts";

const WALL_MS = 1_763_600_000_000;
const NO_MARKS = new Uint32Array();

function withDirectory(run: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Rows of groups without members, which mean nothing, as one commit. */
function rowsFrom(seq: number, count: number): EntryRows {
  const rows = new EntryRows();
  for (let i = 0; i < count; i++) {
    const at = rows.next(); // it may make room
    rows.values.set([seq + i, 10, seq + i, 0, 0, 0, 0, WALL_MS], at);
  }
  return rows;
}

function errorOf(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

Deno.test("a failing disk is told from a fault of ours: by the system's code, by SQLite's, by its words", () => {
  const error = (fields: Record<string, unknown>, message = "x") => Object.assign(new Error(message), fields);
  for (const code of ["EIO", "ENOSPC", "EROFS", "EACCES"]) {
    assert.equal(isOfMedium(error({ code })), true, code);
  }
  assert.equal(isOfMedium(error({ code: "ENOENT" })), false, "what isn't there is no fault of its medium");
  for (const errcode of [5, 6, 7, 8, 10, 13, 14, 10 + 256, 5 + 512]) {
    assert.equal(isOfMedium(error({ errcode })), true, `${errcode}`);
  }
  for (const errcode of [0, 1, 11, 19, 26, 11 + 256]) {
    assert.equal(isOfMedium(error({ errcode })), false, `${errcode}`);
  }
  const said = (message: string, code = "ERR_SQLITE_ERROR") => isOfMedium(error({ code }, message));
  for (
    const words of [
      "disk I/O error",
      "database or disk is full",
      "unable to open database file",
      "database is locked",
    ]
  ) {
    assert.equal(said(words), true, words);
    assert.equal(said(words, "ERR_OTHER"), false, words);
  }
  assert.equal(said("no such table: entry"), false);
  assert.equal(isOfMedium(new StoreFailed("x")), true);
  for (const none of [undefined, "EIO", { code: "EIO" }, new TypeError("a bug")]) {
    assert.equal(isOfMedium(none), false);
  }
});

Deno.test("rows are read after the end of any commit, and from within one they are refused", () => {
  withDirectory((directory) => {
    const store = new SqliteStore(directory, "off");
    store.append(rowsFrom(1, 20), NO_MARKS);
    store.append(rowsFrom(21, 16), NO_MARKS);
    store.append(new EntryRows(), Uint32Array.of(4));
    store.append(rowsFrom(37, 1), Uint32Array.of(5));
    const read = (after: number) => {
      const seen: number[] = [];
      store.read(
        after,
        ({ values, count }) => seen.push(...Array.from({ length: count }, (_, i) => values[i * 8])),
      );
      return seen;
    };
    const from = (first: number) => Array.from({ length: 38 - first }, (_, i) => first + i);
    for (const after of [0, 20, 36, 37]) assert.deepEqual(read(after), from(after + 1));
    for (const after of [1, 19, 35, 38]) {
      assert.throws(() => read(after), /ends no commit: restore it from a copy/);
    }
    assert.deepEqual([0, 20, 21, 37, 38].map((seq) => store.headAt(seq) !== undefined), [
      true,
      true,
      false,
      true,
      false,
    ]);
    assert.equal(store.lastSeq(), 37);
    store.close();
  });
});

Deno.test("rows that were changed behind the ledger's back are the user's to restore, and no fault of the disk", () => {
  withDirectory((directory) => {
    const store = new SqliteStore(directory, "off");
    store.append(rowsFrom(1, 3), NO_MARKS);
    store.close();
    const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
    db.exec("update entry set user = 7 where seq = 2");
    db.close();
    const again = new SqliteStore(directory, "off");
    const error = errorOf(() => again.read(0, () => {}));
    assert.ok(
      error instanceof UserError && /the ledger's rows 1 to 3: not what was committed/.test(error.message),
    );
    const mine = new TypeError("a bug");
    const fails = () => {
      throw mine;
    };
    assert.equal(errorOf(() => again.read(3, fails)), undefined, "there is nothing to read");
    again.append(rowsFrom(4, 1), NO_MARKS);
    assert.equal(errorOf(() => again.read(3, fails)), mine);
    again.close();
  });
});

Deno.test("a commit of any number of rows is whole, also of those that are entered several at once", () => {
  withDirectory((directory) => {
    const store = new SqliteStore(directory, "off");
    let seq = 1;
    for (const count of [1, 15, 16, 17, 31, 32, 33, 48]) {
      const rows = rowsFrom(seq, count);
      for (let row = 0; row < count; row++) {
        rows.values.set([seq + row, 10, row, 2, 3, 4, 5, 6 + row], row * 8);
      }
      const appended = [...rows.values.subarray(0, count * 8)];
      store.append(rows, NO_MARKS);
      const stored: number[] = [];
      store.read(seq - 1, ({ values, count }) => stored.push(...values.subarray(0, count * 8)));
      assert.deepEqual(stored, appended, `${count} rows`);
      seq += count;
    }
    assert.throws(() => store.append(rowsFrom(seq + 1, 1), NO_MARKS), /rows count up by 1/);
    store.close();
  });
});

Deno.test("whose ids a ledger has is noted once, and refused to any other host before anything is changed", () => {
  withDirectory((directory) => {
    const refusal = (hostNumber: number) =>
      (errorOf(() => refuseOtherHost(directory, hostNumber)) as Error)?.message;
    assert.equal(refusal(5), undefined, "there is no ledger");
    assert.equal(readDurableTime(directory), undefined);
    Deno.writeFileSync(`${directory}/${TRUTH_FILE}`, new Uint8Array());
    assert.equal(refusal(5), undefined, "it has only just been begun");
    const store = new SqliteStore(directory, "off");
    assert.equal(store.hostNumber, 0);
    store.noteHost(0, WALL_MS);
    assert.equal(store.lastSeq(), 0, "number 0 is never noted");
    assert.equal(refusal(5), undefined, "it has no packet yet");
    store.noteHost(5, WALL_MS);
    store.noteHost(5, WALL_MS);
    assert.deepEqual([store.lastSeq(), store.hostNumber], [1, 5]);
    store.close();
    assert.equal(refusal(5), undefined);
    for (const other of [0, 6]) {
      assert.match(
        refusal(other),
        new RegExp(`^--host-number ${other}: .* is of host number 5\\. Give --host-number 5`),
      );
    }
    assert.deepEqual(readDurableTime(directory), { eventMs: WALL_MS, graceUntilMs: 0, lagMs: 0 });
    Deno.writeTextFileSync(
      `${directory}/${TRUTH_FILE}`,
      "no database, and long enough to be looked into".repeat(9),
    );
    assert.match(refusal(5), /cannot be read now: .*\. Start again when it can$/);
  });
  withDirectory((directory) => {
    const store = new SqliteStore(directory, "off");
    store.append(rowsFrom(1, 1), NO_MARKS);
    store.close();
    assert.equal(
      errorOf(() => refuseOtherHost(directory, 0)),
      undefined,
      "before there were numbers all were 0",
    );
    assert.match((errorOf(() => refuseOtherHost(directory, 3)) as Error).message, /is of host number 0/);
  });
});

Deno.test("an identity tells rows, seed files and the last packet of a ledger, and makes one where there is none", () => {
  withDirectory((directory) => {
    const empty = new LedgerIdentity(directory);
    assert.match(empty.id, /^[0-9a-f]{32}$/);
    assert.deepEqual([empty.rows, empty.lastPacketId(), empty.hasSeed("a")], [0, 0, false]);
    empty.noteSeed("a", "/seeds/a", WALL_MS);
    empty.noteSeed("a", "/seeds/a", WALL_MS);
    assert.deepEqual([empty.rows, empty.hasSeed("a"), empty.hasSeed("b")], [1, true, false]);
    const store = new SqliteStore(directory, "off");
    const rows = new EntryRows();
    rows.values.set([2, 1, 10, 0, 50, 1, 5, WALL_MS], rows.next());
    rows.values.set([3, 1, 20, 0, 50, 1, 1, WALL_MS], rows.next());
    store.append(rows, NO_MARKS);
    store.close();
    const again = new LedgerIdentity(directory);
    assert.deepEqual([again.id, again.rows, again.lastPacketId()], [empty.id, 3, 20]);
    assert.equal(again.hasSeed("a"), true);
    assert.equal(again.headAt(3), again.head.headHex);
    assert.deepEqual([again.headAt(2), again.headAt(4)], [undefined, undefined]);
    assert.equal(again.headAt(1), empty.head.headHex);
  });
});

Deno.test("a reader of very many rows goes on to a new moment, and misses none", () => {
  withDirectory((directory) => {
    const store = new SqliteStore(directory, "off");
    for (let seq = 1; seq < 120_000; seq += 30_000) store.append(rowsFrom(seq, 30_000), NO_MARKS);
    const reader = new TruthReader(directory);
    let last = 0;
    let renewed = 0;
    const { renew } = reader.db;
    reader.db.renew = () => {
      renewed++;
      renew.call(reader.db);
    };
    reader.read(0, ({ values, count }) => {
      for (let row = 0; row < count; row++) assert.equal(values[row * 8], ++last);
    });
    assert.equal(last, 120_000);
    assert.equal(renewed, 1, "after 100,000 rows");
    assert.equal(reader.lastSeq(), last);
    reader.close();
    store.close();
  });
});

Deno.test("a store that is opened again is durable only once its log is in the file, which waits for whoever reads it", () => {
  withDirectory((directory) => {
    const store = new SqliteStore(directory, "off");
    store.append(rowsFrom(1, 3), NO_MARKS);
    const reader = new DatabaseSync(`${directory}/${TRUTH_FILE}`, { readOnly: true });
    reader.exec("begin");
    reader.prepare("select count(*) from entry").get(); // it goes on reading this moment
    store.append(rowsFrom(4, 3), NO_MARKS);
    const failed = errorOf(() => store.reopen());
    assert.ok(failed instanceof StoreFailed && /somebody reads it/.test(failed.message), String(failed));
    reader.exec("rollback");
    store.reopen();
    assert.equal(store.lastSeq(), 6);
    assert.equal(Deno.statSync(`${directory}/${TRUTH_FILE}-wal`).size, 0, "the log has begun anew");
    reader.close();
    store.close();
  });
});
