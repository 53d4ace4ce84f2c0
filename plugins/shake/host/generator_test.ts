import assert from "node:assert/strict";
import type { OpenPart } from "../../../core/plugin/plugin.ts";
import { Random } from "../../../core/base/random.ts";
import { batchCount, batchFor, drawBatch, type PacketPlan } from "./batches.ts";
import { Generator, type MadeBefore, OtherPackets } from "./generator.ts";

const PLAN: PacketPlan = {
  ratePerS: 100,
  total: 95,
  minFen: 1,
  maxFen: 500,
  sponsors: 4,
  batch: batchFor(100),
  seed: 77,
};

/** A generator whose batches are durable as soon as they are drawn, unless `delay` of them are on their way. */
class Stage {
  readonly generator: Generator;
  readonly released: { packetId: number; amountFen: number; sponsor: number }[] = [];
  readonly #onTheWay: (() => void)[] = [];
  delay = 0;
  #nextId = 1_000;

  constructor(before?: MadeBefore, plan = PLAN) {
    this.generator = new Generator(plan, 0, Random.ofPart, before);
  }

  at(nowMs: number): number {
    for (;;) {
      const batch = this.generator.draw(nowMs, 1_000);
      if (batch === undefined) break;
      const firstId = this.#nextId;
      this.#nextId += batch.amountsFen.length;
      this.#onTheWay.push(() => this.generator.add(batch, firstId));
    }
    while (this.#onTheWay.length > this.delay) this.#onTheWay.shift()!();
    this.generator.release(
      nowMs,
      (packetId, amountFen, sponsor) => this.released.push({ packetId, amountFen, sponsor }),
    );
    return this.released.length;
  }
}

/** As many as are due at 100 a second, from 0 ms on; the last one may be a rounding late. */
function assertDue(count: number, ms: number, total: number): void {
  const due = Math.min(total, Math.floor(ms / 10) + 1);
  assert.ok(count === due || count === due - 1, `${count} of ${due} at ${ms} ms`);
}

/** A part that was made before from `firstId` on, of which some are taken. */
function madeBefore(part: number, firstId: number, takenPlaces: readonly number[]): OpenPart {
  const { amountsFen, sumFen, sponsor } = drawBatch(PLAN, part, Random.ofPart(PLAN.seed, part));
  const taken = new Uint8Array(2);
  for (const place of takenPlaces) taken[place >> 3] |= 1 << (place & 7);
  return { part, firstId, count: amountsFen.length, sumFen, sponsor, taken };
}

Deno.test("the parts of an order are the same whenever they are drawn, and differ from each other", () => {
  const texts = new Set<string>();
  for (let part = 0; part < 10; part++) {
    const draws = [1, 2].map(() => drawBatch(PLAN, part, Random.ofPart(PLAN.seed, part)));
    assert.deepEqual(draws[0], draws[1]);
    assert.equal(draws[0].amountsFen.length, part < 9 ? 10 : 5);
    assert.equal(draws[0].sumFen, draws[0].amountsFen.reduce((sum, fen) => sum + fen, 0));
    texts.add(draws[0].amountsFen.join());
  }
  assert.equal(texts.size, 10);
  assert.equal(batchCount(PLAN, 10), 0);
});

Deno.test("a batch is never more than comes in half a second, and never over 10,000", () => {
  assert.deepEqual([1, 4, 100, 5_000, 1_000_000].map(batchFor), [1, 2, 10, 50, 10_000]);
});

Deno.test("packets come at their rate, all of them, each once", () => {
  const stage = new Stage();
  for (let ms = 0; ms <= 1_000; ms += 5) {
    assertDue(stage.at(ms), ms, 95);
  }
  assert.equal(stage.generator.isDone, true);
  assert.equal(new Set(stage.released.map(({ packetId }) => packetId)).size, 95);
});

Deno.test("what was made before and not won comes first, with its own amounts, then what is left, at the rate", () => {
  const before = [madeBefore(1, 50, [0, 3, 9]), madeBefore(3, 80, [1, 2, 3, 4, 5, 6, 7, 8, 9])];
  const stage = new Stage({ parts: 4, made: 40, openParts: before });
  for (let ms = 0; ms <= 1_000; ms += 5) {
    assertDue(stage.at(ms), ms, 7 + 1 + 55);
  }
  assert.equal(stage.generator.isDone, true);
  const old = stage.released.filter(({ packetId }) => packetId < 1_000);
  const { amountsFen, sponsor } = drawBatch(PLAN, 1, Random.ofPart(PLAN.seed, 1));
  const ofPart1 = old.filter(({ packetId }) => packetId < 80);
  assert.deepEqual(ofPart1.map(({ packetId }) => packetId - 50), [1, 2, 4, 5, 6, 7, 8]);
  for (const one of ofPart1) {
    assert.deepEqual([one.amountFen, one.sponsor], [amountsFen[one.packetId - 50], sponsor]);
  }
  assert.deepEqual(old.filter(({ packetId }) => packetId >= 80).map(({ packetId }) => packetId), [80]);
});

Deno.test("while nothing gets into the ledger the tape stands still: afterwards there is no burst", () => {
  const stage = new Stage(undefined, { ...PLAN, total: 1_000 });
  stage.at(0);
  for (let ms = 5; ms <= 200; ms += 5) stage.at(ms);
  stage.delay = Infinity;
  const before = stage.released.length;
  for (let ms = 205; ms <= 60_000; ms += 5) stage.at(ms);
  stage.delay = 0;
  let last = stage.released.length;
  assert.ok(last < 150 && last > before, `${last}: what was durable came`);
  let count = last;
  for (let ms = 60_005; count < 1_000; ms += 5) {
    count = stage.at(ms);
    if (ms % 100 !== 0) continue;
    assert.ok(count - last <= 21, `${count - last} at once`); // 100 ms late, and the 100 ms since
    last = count;
  }
});

Deno.test("a break of the main thread isn't made up for", () => {
  const stage = new Stage(undefined, { ...PLAN, ratePerS: 10, batch: 5, total: 90 });
  for (let ms = 0; ms <= 500; ms += 5) stage.at(ms);
  assert.equal(stage.released.length, 6);
  assert.equal(stage.at(5_000), 8, "one that was due, and one that is 100 ms late");
  for (let ms = 5_000; ms <= 6_000; ms += 5) stage.at(ms);
  assert.ok(stage.released.length <= 18, "and then at the rate");
});

Deno.test("a part that isn't what its seed draws is told, and not given away", () => {
  const wrong = { ...madeBefore(0, 50, []), sumFen: 1 };
  const stage = new Stage({ parts: 1, made: 10, openParts: [wrong] });
  assert.throws(() => stage.at(0), OtherPackets);
  stage.generator.stop();
  stage.at(5_000);
  assert.deepEqual(stage.released, []);
  assert.equal(stage.generator.isDone, true);
});

Deno.test("a stopped order releases what it has made, and draws nothing", () => {
  const stage = new Stage();
  stage.at(0);
  stage.generator.stop();
  const drawn = 95;
  for (let ms = 0; ms < 5_000; ms += 5) stage.at(ms);
  assert.ok(stage.released.length <= drawn && stage.released.length >= 90, `${stage.released.length}`);
  assert.equal(stage.generator.isDone, true);
});

Deno.test("an order whose packets the ledger refuses draws no more, and is done with what it has", () => {
  const stage = new Stage(undefined, { ...PLAN, total: 50 });
  const { generator } = stage;
  const [kept, refused] = [generator.draw(0, 1_000)!, generator.draw(0, 1_000)!];
  assert.deepEqual([kept.part, refused.part, generator.unmade], [0, 1, 30]);
  generator.add(kept, 1_000);
  generator.drop();
  assert.deepEqual([generator.draw(10_000, 1_000), generator.unmade], [undefined, 0]);
  assert.equal(generator.isDone, false, "ten are to be released yet");
  stage.at(5_000);
  stage.at(10_000);
  assert.deepEqual([stage.released.length, generator.released, generator.isDone], [10, 10, true]);
});

Deno.test("an order isn't done while packets of it are on their way to the ledger, stopped or not", () => {
  const stage = new Stage(undefined, { ...PLAN, total: 10 });
  const { generator } = stage;
  const batch = generator.draw(0, 1_000)!;
  generator.stop();
  assert.equal(generator.isDone, false);
  generator.add(batch, 1_000);
  assert.equal(generator.isDone, false);
  for (let ms = 0; ms <= 200; ms += 5) stage.at(ms);
  assert.deepEqual([stage.released.length, generator.isDone], [10, true]);
});
