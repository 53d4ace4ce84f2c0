/** What every kind of books must do when operators stop, let go and take back. */
import assert from "node:assert/strict";
import { AwardState } from "../../core/books/account/award_state.ts";
import type { Books } from "../../core/books/contract/books.ts";
import type { HoldTarget } from "../../core/books/account/holds.ts";
import type { BooksCase } from "./books_conformance.ts";
import { FIRST_MS } from "./some_ledger.ts";
import { Hosts, settleAll, stateOf, statesOf } from "./wins.ts";

const { paid, unknown, queued } = AwardState;
const NOW_MS = FIRST_MS + 60_000;
const USER_9: HoldTarget = { kind: "user", first: 9, last: 9 };

function packets(first: number, last = first): HoldTarget {
  return { kind: "packet", first, last };
}

/** Claims what is due and says that this came of it. */
async function pay(
  { payments }: Books,
  state: typeof paid | typeof unknown | typeof queued,
): Promise<number[]> {
  const claimed = await payments.claim(NOW_MS, 1_000, 100);
  await payments.finish(
    claimed.map(({ packetId, claim }) => ({ packetId, claim, state, dueMs: 0, reason: "" })),
  );
  return claimed.map(({ packetId }) => packetId).sort((a, b) => a - b);
}

export const HOLD_CASES: readonly BooksCase[] = [
  [
    "a held user's packets aren't paid until they are released: those in the queue and later ones",
    async ({ books }) => {
      const hosts = new Hosts(books);
      await hosts.bring(1, [{ packetId: 1, user: 9, fen: 50 }, { packetId: 2, user: 10 }]);
      await settleAll(books);
      const held = await books.holds.hold(USER_9, "a suspect", NOW_MS);
      assert.deepEqual(held, { awards: 1, fen: 50, tooLate: 0 });
      await hosts.bring(1, [{ packetId: 3, user: 9, sponsor: 2, fen: 7, s: 1 }]);
      await settleAll(books);
      assert.deepEqual(await statesOf(books), ["1 held", "2 queued", "3 held"]);
      assert.deepEqual(await pay(books, paid), [2]);
      assert.deepEqual(await books.holds.release(USER_9, "no suspect", NOW_MS + 1), {
        ...{ awards: 2, fen: 57, tooLate: 0 },
      });
      assert.deepEqual(await pay(books, paid), [1, 3]);
      assert.deepEqual(await books.holds.journal(), [
        { act: "hold", ...USER_9, reason: "a suspect", wallMs: NOW_MS, awards: 1, fen: 50 },
        { act: "release", ...USER_9, reason: "no suspect", wallMs: NOW_MS + 1, awards: 2, fen: 57 },
      ]);
    },
  ],
  ["held packets keep their place, so that a release pays nobody over a limit", async ({ books }) => {
    const hosts = new Hosts(books);
    await books.holds.hold(packets(1, 2), "checking", NOW_MS);
    await hosts.bring(1, [1, 2, 3, 4].map((id) => ({ packetId: id, user: 9, sponsor: id })));
    await settleAll(books);
    assert.deepEqual(await statesOf(books), ["1 held", "2 held", "3 queued", "4 overUser"]);
    await books.holds.release(packets(1, 2), "checked", NOW_MS);
    assert.deepEqual(await statesOf(books), ["1 queued", "2 queued", "3 queued", "4 overUser"]);
  }],
  [
    "what two holds cover is held until both are released, and only a hold that is there can be",
    async ({ books }) => {
      await new Hosts(books).bring(1, [{ packetId: 1, user: 9 }, { packetId: 2, user: 9, sponsor: 2 }]);
      await settleAll(books);
      await books.holds.hold(USER_9, "one", NOW_MS);
      assert.deepEqual(await books.holds.hold(packets(2, 5), "two", NOW_MS), {
        awards: 0,
        fen: 0,
        tooLate: 0,
      });
      assert.deepEqual(await books.holds.holds(), [{ ...packets(2, 5), reason: "two" }, {
        ...USER_9,
        reason: "one",
      }]);
      assert.equal(await books.holds.release(packets(2), "x", NOW_MS), undefined);
      await books.holds.release(USER_9, "x", NOW_MS);
      assert.deepEqual(await statesOf(books), ["1 queued", "2 held"]);
      await books.holds.release(packets(2, 5), "x", NOW_MS);
      assert.deepEqual(await statesOf(books), ["1 queued", "2 queued"]);
      assert.equal((await books.holds.journal()).length, 4, "what came to nothing is no act");
    },
  ],
  ["a hold comes too late for what a gateway has or may have", async ({ books }) => {
    const hosts = new Hosts(books);
    await hosts.bring(1, [{ packetId: 1, user: 9 }]);
    await settleAll(books);
    await pay(books, paid);
    await hosts.bring(1, [{ packetId: 2, user: 9, sponsor: 2 }]);
    await settleAll(books);
    await pay(books, unknown);
    await hosts.bring(1, [{ packetId: 3, user: 9, sponsor: 3 }]);
    await settleAll(books);
    assert.deepEqual(await books.holds.hold(USER_9, "late", NOW_MS), { awards: 1, fen: 100, tooLate: 2 });
    assert.deepEqual(await statesOf(books), ["1 paid", "2 unknown", "3 held"]);
  }],
  [
    "revoked packets are never paid, and make room for others: those judged and those to come",
    async ({ books }) => {
      const hosts = new Hosts(books);
      await hosts.bring(1, [1, 2, 3].map((id) => ({ packetId: id, user: 9, sponsor: id, fen: id })));
      await settleAll(books);
      await books.holds.hold(packets(3), "checking", NOW_MS);
      assert.deepEqual(await books.holds.revoke(2, 4, "made twice", NOW_MS), {
        awards: 2,
        fen: 5,
        tooLate: 0,
      });
      await hosts.bring(
        1,
        [2, 3, 4, 5, 6, 7].map((id) => ({ packetId: 100 + id, user: 9, sponsor: id, s: 1 })),
      );
      await hosts.bring(2, [{ packetId: 4, user: 8, sponsor: 4 }]);
      await settleAll(books);
      assert.deepEqual(await statesOf(books), [
        ...["1 queued", "2 revoked", "3 revoked", "4 revoked", "102 queued", "103 queued"],
        ...["104 overUser", "105 overUser", "106 overUser", "107 overUser"],
      ]);
      assert.deepEqual(await pay(books, paid), [1, 102, 103]);
      await books.holds.release(packets(3), "x", NOW_MS);
      assert.equal(await stateOf(books, 3), AwardState.revoked);
    },
  ],
  [
    "a revocation comes too late for what is paid, and for what the gateway may still pay",
    async ({ books }) => {
      const hosts = new Hosts(books);
      await hosts.bring(1, [{ packetId: 1, user: 9 }, { packetId: 2, user: 8 }]);
      await settleAll(books);
      await pay(books, unknown);
      await pay(books, queued);
      assert.deepEqual(await statesOf(books), ["1 queued", "2 queued"]);
      await books.holds.hold(packets(2), "x", NOW_MS);
      assert.deepEqual(await books.holds.revoke(1, 2, "x", NOW_MS), { awards: 0, fen: 0, tooLate: 2 });
      assert.deepEqual(await statesOf(books), ["1 queued", "2 held"]);
      await pay(books, paid);
      assert.deepEqual(await books.holds.revoke(1, 1, "x", NOW_MS), { awards: 0, fen: 0, tooLate: 1 });
      assert.deepEqual(await statesOf(books), ["1 paid", "2 held"]);
    },
  ],
  ["acts among settlers at work miss nothing", async ({ books, another }) => {
    const hosts = new Hosts(books);
    const ids = Array.from({ length: 200 }, (_, i) => i + 1);
    await hosts.bring(1, ids.map((id) => ({ packetId: id, user: id })));
    const other = await another();
    await Promise.all([
      settleAll(books, Infinity, 2),
      settleAll(other, Infinity, 2),
      ...[50, 100, 150].map((last) => books.holds.revoke(last - 9, last, "x", NOW_MS)),
      other.holds.hold(packets(160, 170), "x", NOW_MS),
    ]);
    await settleAll(books);
    const states = await statesOf(books);
    const of = (state: string) => states.filter((each) => each.endsWith(state)).length;
    assert.deepEqual([of("revoked"), of("held"), of("queued")], [30, 11, 159]);
  }],
];
