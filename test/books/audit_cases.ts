/** What every look into the books must find. What is planted in a database is in `reconcile_books_test.ts`. */
import assert from "node:assert/strict";
import type { Books } from "../../core/books/contract/books.ts";
import { BlockHasher, ROWS_PER_BLOCK } from "../../core/books/account/row_hash.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { ROW_FIELDS } from "../../core/ledger/record/entry_rows.ts";
import type { BooksCase } from "./books_conformance.ts";
import { FIRST_MS } from "./some_ledger.ts";
import { Hosts, settleAll, type Win } from "./wins.ts";

/** All that is found to be wrong. */
async function found({ audits }: Books): Promise<number[]> {
  const all = [
    await audits.openings(),
    await audits.usersOver(),
    await audits.holders(),
    await audits.holds(),
  ];
  return all.map(({ count }) => count);
}

export const AUDIT_CASES: readonly BooksCase[] = [
  ["blocks of rows are the same as those of a ledger, up to a row", async ({ books }) => {
    const hosts = new Hosts(books);
    const rows: number[] = [];
    for (let i = 0; i < ROWS_PER_BLOCK + 500; i++) {
      rows.push(
        0,
        EntryKind.order,
        i * 7919 % 0xffff_ffff,
        i * 31 % 99_991,
        2 ** 33 + i,
        i % 65_536,
        i % 3,
        FIRST_MS + i,
      );
    }
    await hosts.rows(3, rows);
    await hosts.rows(4, rows.slice(0, ROW_FIELDS));
    const upTo = ROWS_PER_BLOCK + 400;
    const hasher = new BlockHasher();
    for (let i = 0; i < upTo; i++) {
      hasher.add([i + 1, ...rows.slice(i * ROW_FIELDS + 1, (i + 1) * ROW_FIELDS)], 0);
    }
    const blocks = await books.audits.blocks(3, upTo);
    assert.deepEqual(blocks, hasher.blocks());
    assert.deepEqual(blocks.map(({ block, rows }) => [block, rows]), [[0, ROWS_PER_BLOCK], [1, 400]]);
    const second = await books.audits.rowsOfBlock(3, 1);
    assert.deepEqual([...second.subarray(0, ROW_FIELDS)], [
      ROWS_PER_BLOCK + 1,
      ...rows.slice(ROWS_PER_BLOCK * ROW_FIELDS + 1, (ROWS_PER_BLOCK + 1) * ROW_FIELDS),
    ]);
    assert.equal(second.length, 500 * ROW_FIELDS);
    assert.deepEqual(await books.audits.blocks(5, 10), []);
  }],
  [
    "nothing is wrong with books in use: waiting, judged, twice, held, released and revoked",
    async ({ books }) => {
      const hosts = new Hosts(books);
      const wins = Array.from({ length: 60 }, (_, i): Win => ({
        ...{ packetId: 1 + i, user: i % 13, sponsor: 1 + i % 5, fen: 7 + i, s: Math.floor(i / 20) },
      }));
      await hosts.bring(1, wins.slice(0, 30));
      assert.deepEqual(await found(books), [0, 0, 0, 0]);
      await settleAll(books);
      await hosts.bring(2, [{ packetId: 5, user: 3 }, ...wins.slice(30)]);
      await books.holds.hold({ kind: "user", first: 1, last: 4 }, "x", FIRST_MS);
      await books.holds.hold({ kind: "packet", first: 20, last: 40 }, "x", FIRST_MS);
      await settleAll(books, Infinity, 9);
      assert.deepEqual(await found(books), [0, 0, 0, 0]);
      await books.holds.release({ kind: "user", first: 1, last: 4 }, "x", FIRST_MS);
      await books.holds.revoke(1, 25, "x", FIRST_MS);
      await hosts.bring(1, [{ packetId: 99, user: 12, s: 9 }]);
      assert.deepEqual(await found(books), [0, 0, 0, 0]);
    },
  ],
];
