import assert from "node:assert/strict";
import { ManualClock } from "../base/clock.ts";
import { AwardState } from "../books/account/award_state.ts";
import { BooksAway } from "../books/contract/books_away.ts";
import type { Books } from "../books/contract/books.ts";
import { PARTS } from "../books/contract/openings.ts";
import { ModelBooks } from "../books/model/model_books.ts";
import { FIRST_S, Hosts, statesOf, type Win } from "../../test/books/wins.ts";
import { Settler, type SettlerOptions } from "./settler.ts";

const EVENT = { event: "gala", packetsPerUser: 3, packetsPerSponsor: 1 };

/** Users of all parts, each with one win. */
function wins(count: number, s = 0): Win[] {
  return Array.from({ length: count }, (_, i) => ({ packetId: 1 + i, user: 1 + i, s }));
}

interface World {
  readonly books: ModelBooks;
  readonly hosts: Hosts;
  readonly clock: ManualClock;
  /** How long it rested, and what it was told. */
  readonly rests: number[];
  readonly told: string[];
  settler(more?: Partial<SettlerOptions>): Settler;
}

function makeWorld(): World {
  const books = new ModelBooks(EVENT);
  const clock = new ManualClock((FIRST_S + 100) * 1_000);
  const rests: number[] = [];
  const told: string[] = [];
  const settler = (more: Partial<SettlerOptions> = {}) =>
    new Settler({
      ...{ books, clock, batch: 4, patienceMs: 30_000, firstPart: 60, isOnce: true, isStopped: () => false },
      wait: (ms) => {
        rests.push(ms);
        clock.advance(ms);
        return Promise.resolve();
      },
      onBatch: (openings) => told.push(`${openings}`),
      onAway: (error) => told.push(error === undefined ? "back" : "away"),
      ...more,
    });
  return { books, hosts: new Hosts(books), clock, rests, told, settler };
}

Deno.test("all that waits is judged, batch by batch, and summed up by its state", async () => {
  const { books, hosts, told, rests, settler } = makeWorld();
  await hosts.bring(1, [...wins(300), { packetId: 900, user: 7 }, { packetId: 901, user: 8 }]);
  await hosts.bring(2, [{ packetId: 5, user: 5 }]);
  const one = settler();
  await one.run();
  assert.deepEqual([one.sums.openings, one.sums.again], [303, 1]);
  assert.deepEqual(
    [...one.sums.states].sort(([a], [b]) => a - b),
    [[AwardState.queued, 300], [AwardState.overSponsor, 2]],
  );
  assert.equal(told.reduce((sum, openings) => sum + Number(openings), 0), 303);
  assert.ok(told.length > PARTS && told.every((openings) => Number(openings) <= 4), "no batch is too large");
  assert.deepEqual([rests, (await statesOf(books)).length, (await books.intake.queue()).openings], [
    [],
    302,
    0,
  ]);
});

Deno.test("an opening waits until every host has brought its second, or was silent for too long", async () => {
  const { books, hosts, clock, rests, settler } = makeWorld();
  await hosts.bring(1, wins(3, 99));
  await hosts.bring(2, [{ packetId: 50, user: 50, s: 98 }]);
  const one = settler();
  await one.run();
  assert.equal(one.sums.openings, 4);
  assert.ok(rests.length > 40 && rests.every((ms) => ms === 500));
  const waitedS = clock.wallMs() / 1_000 - FIRST_S;
  assert.ok(waitedS >= 130 && waitedS < 131, `both are silent for 30 s after ${waitedS} s`);
  assert.equal((await statesOf(books)).length, 4);
});

Deno.test("it begins with the part that it is told, and stops between two of them", async () => {
  const { books, hosts, settler } = makeWorld();
  await hosts.bring(1, wins(300));
  const parts: number[] = [];
  const spied = {
    ...{ intake: books.intake },
    settlement: {
      settle: (part: number, beforeS: number, most: number) => {
        parts.push(part);
        return books.settlement.settle(part, beforeS, most);
      },
    },
  } as unknown as Books;
  await settler({ books: spied, isStopped: () => parts.length === 6 }).run();
  assert.deepEqual(parts, [60, 61, 62, 63, 0, 1]);
  await settler({ books: spied, batch: 1_000 }).run();
  assert.deepEqual(
    parts.slice(6),
    [60, 61, 62, 63, ...Array.from({ length: 60 }, (_, i) => i)].concat(
      [60, 61, 62, 63, ...Array.from({ length: 60 }, (_, i) => i)],
    ),
  );
});

Deno.test("a settler without end rests when nothing waits, and judges what comes then", async () => {
  const { hosts, rests, settler } = makeWorld();
  await hosts.bring(1, wins(2));
  const one: Settler = settler({ isOnce: false, isStopped: () => rests.length === 3 });
  await one.run();
  assert.deepEqual([rests, one.sums.openings], [[500, 500, 500], 2]);
});

Deno.test("books that are away are told of once, waited for, and told of when they are back", async () => {
  const { books, hosts, told, rests, settler } = makeWorld();
  await hosts.bring(1, wins(2));
  let awayFor = 3;
  const flaky = {
    intake: books.intake,
    settlement: {
      settle: (part: number, beforeS: number, most: number) => {
        if (awayFor-- > 0) throw new BooksAway("gone");
        return books.settlement.settle(part, beforeS, most);
      },
    },
  } as unknown as Books;
  const one = settler({ books: flaky, batch: 100 });
  await one.run();
  assert.deepEqual(rests.filter((ms) => ms === 1_000).length, 3);
  assert.deepEqual(told.filter((what) => !/^\d/.test(what)), ["away", "back"]);
  assert.equal(one.sums.openings, 2);
  const broken = { ...flaky, settlement: { settle: () => Promise.reject(new Error("our own fault")) } };
  await assert.rejects(settler({ books: broken as unknown as Books }).run(), /our own fault/);
});
