import assert from "node:assert/strict";
import { ManualClock } from "../base/clock.ts";
import { Random } from "../base/random.ts";
import { AwardState } from "../books/account/award_state.ts";
import { BooksAway } from "../books/contract/books_away.ts";
import type { Payments } from "../books/account/payments.ts";
import { ModelBooks } from "../books/model/model_books.ts";
import type { FindOutcome, Gateway, PaymentOrder, PayOutcome } from "./gateway/gateway.ts";
import { Payer, type PayerEvent, type PayerOptions } from "./payer.ts";
import { retryMs } from "./retry.ts";
import { Hosts, settleAll, statesOf } from "../../test/books/wins.ts";

/** A gateway in memory that does as it is told, and remembers what it paid. */
class ToldGateway implements Gateway {
  readonly paid = new Map<string, PaymentOrder>();
  readonly pays: string[] = [];
  readonly finds: string[] = [];
  atOnce = 0;
  mostAtOnce = 0;
  /** What becomes of the next orders; after them all are paid. */
  readonly told: ("paid" | "refused" | "notTaken" | "lostBefore" | "lostAfter")[] = [];

  async pay(order: PaymentOrder): Promise<PayOutcome> {
    this.pays.push(order.key);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    await Promise.resolve();
    this.atOnce--;
    const known = this.paid.get(order.key);
    if (known !== undefined) return { kind: "paid" };
    const told = this.told.shift() ?? "paid";
    if (told === "paid" || told === "lostAfter") this.paid.set(order.key, order);
    if (told === "lostBefore" || told === "lostAfter") return { kind: "unknown", reason: "no answer" };
    return told === "paid" ? { kind: "paid" } : { kind: told, reason: "told so" };
  }

  // deno-lint-ignore require-await -- the contract is asynchronous
  async find({ key }: PaymentOrder): Promise<FindOutcome> {
    this.finds.push(key);
    return this.paid.has(key) ? { kind: "paid" } : { kind: "notFound" };
  }
}

interface World {
  readonly books: ModelBooks;
  readonly gateway: ToldGateway;
  readonly clock: ManualClock;
  readonly events: PayerEvent[];
  payer(more?: Partial<PayerOptions>): Payer;
}

/** So many payments of 100 fen that are due, and a payer whose time passes only while it waits. */
async function world(count: number): Promise<World> {
  const books = new ModelBooks({ event: "gala", packetsPerUser: 3, packetsPerSponsor: 1 });
  await new Hosts(books).bring(
    1,
    Array.from({ length: count }, (_, i) => ({ packetId: 1 + i, user: 1 + i })),
  );
  await settleAll(books);
  const gateway = new ToldGateway();
  const clock = new ManualClock(1_800_000_000_000);
  const events: PayerEvent[] = [];
  const wait = (ms: number) => {
    clock.advance(ms);
    return new Promise<void>((resolve) => setImmediate(resolve));
  };
  return {
    ...{ books, gateway, clock, events },
    payer: (more = {}) =>
      new Payer({
        ...{ payments: books.payments, gateway, event: "gala", clock, random: new Random(1) },
        ...{ parallel: 4, ratePerS: Infinity, leaseMs: 30_000, isOnce: true, isStopped: () => false, wait },
        sleep: wait,
        onEvent: (event) => events.push(event),
        ...more,
      }),
  };
}

Deno.test("everything is paid once, with the event and the packet as its key, and no more at once than may be", async () => {
  const { books, gateway, payer } = await world(30);
  const one = payer();
  await one.run();
  assert.deepEqual(one.sums, {
    paid: 30,
    paidFen: 3_000,
    refused: 0,
    notTaken: 0,
    unknown: 0,
    contradictions: 0,
  });
  assert.deepEqual(gateway.pays.toSorted(), Array.from({ length: 30 }, (_, i) => `gala/${i + 1}`).sort());
  assert.equal(gateway.mostAtOnce, 4);
  assert.deepEqual(gateway.paid.get("gala/7"), { key: "gala/7", user: 7, amountFen: 100 });
  assert.ok((await statesOf(books)).every((state) => state.endsWith(" paid")));
});

Deno.test("what has no answer is asked about and never just paid again; what isn't taken comes again", async () => {
  const { books, gateway, payer } = await world(4);
  gateway.told.push("lostAfter", "lostBefore", "notTaken", "refused");
  const one = payer({ parallel: 1 });
  await one.run();
  assert.deepEqual(gateway.finds.toSorted(), ["gala/1", "gala/2"]);
  assert.deepEqual(gateway.pays.toSorted(), ["gala/1", "gala/2", "gala/2", "gala/3", "gala/3", "gala/4"]);
  assert.deepEqual(await statesOf(books), ["1 paid", "2 paid", "3 paid", "4 refused"]);
  const { paid, refused, notTaken, unknown } = one.sums;
  assert.deepEqual([paid, refused, notTaken, unknown], [3, 1, 1, 2]);
});

Deno.test("a stopped payer ends its calls, and gives back what it hasn't begun", async () => {
  const { books, gateway, payer } = await world(30);
  const one: Payer = payer({ parallel: 2, isStopped: () => gateway.pays.length >= 5 });
  await one.run();
  assert.ok(gateway.pays.length <= 6, "nothing new is begun");
  const states = await statesOf(books);
  const of = (state: string) => states.filter((each) => each.endsWith(state)).length;
  assert.equal(of(" paid"), gateway.pays.length);
  assert.equal(of(" queued"), 30 - gateway.pays.length);
  await payer().run();
  assert.equal(gateway.pays.length, 30);
  assert.equal(gateway.finds.length, 0);
});

