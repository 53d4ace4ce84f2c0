import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { CHUNK_BYTES, type Manifest } from "../../depot/manifest/manifest.ts";
import { DepotGate } from "../../depot/serve/depot_gate.ts";
import { type ChunkSource, Fetched, type OnFetched } from "./chunk_source.ts";
import { FetchList } from "./fetch_list.ts";
import { FetchPlan } from "./fetch_plan.ts";
import { ModelledSource } from "./modelled_source.ts";

const hash = (number: number) => number.toString(16).padStart(64, "0");

/** @param chunks of each package, by number; every one is whole but small last ones */
function manifestOf(chunks: readonly (readonly number[])[], windows: Manifest["windows"]): Manifest {
  return {
    schemaVersion: 1,
    version: 1,
    chunkBytes: CHUNK_BYTES,
    windows,
    packages: chunks.map((numbers, i) => ({
      name: `p${i}`,
      version: 1,
      sponsor: i,
      resource: i,
      bytes: CHUNK_BYTES * (numbers.length - 1) + 1_000,
      chunks: numbers.map(hash),
    })),
  };
}

class Counts {
  chunks = 0;
  bytes = 0;
  packages = 0;
  whole = 0;
  refusals = 0;
  failures = 0;
  damages = 0;
  chunk(bytes: number): void {
    this.chunks++;
    this.bytes += bytes;
  }
  packageWhole(): void {
    this.packages++;
  }
  usersWhole(by: number): void {
    this.whole += by;
  }
  refused(): void {
    this.refusals++;
  }
  failed(): void {
    this.failures++;
  }
  damaged(): void {
    this.damages++;
  }
}

/** A plan with a modelled depot, in steps of 20 ms of virtual time. */
class World {
  readonly counts = new Counts();
  readonly source: ModelledSource;
  readonly plan: FetchPlan;
  nowMs = 0;
  isShaking = false;

  constructor(manifest: Manifest, users: number, seed = 1) {
    const list = new FetchList(manifest);
    const random = new Random(seed);
    this.source = new ModelledSource(list, new DepotGate(manifest.windows, random.fork()));
    this.plan = new FetchPlan(users, list, this.source, random, this.counts);
  }

  pass(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; this.nowMs += 20) {
      this.plan.tick(this.nowMs, this.nowMs, !this.isShaking);
    }
  }
}

const always = (endMs: number, bytesPerS = 1e9) => [{ startMs: 0, endMs, bytesPerS }];

Deno.test("everybody has everything before the windows end, evenly spread, and each package counts when it is whole", () => {
  const world = new World(manifestOf([[1, 2], [3], [4, 5, 6]], always(100_000)), 500);
  const tenths = Array.from({ length: 10 }, () => {
    const before = world.counts.chunks;
    world.pass(10_000);
    return world.counts.chunks - before;
  });
  assert.deepEqual([world.counts.whole, world.counts.chunks, world.counts.packages], [500, 3_000, 1_500]);
  assert.ok(tenths.slice(0, 7).every((count) => count > 200 && count < 600), tenths.join(" "));
});

Deno.test("under a cap no second has more, and nearly all is used when all want more", () => {
  const bytesPerS = 4 * CHUNK_BYTES;
  const world = new World(manifestOf([[1, 2, 3]], always(60_000, bytesPerS)), 300);
  world.pass(60_000);
  assert.ok(world.source.mostBytesInS <= bytesPerS, `${world.source.mostBytesInS} of ${bytesPerS}`);
  assert.ok(world.source.bytes > 0.85 * 60 * bytesPerS, `${world.source.bytes / bytesPerS} s of 60`);
  assert.ok(world.counts.refusals > 0);
});

