/** What every queue of payments must do. */
import assert from "node:assert/strict";
import { AwardState } from "../../core/books/account/award_state.ts";
import type { Books } from "../../core/books/contract/books.ts";
import type { ClaimedPayment, PaymentResult } from "../../core/books/account/payments.ts";
import { FIRST_MS } from "./some_ledger.ts";
import type { BooksCase } from "./books_conformance.ts";
import { awardsOf, Hosts, settleAll, stateOf } from "./wins.ts";

const { queued, sending, paid, refused, unknown } = AwardState;
const NOW_MS = FIRST_MS + 60_000;
const LEASE_MS = 10_000;

/** Books with so many packets that are to be paid: one each to users from 1 on, a second apart. */
async function payables(books: Books, count: number): Promise<Hosts> {
  const hosts = new Hosts(books);
  await hosts.bring(
    1,
    Array.from({ length: count }, (_, i) => ({ packetId: 101 + i, user: 1 + i, fen: 10 + i, s: i })),
  );
  await settleAll(books);
  return hosts;
}

async function claim({ payments }: Books, wallMs = NOW_MS, most = 100): Promise<ClaimedPayment[]> {
  return (await payments.claim(wallMs, LEASE_MS, most)).sort((a, b) => a.packetId - b.packetId);
}

function result(
  { packetId, claim }: ClaimedPayment,
  state: PaymentResult["state"],
  dueMs = 0,
): PaymentResult {
  return { packetId, claim, state, dueMs, reason: state === refused ? 'no "account"\\' : "" };
}