Deno.test("two payers share a queue, and what a dead one had is asked about once its lease is over", async () => {
  const { books, gateway, clock, payer } = await world(20);
  const claimed = await books.payments.claim(clock.wallMs(), 30_000, 3);
  gateway.paid.set(`gala/${claimed[0].packetId}`, { key: "", user: 1, amountFen: 1 }); // it died after this call
  await Promise.all([payer().run(), payer().run()]);
  assert.equal(gateway.pays.length, 19);
  assert.equal(new Set(gateway.pays).size, 19);
  assert.deepEqual(gateway.finds.toSorted(), claimed.map(({ packetId }) => `gala/${packetId}`).sort());
  assert.ok((await statesOf(books)).every((state) => state.endsWith(" paid")));
});

Deno.test("no more calls than the rate allows", async () => {
  const { clock, gateway, payer } = await world(60);
  const fromMs = clock.monotonicMs();
  await payer({ ratePerS: 10 }).run();
  assert.equal(gateway.pays.length, 60);
  const tookMs = clock.monotonicMs() - fromMs;
  assert.ok(tookMs >= 5_800 && tookMs < 7_000, `60 calls took ${tookMs} ms at 10 a second`);
});

Deno.test("while the gateway is away it is tried a call at a time, and then everything goes on", async () => {
  const { gateway, events, payer } = await world(400);
  for (let i = 0; i < 150; i++) gateway.told.push("notTaken");
  await payer({ parallel: 50 }).run();
  assert.equal(gateway.paid.size, 400);
  assert.ok(gateway.pays.length < 600);
  const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== "decided");
  assert.deepEqual(kinds, ["gatewayAway", "gatewayBack"]);
});

Deno.test("books that are away now and then lose nothing", async () => {
  const { books, gateway, events, payer } = await world(50);
  const random = new Random(5);
  const flaky =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => {
      const when = random.below(4);
      if (when === 0) throw new BooksAway("away before");
      const result = await call(...args);
      if (when === 1) throw new BooksAway("away after");
      return result;
    };
  const { payments } = books;
  const away: Payments = {
    claim: flaky(payments.claim.bind(payments)),
    finish: flaky(payments.finish.bind(payments)),
    queue: flaky(payments.queue.bind(payments)),
  };
  await payer({ payments: away }).run();
  assert.ok((await statesOf(books)).every((state) => state.endsWith(" paid")));
  assert.equal(new Set(gateway.pays).size, 50);
  assert.ok(events.some(({ kind }) => kind === "booksAway"));
});

Deno.test("while the books are away a payer rests, and looks again", async () => {
  const { books, gateway, clock, payer } = await world(1);
  const { payments } = books;
  let tries = 0;
  const away: Payments = {
    claim: (...args) => ++tries < 4 ? Promise.reject(new BooksAway("gone")) : payments.claim(...args),
    finish: payments.finish.bind(payments),
    queue: payments.queue.bind(payments),
  };
  const fromMs = clock.monotonicMs();
  await payer({ payments: away }).run();
  assert.equal(gateway.pays.length, 1);
  assert.ok(clock.monotonicMs() - fromMs >= 3_000, "a second each time");
});

Deno.test("our own fault ends a payer, wherever it comes up", async () => {
  const { books, payer } = await world(3);
  const { payments } = books;
  const whole: Payments = {
    claim: payments.claim.bind(payments),
    finish: payments.finish.bind(payments),
    queue: payments.queue.bind(payments),
  };
  const fail = () => Promise.reject(new Error("our own fault"));
  for (const part of ["claim", "finish", "queue"] as const) {
    const broken = { ...whole, [part]: fail };
    await assert.rejects(payer({ payments: broken }).run(), /our own fault/, part);
  }
  const broken: Gateway = { pay: fail, find: fail };
  const { payer: another } = await world(1);
  await assert.rejects(another({ gateway: broken }).run(), /our own fault/);
});

Deno.test("a gateway that changes its word is told of", async () => {
  const { books, clock, events, payer } = await world(1);
  const [{ packetId, claim }] = await books.payments.claim(clock.wallMs(), 0, 1);
  const refusing: Gateway = {
    pay: () => Promise.resolve({ kind: "paid" }),
    async find() {
      await books.payments.finish([{ packetId, claim, state: AwardState.refused, dueMs: 0, reason: "" }]);
      return { kind: "paid" };
    },
  };
  const one = payer({ gateway: refusing });
  await one.run();
  assert.equal(one.sums.contradictions, 1);
  assert.deepEqual(events.filter(({ kind }) => kind === "contradiction"), [{
    kind: "contradiction",
    packetIds: [1],
  }]);
});

Deno.test("tries come further and further apart, and none before the gateway wants it", () => {
  const random = new Random(2);
  for (let tries = 1; tries < 20; tries++) {
    const usualMs = Math.min(60_000, 250 * 2 ** Math.min(tries - 1, 10));
    const drawnMs = Array.from({ length: 50 }, () => retryMs(tries, random));
    assert.ok(drawnMs.every((ms) => ms >= usualMs / 2 && ms <= usualMs * 1.5), `try ${tries}`);
    assert.ok(new Set(drawnMs).size > 40);
    assert.ok(retryMs(tries, random, 5_000) >= 5_000);
  }
});
