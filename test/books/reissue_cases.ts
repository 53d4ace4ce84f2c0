/** What every kind of books must do about tickets that are made anew after a host was lost. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { awardStateName } from "../../core/books/account/award_state.ts";
import { statementOf } from "../../core/books/account/statement.ts";
import type { ReissueOutcome, WantedReissue } from "../../core/books/account/reissues.ts";
import type { Books } from "../../core/books/contract/books.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import type { BooksCase } from "./books_conformance.ts";
import { FIRST_MS } from "./some_ledger.ts";
import { awardsOf, Hosts, settleAll, statesOf } from "./wins.ts";

const LOST = 1;
const SPARE = 2;
const FEN = 10;
const FENCE_MS = FIRST_MS + 60_000;
/** Ids of the lost host's tickets, all of sponsor 1; the ids from 1,001 on are set aside. */
const TICKETS = 10;

function wanted(first: number, more: Partial<WantedReissue> = {}): WantedReissue {
  const tickets = TICKETS - first + 1;
  return {
    ...{
      hash: "a".repeat(64),
      set: "s",
      fenceMs: FENCE_MS,
      terms: "to 2",
      reason: "fire",
      wallMs: FENCE_MS + 1,
    },
    ranges: [{ sponsor: 1, first, last: TICKETS, fen: FEN * tickets }],
    tickets,
    reserve: { firstId: 1_001, count: 20 },
    ...more,
  };
}

/** Rows of one packet's way: its award, and that its user opened it. */
function won(packetId: number, user: number, isOpened = true, s = 0): number[] {
  const atMs = FIRST_MS + 1_000 * s;
  return [
    ...[0, EntryKind.award, packetId, user, FEN, 1, HELD, atMs],
    ...(isOpened ? [0, EntryKind.open, packetId, user, FEN, 1, 0, atMs] : []),
  ];
}

function minted(first: number, count: number): number[] {
  return [0, EntryKind.mint, first, 0, FEN * count, 1, count, FIRST_MS];
}

function gaveBack(packets: number): number[] {
  return packets === 0 ? [] : [0, EntryKind.giveBack, TICKETS, 0, FEN * packets, 1, 0, FENCE_MS];
}

/** Books in which the lost host has claimed its file and brought its tickets. */
async function begin(books: Books): Promise<Hosts> {
  const hosts = new Hosts(books);
  await hosts.rows(LOST, minted(1, TICKETS));
  const { ledger } = (await books.intake.cursor(LOST))!;
  await books.intake.claimSeed({ hash: "a".repeat(64), host: LOST, ledger }, FIRST_MS);
  return hosts;
}

function kindOf(outcome: ReissueOutcome): string {
  return outcome.kind === "done" && outcome.isRepeated ? "repeated" : outcome.kind;
}

async function total(books: Books) {
  return statementOf(await books.statements.sums()).total;
}

