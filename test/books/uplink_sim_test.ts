/** Uplinks against the model of books: they die anywhere, are there twice, and the books fail and fall back. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { ManualClock } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { BooksAway } from "../../core/books/contract/books_away.ts";
import { ModelBooks } from "../../core/books/model/model_books.ts";
import { TruthSource } from "../../core/books/uplink/ledger_source.ts";
import { Uplink } from "../../core/books/uplink/uplink.ts";
import { EVENT } from "./books_kinds.ts";
import { FlakyIntake } from "./flaky_intake.ts";
import { booksContentOf, contentOf, openingsIn, RealLedger } from "./real_ledger.ts";

const SEEDS = 8;
const STEPS = 400;

/** How a wrong uplink or wrong books would be. */
interface Faults {
  /** What an uplink promises is so much later than it may be. */
  readonly promisesMs?: number;
}

/** One host with two uplinks, all in one order that the seed says. */
class World implements Disposable {
  readonly clock = new ManualClock();
  readonly books = new ModelBooks(EVENT);
  readonly ledger: RealLedger;
  readonly random: Random;
  readonly intake: FlakyIntake;
  readonly sources: (TruthSource & Disposable)[] = [];
  readonly #faults: Faults;
  fallBacks = 0;
  deaths = 0;

  constructor(seed: number, faults: Faults) {
    this.random = new Random(seed);
    this.ledger = new RealLedger({ host: 7, seed });
    this.intake = new FlakyIntake(this.books.intake, this.random.fork());
    this.#faults = faults;
  }

  uplink(): Uplink {
    const source = TruthSource.beside(this.ledger.directory);
    this.sources.push(source);
    const { clock } = this;
    return new Uplink({
      host: 7,
      name: "host 7",
      // deno-lint-ignore no-explicit-any -- it has what an uplink uses
      intake: this.intake as any,
      source,
      clock,
      quietMs: () => clock.wallMs() + (this.#faults.promisesMs ?? 0),
    });
  }

  [Symbol.dispose](): void {
    for (const source of this.sources) source[Symbol.dispose]();
    this.ledger[Symbol.dispose]();
  }
}

async function turn(uplink: Uplink): Promise<void> {
  try {
    await uplink.turn();
  } catch (error) {
    if (!(error instanceof BooksAway)) throw error;
  }
}

async function play(seed: number, faults: Faults = {}): Promise<void> {
  using world = new World(seed, faults);
  const { random, clock, ledger, books, intake } = world;
  const uplinks = [world.uplink(), world.uplink()];
  const turning: (Promise<void> | undefined)[] = [undefined, undefined];
  let back = books.remember();
  intake.failing = 0.15;
  for (let step = 0; step < STEPS; step++) {
    clock.advance(random.below(400));
    const what = random.below(100);
    if (what < 40) ledger.commit(1 + random.below(random.below(10) === 0 ? 2_500 : 60), clock.wallMs());
    else if (what < 45) ledger.deliver();
    else if (what < 47) ledger.adopt(clock.wallMs());
    else if (what < 50) back = books.remember();
    else if (what < 53) {
      back();
      world.fallBacks++;
    } else if (what < 56) {
      uplinks[random.below(2)] = world.uplink(); // the one that was there is never heard of again
      world.deaths++;
    } else {
      const which = random.below(2);
      // One call at a time each, and both at once.
      turning[which] ??= turn(uplinks[which]).finally(() => turning[which] = undefined);
      if (random.below(2) === 0) await turning[which];
    }
  }
  await Promise.all(turning);
  assert.ok(
    intake.failures > 3 && world.fallBacks > 0 && world.deaths > 0,
    `seed ${seed}: enough went wrong`,
  );
  intake.failing = 0;
  for (let i = 0; i < 2_000 && !uplinks[0].isCaughtUp; i++) {
    clock.advance(500);
    for (const uplink of uplinks) await turn(uplink);
  }
  const { rows, bodies } = contentOf(ledger.directory);
  assert.ok(rows.length > 1_000, `seed ${seed}: enough was won to mean anything`);
  const found = await booksContentOf(books.intake, 7);
  // Not deepEqual: what differs may be thousands of rows.
  assert.ok(isDeepStrictEqual(found.rows, rows), `seed ${seed}: each row once, as it is`);
  assert.ok(isDeepStrictEqual(found.bodies, bodies), `seed ${seed}: what lies beside them`);
  const openings = found.openings.map(({ seq, openedS, fen }) => ({ seq, openedS, fen }));
  assert.ok(
    isDeepStrictEqual(openings, openingsIn(rows)),
    `seed ${seed}: what was opened, each once, at its time`,
  );
}

Deno.test("the books get each row once, whatever dies, fails or falls back", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await play(seed);
});

Deno.test("an uplink that promises too much is found out", async () => {
  await assert.rejects(
    async () => {
      for (let seed = 1; seed <= SEEDS; seed++) await play(seed, { promisesMs: 60_000 });
    },
    /at its time/,
  );
});
