import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { TRUTH_MIGRATIONS } from "../disk/schema.ts";
import { HELD } from "../record/entry.ts";
import { EntryRows, ROW_FIELDS } from "../record/entry_rows.ts";
import { legsOf, legsSql } from "./accounts.ts";
import { numbersOf } from "./entry_kinds.ts";
import { balanceAccount } from "./sides.ts";

/** Kinds of which a ledger has rows. */
const KINDS = numbersOf(({ legs }) => legs !== undefined);

Deno.test("SQL names the same accounts as the program, of every kind of row", () => {
  const db = new DatabaseSync(":memory:");
  db.exec(TRUTH_MIGRATIONS[0]);
  const insert = db.prepare("insert into entry values (?, ?, ?, ?, ?, ?, ?, ?)");
  const rows = new EntryRows();
  for (const kind of KINDS) {
    for (const sponsor of [1, 7]) {
      for (const count of [0, HELD, 500]) {
        const at = rows.next();
        rows.values.set([rows.count, kind, 40, 50, 60, sponsor, count, 70], at);
        insert.run(...rows.values.subarray(at, at + ROW_FIELDS));
      }
    }
  }
  const [from, to] = legsSql();
  const [balanceFrom, balanceTo] = legsSql(true);
  const found = db.prepare(
    `select ${from} as f, ${to} as t, ${balanceFrom} as bf, ${balanceTo} as bt from entry order by seq`,
  ).all();
  assert.ok(KINDS.length >= 17);
  assert.equal(found.length, KINDS.length * 6);
  found.forEach(({ f, t, bf, bt }, row) => {
    const legs = legsOf(rows.values, rows.at(row));
    assert.deepEqual([f, t], legs);
    assert.deepEqual([bf, bt], legs.map(balanceAccount));
  });
  db.close();
});
