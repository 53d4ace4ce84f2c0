/** What every settlement must do. */
import assert from "node:assert/strict";
import { AwardState } from "../../core/books/account/award_state.ts";
import { type Opening, partOf, PARTS } from "../../core/books/contract/openings.ts";
import { Random } from "../../core/base/random.ts";
import type { Books } from "../../core/books/contract/books.ts";
import type { BooksCase } from "./books_conformance.ts";
import { awardsOf, FIRST_S, Hosts, settleAll, statesOf, type Win } from "./wins.ts";

/** How many openings wait. */
async function waiting({ intake }: Books): Promise<number> {
  return (await intake.queue()).openings;
}

/** Wins of few users at three hosts, many of them over a limit. */
function drawWins(seed: number): Win[][] {
  const random = new Random(seed);
  return [1, 2, 3].map((host) =>
    Array.from({ length: 40 }, (_, i): Win => ({
      packetId: host * 1_000 + i,
      user: random.below(12),
      sponsor: 1 + random.below(5),
      fen: 1 + random.below(500),
      s: Math.floor(i / 10),
    }))
  );
}

/** What the plainest judge says: who comes first by second and packet, looking through all that was given. */
function oracle(wins: readonly Win[]): string[] {
  const given: Win[] = [];
  const ordered = [...wins].sort((a, b) => a.s! - b.s! || a.packetId - b.packetId);
  const states = new Map(ordered.map((win) => {
    const mine = given.filter(({ user }) => user === win.user);
    const isOverUser = mine.length >= 3;
    const isOver = isOverUser || mine.some(({ sponsor }) => sponsor === win.sponsor);
    if (!isOver) given.push(win);
    return [win.packetId, isOverUser ? "overUser" : isOver ? "overSponsor" : "queued"];
  }));
  return [...states].sort(([a], [b]) => a - b).map(([packetId, state]) => `${packetId} ${state}`);
}

