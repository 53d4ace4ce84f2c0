/** What every statement must say. */
import assert from "node:assert/strict";
import { AwardState } from "../../core/books/account/award_state.ts";
import type { Books } from "../../core/books/contract/books.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { type StatementLine, statementOf } from "../../core/books/account/statement.ts";
import { FIRST_MS } from "./some_ledger.ts";
import type { BooksCase } from "./books_conformance.ts";
import { Hosts, settleAll } from "./wins.ts";

const NOW_MS = FIRST_MS + 60_000;

async function lines({ statements }: Books): Promise<readonly StatementLine[]> {
  return statementOf(await statements.sums()).sponsors;
}

/** A line without what is 0. */
function said(line: StatementLine): Record<string, number> {
  return Object.fromEntries(Object.entries(line).filter(([, value]) => value !== 0));
}

export const STATEMENT_CASES: readonly BooksCase[] = [
  ["without rows there is no line", async ({ books }) => {
    assert.deepEqual(await lines(books), []);
  }],
  ["every fen of a sponsor is somewhere, from the host to the gateway and back", async ({ books }) => {
    const hosts = new Hosts(books);
    const at = (kind: number, packet: number, user: number, fen: number, sponsor: number, count: number) => [
      ...[0, kind, packet, user, fen, sponsor, count, FIRST_MS],
    ];
    // Sponsor 1: 10 packets are put in; one isn't won and goes back, one lapses, one isn't opened, one has no opening.
    await hosts.rows(1, [
      ...at(EntryKind.mint, 1, 0, 1_000, 1, 10),
      ...at(EntryKind.award, 1, 5, 100, 1, HELD),
      ...at(EntryKind.award, 2, 5, 110, 1, HELD),
      ...at(EntryKind.award, 3, 6, 120, 1, 0),
      ...at(EntryKind.award, 4, 7, 90, 1, HELD),
      ...at(EntryKind.open, 1, 5, 100, 1, 0),
      ...at(EntryKind.lapse, 2, 5, 110, 1, 0),
      ...at(EntryKind.giveBack, 11, 0, 580, 1, 0),
    ]);
    assert.deepEqual((await lines(books)).map(said), [{
      ...{ sponsor: 1, putInPackets: 10, putInFen: 1_000, wonPackets: 4, wonFen: 420 },
      ...{ openedPackets: 2, openedFen: 220, notOpenedPackets: 1, notOpenedFen: 90 },
      ...{ notSettledPackets: 2, notSettledFen: 220, givenBackFen: 580, lapsedPackets: 1, lapsedFen: 110 },
      returnedFen: 690,
    }]);
    await settleAll(books);
    const [line] = await lines(books);
    assert.deepEqual([line.notSettledFen, line.toPayFen, line.differenceFen], [0, 220, 0]);
  }],
  ["each state has its column, and what isn't paid is returned or on its way", async ({ books }) => {
    const hosts = new Hosts(books);
    await books.holds.hold({ kind: "user", first: 60, last: 60 }, "x", NOW_MS);
    await books.holds.revoke(61, 61, "x", NOW_MS);
    await hosts.bring(1, [
      ...[1, 2, 3, 4].map((id) => ({ packetId: id, user: 50 + id, sponsor: 2, fen: id })),
      ...[5, 6].map((id) => ({ packetId: id, user: 55, sponsor: 2, fen: 10 * id })),
      ...[7, 8, 9, 10].map((id) => ({ packetId: id, user: 57, sponsor: id, fen: 5 })),
      { packetId: 60, user: 60, sponsor: 2, fen: 600 },
      { packetId: 61, user: 61, sponsor: 2, fen: 700 },
    ]);
    await hosts.bring(2, [{ packetId: 1, user: 80, sponsor: 2, fen: 1 }]);
    await settleAll(books);
    const claimed = await books.payments.claim(NOW_MS, 1_000, 4);
    const { paid, refused, unknown } = AwardState;
    const states = [paid, refused, unknown, undefined];
    await books.payments.finish(
      claimed.sort((a, b) => a.packetId - b.packetId).flatMap(({ packetId, claim }, i) => {
        const state = states[i];
        return state === undefined ? [] : [{ packetId, claim, state, dueMs: 0, reason: "no" }];
      }),
    );
    const all = await lines(books);
    assert.deepEqual(said(all[0]), {
      ...{ sponsor: 2, putInPackets: 9, putInFen: 1 + 2 + 3 + 4 + 50 + 60 + 600 + 700 + 1 },
      ...{ wonPackets: 9, wonFen: 1_421, openedPackets: 9, openedFen: 1_421 },
      ...{ paidPackets: 1, paidFen: 1, refusedPackets: 1, refusedFen: 2, inDoubtPackets: 2, inDoubtFen: 7 },
      ...{ toPayPackets: 1, toPayFen: 50, overSponsorPackets: 1, overSponsorFen: 60 },
      ...{ heldPackets: 1, heldFen: 600, revokedPackets: 1, revokedFen: 700, twicePackets: 1, twiceFen: 1 },
      returnedFen: 2 + 60 + 700 + 1,
    });
    assert.deepEqual(all.map(({ sponsor, overUserFen }) => [sponsor, overUserFen]), [
      ...[[2, 0], [7, 0], [8, 0], [9, 0], [10, 5]],
    ]);
    const { total } = statementOf(await books.statements.sums());
    assert.equal(total.putInFen, 1_421 + 20);
    assert.equal(total.differenceFen, 0);
  }],
  ["what users send each other is no sponsor's", async ({ books }) => {
    const hosts = new Hosts(books);
    await hosts.rows(1, [
      0,
      EntryKind.fund,
      0,
      5,
      1_000,
      1,
      0,
      FIRST_MS,
      0,
      EntryKind.send,
      9,
      5,
      70,
      1,
      2,
      FIRST_MS,
    ]);
    assert.deepEqual(await lines(books), []);
  }],
];