export const REISSUE_CASES: readonly BooksCase[] = [
  [
    "what was made anew is put in once, and its old ticket is paid to nobody who turns up with it",
    async ({ books }) => {
      const hosts = await begin(books);
      await hosts.rows(LOST, won(1, 7));
      const outcome = await books.reissues.reissue(wanted(5));
      assert.deepEqual(outcome, {
        kind: "done",
        isRepeated: false,
        reissue: {
          ...{ hash: "a".repeat(64), set: "s", host: LOST, fenceMs: FENCE_MS, terms: "to 2", firstId: 1_001 },
          ...{ tickets: 6, reason: "fire", wallMs: FENCE_MS + 1 },
        },
      });
      await hosts.rows(SPARE, [...minted(1_001, 6), ...won(1_001, 8)]);
      assert.equal((await total(books)).putInFen, FEN * TICKETS);
      // The dead host lives: one of its users won before the fence, one after.
      await hosts.rows(LOST, [...won(2, 9), ...won(6, 10)]);
      await settleAll(books);
      assert.deepEqual(await statesOf(books), ["1 queued", "2 queued", "6 revoked", "1001 queued"]);
      const { putInFen, wonFen, toPayFen, differenceFen, notWonFen } = await total(books);
      assert.deepEqual([putInFen, wonFen, toPayFen, notWonFen, differenceFen], [100, 30, 30, 70, 0]);
      assert.deepEqual((await books.reissues.reissues()).map(({ firstId }) => firstId), [1_001]);
    },
  ],
  [
    "asked again in the same words it says the same, and in others nothing is changed",
    async ({ books, another }) => {
      await begin(books);
      const other = await another();
      const both = await Promise.all([books, other].map(({ reissues }) => reissues.reissue(wanted(5))));
      assert.deepEqual(both.map(kindOf).sort(), ["done", "repeated"]);
      assert.deepEqual(await books.reissues.reissue(wanted(5, { wallMs: 9, reason: "again" })), {
        ...both[0],
        isRepeated: true,
      });
      for (const more of [{ fenceMs: FENCE_MS + 1 }, { terms: "to 3" }]) {
        assert.equal(kindOf(await books.reissues.reissue(wanted(5, more))), "otherTerms");
      }
      assert.equal(kindOf(await books.reissues.reissue(wanted(4))), "otherTerms");
      assert.equal((await books.reissues.reissues()).length, 1);
    },
  ],
  ["a fence at which the host lived, or before a ticket that somebody won, is none", async ({ books }) => {
    const hosts = await begin(books);
    assert.equal(kindOf(await books.reissues.reissue(wanted(5, { fenceMs: FIRST_MS - 1 }))), "alive");
    await hosts.rows(LOST, won(7, 9, false));
    assert.deepEqual(await books.reissues.reissue(wanted(5)), { kind: "won", packetId: 7 });
    assert.equal(kindOf(await books.reissues.reissue(wanted(8))), "done");
    assert.equal(kindOf(await books.reissues.reissue(wanted(5, { hash: "b".repeat(64) }))), "unclaimed");
  }],
  ["what a lost host hasn't said that it put in is put in once all the same", async ({ books }) => {
    const hosts = new Hosts(books);
    await hosts.rows(LOST, [0, EntryKind.mint, 5_000, 0, FEN, 3, 1, FIRST_MS]);
    const { ledger } = (await books.intake.cursor(LOST))!;
    await books.intake.claimSeed({ hash: "a".repeat(64), host: LOST, ledger }, FIRST_MS);
    assert.equal(kindOf(await books.reissues.reissue(wanted(5))), "done");
    await hosts.rows(SPARE, [...minted(1_001, 6), ...won(1_001, 8)]);
    await settleAll(books);
    const sumsOf = async () => {
      const { putInFen, notWonFen, differenceFen } = await total(books);
      return [putInFen, notWonFen, differenceFen];
    };
    assert.deepEqual(await sumsOf(), [FEN + 60, FEN + 50, 0]);
    await hosts.rows(LOST, minted(1, TICKETS));
    assert.deepEqual(await sumsOf(), [FEN + 100, FEN + 90, 0]);
  }],
  ["a reserve gives each id once, and no more than it has", async ({ books }) => {
    await begin(books);
    const { ledger } = (await books.intake.cursor(LOST))!;
    for (const hash of ["b", "c", "d"]) {
      await books.intake.claimSeed({ hash: hash.repeat(64), host: LOST, ledger }, FIRST_MS);
    }
    const ask = (name: string, tickets: number, set = "s") =>
      books.reissues.reissue(wanted(1, {
        ...{ hash: name.repeat(64), set, tickets, ranges: [] },
      }));
    const firsts = await Promise.all([ask("a", 12), ask("b", 8)]);
    const ids = firsts.map((each) =>
      each.kind === "done" ? [each.reissue.firstId, each.reissue.tickets] : []
    );
    assert.deepEqual(ids.toSorted((a, b) => a[0] - b[0]).map(([first]) => first)[0], 1_001);
    assert.ok(ids[0][0] + ids[0][1] <= ids[1][0] || ids[1][0] + ids[1][1] <= ids[0][0], JSON.stringify(ids));
    assert.deepEqual(await ask("c", 1), { kind: "noReserve", left: 0 });
    assert.equal(kindOf(await ask("d", 20, "other")), "done");
  }],
];

