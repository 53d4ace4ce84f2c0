import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { genesis } from "./chain.ts";
import { EntryRows } from "../record/entry_rows.ts";
import { StoreFailed } from "../disk/entry_store.ts";
import { brokenCopies, HeadMark, MARK_FILE, MarkBroken, readMark } from "./head_mark.ts";
import { hexOf, linkAt, tipOf } from "./links.ts";
import { SqliteStore, TRUTH_FILE } from "../store/sqlite_store.ts";

const ID = "0123456789abcdef".repeat(2);
const NO_MARKS = new Uint32Array();

function withDirectory(run: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** The next row of a group without members, which means nothing. */
function row(seq: number): EntryRows {
  const rows = new EntryRows();
  rows.values.set([seq, 10, seq, 0, 0, 0, 0, 0], rows.next());
  return rows;
}

Deno.test("a mark says what the ledger is after each commit, with rows or with marks alone", () => {
  withDirectory((directory) => {
    const store = new SqliteStore(directory, "off");
    assert.deepEqual([readMark(directory)!.seq, readMark(directory)!.mark], [0, 0], "made with the ledger");
    const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`, { readOnly: true });
    const commits: (() => void)[] = [
      () => store.append(row(1), NO_MARKS),
      () => store.append(row(2), Uint32Array.of(5)),
      () => store.append(new EntryRows(), Uint32Array.of(6)),
      () => store.noteLimits({ packetsPerUser: 3, packetsPerSponsor: 1 }, 0),
    ];
    for (const commit of commits) {
      commit();
      const { seq, mark, head } = tipOf(db);
      const { ledger: _ledger, ...marked } = readMark(directory)!;
      assert.deepEqual(marked, { seq, mark, headHex: hexOf(head) });
      // Marks that come alone are in the mark, and no other head of the last row.
      assert.equal(hexOf(store.lastRow.head), hexOf(linkAt(db, seq)!.head));
    }
    db.close();
    store.close();
  });
});

Deno.test("a mark is never ahead: a commit that failed is not in it", () => {
  withDirectory((directory) => {
    const store = new SqliteStore(directory, "off");
    store.append(row(1), NO_MARKS);
    const before = readMark(directory);
    const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
    db.exec("create trigger fails before insert on link begin select raise(abort, 'no'); end");
    assert.throws(() => store.append(row(2), NO_MARKS), /no/);
    assert.deepEqual(readMark(directory), before);
    db.exec("drop trigger fails");
    db.close();
    store.append(row(2), NO_MARKS);
    assert.equal(readMark(directory)!.seq, 2);
    store.close();
  });
});

Deno.test({
  name: "a mark that can't be written puts the batch in doubt, and has it once the disk works again",
  ignore: Deno.build.os !== "linux",
  fn() {
    withDirectory((directory) => {
      Deno.symlinkSync("/dev/full", `${directory}/${MARK_FILE}`);
      const store = new SqliteStore(directory, "off");
      assert.throws(() => store.append(row(1), NO_MARKS), StoreFailed);
      assert.throws(() => store.reopen(), StoreFailed);
      Deno.removeSync(`${directory}/${MARK_FILE}`);
      store.reopen();
      assert.deepEqual([store.lastSeq(), readMark(directory)!.seq], [1, 1]);
      store.close();
    });
  },
});

Deno.test("of two copies the one that is whole and knows more counts, and without one a mark is broken", () => {
  withDirectory((directory) => {
    const path = `${directory}/${MARK_FILE}`;
    assert.equal(readMark(directory), undefined);
    const mark = new HeadMark(directory, ID);
    mark.write({ ...genesis(ID), seq: 7 });
    const older = Deno.readFileSync(path);
    mark.write({ ...genesis(ID), seq: 8 });
    mark.close();
    const newer = Deno.readFileSync(path);
    const bytes = new Uint8Array([...newer.subarray(0, 512), ...older.subarray(512)]);
    Deno.writeFileSync(path, bytes);
    assert.equal(readMark(directory)!.seq, 8);
    bytes[100] ^= 4;
    Deno.writeFileSync(path, bytes);
    assert.equal(readMark(directory)!.seq, 7);
    bytes[512 + 100] ^= 4;
    Deno.writeFileSync(path, bytes);
    assert.throws(() => readMark(directory), MarkBroken);
    Deno.truncateSync(path);
    assert.throws(() => readMark(directory), MarkBroken);
  });
});

Deno.test("a mark is durable with its name before the ledger's first row, and not synced again", () => {
  const { syncSync } = Deno.FsFile.prototype;
  withDirectory((directory) => {
    const known: (number | undefined)[] = [];
    Deno.FsFile.prototype.syncSync = function () {
      known.push(readMark(directory)?.seq);
      syncSync.call(this);
    };
    try {
      new HeadMark(directory, ID).close();
      assert.deepEqual(known, Deno.build.os === "windows" ? [0] : [0, 0], "the file, then its folder");
      const mark = new HeadMark(directory, ID);
      mark.write({ ...genesis(ID), seq: 7 });
      mark.close();
      assert.ok(known.length <= 2, "a second sync would double what winners wait");
    } finally {
      Deno.FsFile.prototype.syncSync = syncSync;
    }
  });
});

Deno.test("of two copies with the same row the one with more deliveries counts, and a stray byte is damage", () => {
  withDirectory((directory) => {
    const path = `${directory}/${MARK_FILE}`;
    const mark = new HeadMark(directory, ID);
    mark.write({ ...genesis(ID), seq: 7, mark: 1 });
    const older = Deno.readFileSync(path);
    mark.write({ ...genesis(ID), seq: 7, mark: 2 });
    mark.close();
    const newer = Deno.readFileSync(path);
    for (const [first, second] of [[older, newer], [newer, older]]) {
      Deno.writeFileSync(path, new Uint8Array([...first.subarray(0, 512), ...second.subarray(512)]));
      assert.equal(readMark(directory)!.mark, 2);
      assert.deepEqual(brokenCopies(directory), []);
    }
    for (const bytes of [newer.subarray(0, -1), new Uint8Array([...newer, 0])]) {
      Deno.writeFileSync(path, bytes);
      assert.deepEqual(brokenCopies(directory), [1, 2], "it isn't as long as it was written");
    }
    for (const at of [newer.indexOf(0x0a) + 1, 500, 511]) {
      Deno.writeFileSync(path, newer.with(at, 1));
      assert.deepEqual(brokenCopies(directory), [1], `byte ${at}`);
    }
    Deno.removeSync(path);
    assert.deepEqual(brokenCopies(directory), []);
  });
});

Deno.test("an old mark is brought up to the truth by whoever opens it", () => {
  withDirectory((directory) => {
    const store = new SqliteStore(directory, "off");
    store.append(row(1), NO_MARKS);
    store.append(row(2), NO_MARKS);
    store.close();
    const [id, newest] = [readMark(directory)!.ledger, readMark(directory)];
    const mark = new HeadMark(directory, id);
    mark.write({ ...genesis(id), seq: 1 });
    mark.close();
    new SqliteStore(directory, "off").close();
    assert.deepEqual(readMark(directory), newest);
  });
});

Deno.test("limits are noted when they change, and the loosest that ever were in force count", () => {
  withDirectory((directory) => {
    const store = new SqliteStore(directory, "off");
    const noted = (packetsPerUser: number, packetsPerSponsor: number) => {
      store.noteLimits({ packetsPerUser, packetsPerSponsor }, 0);
      return [store.lastSeq(), store.limits().packetsPerUser, store.limits().packetsPerSponsor];
    };
    assert.deepEqual(noted(3, 1), [1, 3, 1]);
    assert.deepEqual(noted(3, 1), [1, 3, 1]);
    assert.deepEqual(noted(2, 5), [2, 3, 5]);
    assert.deepEqual(noted(Infinity, 1), [3, Infinity, 5]);
    assert.deepEqual(noted(3, 1), [4, Infinity, 5]);
    store.close();
  });
});