export const SETTLEMENT_CASES: readonly BooksCase[] = [
  ["openings become awards as they are, and leave the queue", async ({ books }) => {
    await new Hosts(books).bring(7, [{ packetId: 5, user: 9, sponsor: 3, fen: 188, s: 2 }]);
    const settled = await books.settlement.settle(partOf(9), FIRST_S + 3, 100);
    assert.deepEqual(settled, { openings: 1, states: new Map([[AwardState.queued, 1]]), again: 0 });
    assert.deepEqual(await awardsOf(books), [{
      ...{ packetId: 5, host: 7, seq: 3, user: 9, sponsor: 3, fen: 188, openedS: FIRST_S + 2 },
      ...{ state: AwardState.queued, reason: "" },
    }]);
    assert.equal(await waiting(books), 0);
    assert.deepEqual(await settleAll(books), { openings: 0, again: 0 });
  }],
  [
    "only the part that is asked for, and only seconds before the given one, are judged",
    async ({ books }) => {
      const hosts = new Hosts(books);
      await hosts.bring(1, [{ packetId: 5, user: 9 }, { packetId: 6, user: 10, s: 1 }]);
      assert.notEqual(partOf(9), partOf(10));
      assert.equal((await books.settlement.settle(partOf(9), FIRST_S, 100))?.openings, 0);
      assert.equal((await books.settlement.settle(partOf(10), FIRST_S + 1, 100))?.openings, 0);
      assert.equal((await books.settlement.settle(partOf(9), FIRST_S + 1, 100))?.openings, 1);
      assert.equal(await waiting(books), 1);
      assert.equal((await books.settlement.settle(partOf(10), FIRST_S + 2, 100))?.openings, 1);
    },
  ],
  ["no more are judged than are asked for, the earliest first, then by packet", async ({ books }) => {
    const hosts = new Hosts(books);
    await hosts.bring(1, [{ packetId: 5, user: 9, sponsor: 1 }, { packetId: 4, user: 9, sponsor: 2, s: 1 }]);
    await hosts.bring(2, [{ packetId: 3, user: 9, sponsor: 3 }, { packetId: 7, user: 9, sponsor: 4, s: 1 }]);
    const order: string[][] = [];
    for (let i = 0; i < 4; i++) {
      await books.settlement.settle(partOf(9), Infinity, 1);
      order.push(await statesOf(books));
    }
    assert.deepEqual(order, [
      ["3 queued"],
      ["3 queued", "5 queued"],
      ["3 queued", "4 queued", "5 queued"],
      ["3 queued", "4 queued", "5 queued", "7 overUser"],
    ]);
  }],
  [
    "nobody is paid over a limit, whatever hosts they visited, in any order and by any batches",
    async (opened) => {
      const { books, remember } = opened;
      const fallBack = await remember();
      for (const seed of [1, 2, 3]) {
        const wins = drawWins(seed);
        const wanted = oracle(wins.flat());
        assert.ok(wanted.some((state) => state.endsWith("overUser")), "the drawn wins need the limits");
        assert.ok(wanted.some((state) => state.endsWith("overSponsor")));
        const random = new Random(seed);
        for (const most of [1, 7, 1_000]) {
          const hosts = new Hosts(books);
          const order = [0, 1, 2].sort(() => random.below(3) - 1);
          for (const host of order) await hosts.bring(host + 1, wins[host]);
          await settleAll(books, Infinity, most);
          assert.deepEqual(await statesOf(books), wanted, `seed ${seed}, ${most} at a time, hosts ${order}`);
          await fallBack();
        }
      }
    },
  ],
  ["the same when seconds are judged as they end, and hosts bring them in pieces", async ({ books }) => {
    const wins = drawWins(4);
    const hosts = new Hosts(books);
    for (let s = 0; s < 4; s++) {
      for (const [i, of] of wins.entries()) {
        for (const win of of.filter((win) => win.s === s)) await hosts.bring(3 - i, [win]);
      }
      await settleAll(books, FIRST_S + s + 1, 5);
    }
    assert.deepEqual(await statesOf(books), oracle(wins.flat()));
  }],
  ["several settlers at once judge everything once", async ({ books, another }) => {
    const wins = drawWins(5);
    const hosts = new Hosts(books);
    for (const [i, of] of wins.entries()) await hosts.bring(i + 1, of);
    const others = [books, await another(), await another()];
    const sums = await Promise.all(others.map((one) => settleAll(one, Infinity, 3)));
    // Parts that another one has are left to it: what is left over then is judged here.
    const rest = await settleAll(books);
    assert.equal([...sums, rest].reduce((sum, { openings }) => sum + openings, 0), wins.flat().length);
    assert.deepEqual(await statesOf(books), oracle(wins.flat()));
  }],
  ["a packet that two ledgers have is paid once, and the other opening is kept", async ({ books }) => {
    const hosts = new Hosts(books);
    await hosts.bring(1, [{ packetId: 5, user: 9 }]);
    await hosts.bring(2, [{ packetId: 5, user: 10, fen: 70 }]);
    assert.deepEqual(await settleAll(books), { openings: 2, again: 1 });
    await hosts.bring(3, [{ packetId: 5, user: 9, s: 1 }]);
    assert.deepEqual(await settleAll(books), { openings: 1, again: 1 });
    assert.equal((await awardsOf(books)).length, 1);
    const { again } = await books.statements.sums();
    assert.equal(again.reduce((sum, { openings }) => sum + openings, 0), 2);
  }],
  ["two settlers who meet at one packet of two ledgers pay it once", async ({ books, another }) => {
    const hosts = new Hosts(books);
    const packets = Array.from({ length: 60 }, (_, i) => i + 1);
    await hosts.bring(1, packets.map((packetId) => ({ packetId, user: 9, sponsor: packetId })));
    await hosts.bring(2, packets.map((packetId) => ({ packetId, user: 10, sponsor: packetId })));
    assert.notEqual(partOf(9), partOf(10));
    const other = await another();
    const [one, two] = await Promise.all([
      books.settlement.settle(partOf(9), Infinity, 100),
      other.settlement.settle(partOf(10), Infinity, 100),
    ]);
    assert.equal(one!.openings + two!.openings, 120);
    assert.equal(one!.again + two!.again, 60);
    assert.equal((await awardsOf(books)).length, 60);
  }],
  ["a late opening is judged when it comes, behind those that were judged", async ({ books }) => {
    const hosts = new Hosts(books);
    const first: Win[] = [1, 2, 3].map((id) => ({ packetId: 10 + id, user: 9, sponsor: id, s: 5 }));
    await hosts.bring(1, first);
    await settleAll(books);
    await hosts.bring(2, [{ packetId: 1, user: 9, sponsor: 4, s: 0 }]);
    await settleAll(books);
    assert.deepEqual(await statesOf(books), ["1 overUser", "11 queued", "12 queued", "13 queued"]);
  }],
  ["every part has its openings, and no user is in two", async ({ books }) => {
    const users = Array.from({ length: 500 }, (_, user) => user);
    await new Hosts(books).bring(1, users.map((user) => ({ packetId: user + 1, user })));
    const openings: Opening[] = [];
    for await (const block of books.intake.openings()) openings.push(...block);
    assert.ok(openings.every(({ part, user }) => part === partOf(user) && part >= 0 && part < PARTS));
    assert.deepEqual(await settleAll(books, Infinity, 3), { openings: 500, again: 0 });
  }],
];