Deno.test("while people shake, and outside the windows, nothing moves; then it goes on, not all at once", () => {
  const windows = [{ startMs: 10_000, endMs: 40_000, bytesPerS: 1e9 }, {
    startMs: 80_000,
    endMs: 110_000,
    bytesPerS: 1e9,
  }];
  const world = new World(manifestOf([[1, 2, 3, 4]], windows), 400);
  world.pass(10_000);
  assert.equal(world.source.bytes, 0);
  world.pass(15_000);
  world.isShaking = true;
  world.pass(20);
  const bytes = world.source.bytes;
  assert.ok(bytes > 0);
  assert.equal(world.source.underWay, 0, "broken off at once");
  world.pass(10_000);
  assert.equal(world.source.bytes, bytes);
  world.isShaking = false;
  world.pass(500);
  assert.ok(world.source.bytes - bytes < 0.1 * bytes, "those who waited come in their turn");
  world.pass(60_000);
  assert.ok(world.counts.whole < 400);
  world.pass(20_000);
  assert.equal(world.counts.whole, 400);
});

Deno.test("of another manifest only chunks that are new are fetched, and who lacks them is whole no more", () => {
  const world = new World(manifestOf([[1, 2], [3]], always(200_000)), 50);
  world.pass(90_000);
  world.pass(80_000);
  assert.equal(world.counts.whole, 50);
  const next = manifestOf([[1, 7], [3], [8]], always(400_000));
  const list = new FetchList(next);
  world.plan.replace(list, new ModelledSource(list, new DepotGate(next.windows, new Random(9))));
  assert.equal(world.counts.whole, 0);
  const { chunks, packages } = world.counts;
  world.pass(230_000);
  assert.deepEqual([world.counts.whole, world.counts.chunks - chunks], [50, 100]);
  assert.equal(world.counts.packages - packages, 100, "the one that is as it was isn't switched again");
});

Deno.test("a chunk that two packages share is fetched once, and completes both", () => {
  const world = new World(manifestOf([[1, 2], [2, 1], [1, 1]], always(50_000)), 10);
  world.pass(50_000);
  assert.deepEqual([world.counts.whole, world.counts.chunks, world.counts.packages], [10, 20, 30]);
});

/** Refuses, fails and damages in turn. */
class BadSource implements ChunkSource {
  readonly asked: number[] = [];
  breaks = 0;
  readonly underWay = 0;
  nowMs = 0;
  fetch(user: number, chunk: number, done: OnFetched): boolean {
    this.asked.push(this.nowMs);
    const turn = this.asked.length % 4;
    const outcome = [Fetched.whole, Fetched.later, Fetched.failed, Fetched.damaged][turn];
    done(user, chunk, outcome, 7);
    return true;
  }
  tick(nowMs: number): void {
    this.nowMs = nowMs;
  }
  breakOff(): void {
    this.breaks++;
  }
}

Deno.test("who is refused comes when told, who fails waits a while, and what is damaged doesn't count", () => {
  const counts = new Counts();
  const source = new BadSource();
  const list = new FetchList(manifestOf([[1]], always(1_000_000)));
  const plan = new FetchPlan(1, list, source, new Random(4), counts);
  for (let nowMs = 0; nowMs < 1_000_000; nowMs += 20) plan.tick(nowMs, nowMs, true);
  assert.deepEqual([counts.refusals, counts.failures, counts.damages, counts.whole], [1, 1, 1, 1]);
  const waits = source.asked.slice(1).map((ms, i) => ms - source.asked[i]);
  assert.ok(waits[0] >= 7_000 && waits[0] <= 12_100, "Retry-After, and some more");
  assert.equal(source.asked.length, 4, "who has all asks no more");
});

Deno.test("what is under way is broken off once, when people begin to shake and when a window ends", () => {
  const source = new BadSource();
  const list = new FetchList(manifestOf([[1]], always(1_000)));
  const plan = new FetchPlan(1, list, source, new Random(4), new Counts());
  const breaks = [true, true, false, false, true].map((mayFetch, i) => {
    plan.tick(i * 20, i * 20, mayFetch);
    return source.breaks;
  });
  plan.tick(1_000, 1_000, true);
  assert.deepEqual([...breaks, source.breaks], [0, 0, 1, 1, 1, 2]);
});