/** A world in which a host is lost: what it had released, and what of it comes to the books, and when. */
const lostHost = fc.record({
  fenceAfter: fc.integer({ min: 0, max: TICKETS - 1 }),
  /** Tickets that its users won, and whether they opened them; those past the fence if the fence was wrong. */
  wins: fc.uniqueArray(
    fc.record({ packetId: fc.integer({ min: 1, max: TICKETS }), isOpened: fc.boolean() }),
    {
      selector: ({ packetId }) => packetId,
    },
  ),
  /** How many of those the books know before the host is lost. */
  carried: fc.nat(TICKETS),
  spareWins: fc.integer({ min: 0, max: TICKETS }),
  isClosed: fc.boolean(),
  settlesBetween: fc.boolean(),
});

/** Whatever is lost and turns up again: sums close to the fen, and no ticket is paid under two ids. */
export async function anyLostHost(
  fresh: () => Promise<{ books: Books; dispose(): Promise<void> }>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(lostHost, async ({ fenceAfter, wins, carried, spareWins, isClosed, settlesBetween }) => {
      const { books, dispose } = await fresh();
      try {
        const hosts = await begin(books);
        const [before, after] = [wins.slice(0, carried), wins.slice(carried)];
        const rows = (some: typeof wins) =>
          some.flatMap(({ packetId, isOpened }) => won(packetId, 100 + packetId, isOpened));
        if (before.length > 0) await hosts.rows(LOST, rows(before));
        if (settlesBetween) await settleAll(books);
        const outcome = await books.reissues.reissue(wanted(fenceAfter + 1));
        const tooEarly = before.some(({ packetId }) => packetId > fenceAfter);
        assert.equal(outcome.kind, tooEarly ? "won" : "done");
        const anew = outcome.kind === "done" ? TICKETS - fenceAfter : 0;
        const spare = Array.from({ length: Math.min(spareWins, anew) }, (_, i) => 1_001 + i);
        if (anew > 0) {
          await hosts.rows(SPARE, [...minted(1_001, anew), ...spare.flatMap((id) => won(id, 500 + id))]);
        }
        if (settlesBetween) await settleAll(books);
        // The dead host's disk is found: all its rows come, and perhaps it is closed.
        const late = [...rows(after), ...(isClosed ? gaveBack(TICKETS - wins.length) : [])];
        if (late.length > 0) await hosts.rows(LOST, late);
        await settleAll(books);
        const sums = await total(books);
        assert.equal(sums.putInFen, FEN * TICKETS, "each ticket is put in once");
        assert.equal(sums.differenceFen, 0);
        const isIn = (id: number) => outcome.kind !== "done" || id <= fenceAfter || id > TICKETS;
        const paid = (await awardsOf(books)).filter(({ state }) => awardStateName(state) === "queued");
        assert.ok(paid.every(({ packetId }) => isIn(packetId)), "no old ticket is paid");
        const opened = wins.filter(({ packetId, isOpened }) => isOpened && isIn(packetId)).length +
          spare.length;
        assert.equal(paid.length, opened, "whoever won rightly is paid");
        assert.ok(sums.notWonFen >= 0 && sums.toPayFen + sums.notWonFen <= FEN * TICKETS);
        assert.equal(sums.openedFen, FEN * opened);
      } finally {
        await dispose();
      }
    }),
    { seed: 20150218, numRuns: 60 },
  );
}