export const PAYMENT_CASES: readonly BooksCase[] = [
  ["a payment is claimed by one payer, the longest due first, and paid", async ({ books, another }) => {
    await payables(books, 3);
    const other = await another();
    const [first] = await claim(books, NOW_MS, 1);
    assert.deepEqual(first, { packetId: 101, user: 1, amountFen: 10, claim: 1, isUnknown: false });
    assert.equal(await stateOf(books, 101), sending);
    assert.deepEqual((await claim(other)).map(({ packetId }) => packetId), [102, 103]);
    assert.deepEqual(await claim(books), []);
    assert.deepEqual(await books.payments.finish([result(first, paid)]), []);
    assert.equal(await stateOf(books, 101), paid);
    const [next] = await claim(books, NOW_MS + LEASE_MS, 1);
    assert.deepEqual(next, { packetId: 102, user: 2, amountFen: 11, claim: 2, isUnknown: true });
  }],
  ["many payers at once claim each payment once", async ({ books, another }) => {
    await payables(books, 50);
    const payers = [books, await another(), await another()];
    const claims = await Promise.all(
      payers.flatMap((payer) => [1, 2, 3, 4].map(() => claim(payer, NOW_MS, 7))),
    );
    const packets = claims.flat().map(({ packetId }) => packetId);
    assert.equal(new Set(packets).size, packets.length);
    const rest = await claim(books, NOW_MS, 100);
    assert.equal(packets.length + rest.length, 50);
  }],
  ["only what was settled as payable is in the queue", async ({ books }) => {
    const hosts = new Hosts(books);
    await hosts.bring(1, [{ packetId: 1, user: 9 }, { packetId: 2, user: 9 }]);
    assert.deepEqual(await claim(books), []);
    await settleAll(books);
    assert.deepEqual((await claim(books)).map(({ packetId }) => packetId), [1]);
  }],
  ["what was surely not taken comes back when it is due", async ({ books }) => {
    await payables(books, 1);
    const [one] = await claim(books);
    await books.payments.finish([result(one, queued, NOW_MS + 500)]);
    assert.deepEqual(await claim(books, NOW_MS + 499), []);
    assert.deepEqual(await claim(books, NOW_MS + 500), [{ ...one, claim: 2 }]);
  }],
  ["a dead payer's payment is found out about, never just paid again", async ({ books }) => {
    await payables(books, 1);
    const [one] = await claim(books);
    assert.deepEqual(await claim(books, NOW_MS + LEASE_MS - 1), []);
    const [asked] = await claim(books, NOW_MS + LEASE_MS);
    assert.deepEqual(asked, { ...one, claim: 2, isUnknown: true });
    assert.equal(await stateOf(books, 101), unknown);
    const [again] = await claim(books, NOW_MS + 2 * LEASE_MS);
    assert.deepEqual(again, { ...one, claim: 3, isUnknown: true }, "and so it stays until somebody knows");
    await books.payments.finish([result(again, queued, NOW_MS)]);
    assert.deepEqual(await claim(books, NOW_MS), [{ ...one, claim: 4 }]);
  }],
  ["an unknown outcome is asked for when it is due", async ({ books }) => {
    await payables(books, 1);
    const [one] = await claim(books);
    await books.payments.finish([result(one, unknown, NOW_MS + 5)]);
    assert.deepEqual(await claim(books, NOW_MS + 4), []);
    assert.deepEqual(await claim(books, NOW_MS + 5), [{ ...one, claim: 2, isUnknown: true }]);
  }],
  ["what an old claim says counts if it is a decision, and not else", async ({ books }) => {
    await payables(books, 2);
    const [old] = await claim(books);
    const late = NOW_MS + LEASE_MS;
    const [now] = await claim(books, late);
    assert.deepEqual(await books.payments.finish([result(old, queued), result(old, unknown)]), []);
    assert.equal(await stateOf(books, 101), unknown, "the newer claim goes on");
    assert.deepEqual(await books.payments.finish([result(old, paid)]), []);
    assert.equal(await stateOf(books, 101), paid);
    assert.deepEqual(await books.payments.finish([result(now, queued)]), []);
    assert.equal(await stateOf(books, 101), paid, "and what is paid is never queued again");
  }],
  ["a late decision counts though the payment was queued again meanwhile", async ({ books }) => {
    await payables(books, 1);
    const [old] = await claim(books);
    const [asked] = await claim(books, NOW_MS + LEASE_MS);
    await books.payments.finish([result(asked, queued)]);
    await books.payments.finish([result(old, paid)]);
    assert.equal(await stateOf(books, 101), paid);
    assert.deepEqual(await claim(books, NOW_MS + 9 * LEASE_MS), []);
  }],
  ["a decision is stored with its reason, once; another one contradicts it", async ({ books }) => {
    await payables(books, 2);
    const [one, two] = await claim(books);
    const { payments } = books;
    assert.deepEqual(await payments.finish([result(one, refused), result(two, paid)]), []);
    assert.deepEqual(await payments.finish([result(one, refused), result(two, paid)]), []);
    assert.deepEqual(await payments.finish([result(one, paid), result(two, refused)]), [101, 102]);
    const awards = await awardsOf(books);
    assert.deepEqual(awards.map(({ state, reason }) => [state, reason]), [
      [refused, 'no "account"\\'],
      [paid, ""],
    ]);
  }],
  ["a decision about a packet that isn't to be paid contradicts it", async ({ books }) => {
    const hosts = new Hosts(books);
    await hosts.bring(1, [{ packetId: 1, user: 9 }, { packetId: 2, user: 9 }]);
    await settleAll(books);
    const results = [1, 2, 3].map((packetId) => ({ packetId, claim: 1, state: paid, dueMs: 0, reason: "" }));
    assert.deepEqual(await books.payments.finish(results), [2, 3]);
    assert.equal(await stateOf(books, 2), AwardState.overSponsor);
  }],
  ["two results of one packet in one call are taken in their order", async ({ books }) => {
    await payables(books, 1);
    const [one] = await claim(books);
    const { payments } = books;
    assert.deepEqual(await payments.finish([result(one, unknown, 7), result(one, paid)]), []);
    assert.equal(await stateOf(books, 101), paid);
    assert.deepEqual(await payments.finish([]), []);
  }],
  ["the queue says what is in it, and when something is due", async ({ books }) => {
    assert.deepEqual(await books.payments.queue(), {
      ...{ queued: 0, sending: 0, unknown: 0, fen: 0, nextDueMs: undefined },
    });
    await payables(books, 4);
    const [one, two, three] = await claim(books, NOW_MS, 3);
    await books.payments.finish([result(one, paid), result(two, unknown, NOW_MS + 1)]);
    assert.deepEqual(await books.payments.queue(), {
      ...{ queued: 1, sending: 1, unknown: 1, fen: 11 + 12 + 13, nextDueMs: FIRST_MS + 3_000 },
    });
    await books.payments.finish([result(three, refused)]);
    assert.equal((await books.payments.queue()).fen, 11 + 13);
  }],
];
