import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { EntryRows, ROW_FIELDS } from "../record/entry_rows.ts";
import { TRUTH_MIGRATIONS } from "./schema.ts";
import { addRows, eachRows, lastSeqOf, readDelivered, wordsOf } from "./sqlite_rows.ts";

function truthOf(rows: number): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  db.exec(TRUTH_MIGRATIONS.join(";"));
  const insert = db.prepare("insert into entry values (?, 1, ?, 3, 4, 5, 6, 7)");
  db.exec("begin");
  for (let seq = 1; seq <= rows; seq++) insert.run(seq, seq % 7);
  db.exec("commit");
  return db;
}

Deno.test("all rows between two come once and in order, each with its body, in blocks of any number", () => {
  const last = 6_000;
  const db = truthOf(last);
  assert.equal(lastSeqOf(db), last);
  const withBody = [1, 2_500, 2_501, 5_000, 5_001, last];
  for (const seq of withBody) {
    db.prepare("insert into body values (?, ?)").run(seq, new Uint8Array([seq, 0, 0, 1]));
  }
  for (
    const [after, until] of [[0, last], [0, Infinity], [2_499, 2_501], [2_500, 5_000], [last, Infinity], [
      7,
      7,
    ]]
  ) {
    const seen: number[] = [];
    const bodies: number[] = [];
    for (const { values, count, bodies: own } of eachRows(db, after, until)) {
      for (let row = 0; row < count; row++) {
        const at = row * ROW_FIELDS;
        const seq = values[at];
        assert.deepEqual([...values.subarray(at + 1, at + ROW_FIELDS)], [1, seq % 7, 3, 4, 5, 6, 7]);
        seen.push(seq);
      }
      for (const [seq, words] of own) {
        bodies.push(seq);
        assert.deepEqual([...words], [(seq & 0xff) + 2 ** 24]);
      }
    }
    const expected = Array.from({ length: last }, (_, i) => i + 1).filter((seq) =>
      seq > after && seq <= until
    );
    assert.deepEqual(seen, expected, `${after} to ${until}`);
    assert.deepEqual(bodies, withBody.filter((seq) => seq > after && seq <= until));
  }
  db.close();
  assert.equal(lastSeqOf(truthOf(0)), 0);
});

Deno.test("a number that was made too large by damage is read as far as it can be, and doesn't end the reading", () => {
  const db = truthOf(3);
  db.exec("update entry set amount = 9223372036854775807 where seq = 2");
  const [rows] = [...eachRows(db, 0, Infinity)].map(({ values, count }) =>
    values.slice(0, count * ROW_FIELDS)
  );
  assert.deepEqual([4, 12, 20].map((at) => rows[at]), [4, 2 ** 63, 4]);
  db.close();
});

Deno.test("rows that don't count up are damage", () => {
  const row = (seq: number) => [seq, 1, 2, 3, 4, 5, 6, 7];
  const rows = new EntryRows();
  addRows(rows, [row(6), row(9)], 5);
  assert.equal(rows.count, 2);
  for (const wrong of [[row(5)], [row(6), row(6)], [row(8), row(7)], [row(NaN)]]) {
    assert.throws(() => addRows(new EntryRows(), wrong, 5), /comes after row \d+: the file is damaged/);
  }
});

Deno.test("marks come in order from a mark on, and the last one is told", () => {
  const db = truthOf(0);
  for (const mark of [1, 2, 3]) {
    db.prepare("insert into delivered values (?, ?)").run(mark, new Uint8Array([mark, 0, 0, 0]));
  }
  const taken: number[] = [];
  const read = (after: number) => readDelivered(db, after, (words) => taken.push(...words));
  assert.deepEqual([read(0), taken.splice(0)], [3, [1, 2, 3]]);
  assert.deepEqual([read(2), taken.splice(0)], [3, [3]]);
  assert.deepEqual([read(3), taken], [3, []]);
  db.close();
});

Deno.test("words are read wherever a blob lies, and what is left over of them is cut off", () => {
  const bytes = new Uint8Array([9, 1, 0, 0, 0, 2, 0, 0, 0, 7]);
  assert.deepEqual([...wordsOf(bytes.subarray(1))], [1, 2]);
});
