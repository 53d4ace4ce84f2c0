import assert from "node:assert/strict";
import { AwardState } from "./award_state.ts";
import type { BooksSums } from "./statements.ts";
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { statementOf } from "./statement.ts";

function entry(kind: number, fen: number, sponsor = 1) {
  return { sponsor, kind, isOpen: false, rows: 1, packets: 1, fen };
}

function difference(sums: Partial<BooksSums>): number {
  return statementOf({ entries: [], awards: [], waiting: [], again: [], reissued: [], ...sums }).total
    .differenceFen;
}

const OPENED = [entry(EntryKind.mint, 10), entry(EntryKind.award, 10), entry(EntryKind.open, 10)];

Deno.test("a fen that is opened and nowhere, or somewhere and never opened, is a difference", () => {
  const paid = (fen: number) => [{ sponsor: 1, state: AwardState.paid, awards: 1, fen }];
  assert.equal(difference({ entries: OPENED, awards: paid(10) }), 0);
  assert.equal(difference({ entries: OPENED, awards: paid(9) }), 1);
  assert.equal(difference({ entries: OPENED, awards: paid(11) }), -1);
  assert.equal(difference({ entries: OPENED }), 10);
  assert.equal(difference({ awards: paid(10) }), -10);
  assert.equal(difference({ entries: OPENED, again: [{ sponsor: 1, openings: 1, fen: 10 }] }), 0);
});

Deno.test("more won than put in, or opened than won, is a difference", () => {
  assert.equal(difference({ entries: [entry(EntryKind.mint, 10), entry(EntryKind.award, 12)] }), -2);
  const waiting = [{ sponsor: 1, openings: 1, fen: 12 }];
  const entries = [entry(EntryKind.mint, 99), entry(EntryKind.award, 10), entry(EntryKind.open, 12)];
  assert.equal(difference({ entries, waiting }), -2);
});

Deno.test("sponsors come in their order, whatever order the sums have", () => {
  const entries = [9, 2, 11, 1].map((sponsor) => entry(EntryKind.mint, sponsor, sponsor));
  const { sponsors, total } = statementOf({ entries, awards: [], waiting: [], again: [], reissued: [] });
  assert.deepEqual(sponsors.map(({ sponsor, putInFen }) => [sponsor, putInFen]), [[1, 1], [2, 2], [9, 9], [
    11,
    11,
  ]]);
  assert.deepEqual([total.sponsor, total.putInFen, total.notWonFen], [0, 23, 23]);
});
