import assert from "node:assert/strict";
import { ManualClock } from "../base/clock.ts";
import { Counters, MetricLayout } from "./counters.ts";
import { record } from "./histogram.ts";
import { Series, type Snapshot } from "./series.ts";

const START_SECOND = 1_700_000_000;

/** A series on a clock that moves only when told to, with one timer at most. */
class Bench {
  readonly clock = new ManualClock(START_SECOND * 1000 + 400);
  readonly layout = new MetricLayout({
    shakes: { kind: "counter", help: "Shakes that came." },
    open: { kind: "gauge", help: "Connections that are open." },
    waitUs: { kind: "histogram", help: "Time in the queue in us." },
  });
  readonly counters = new Counters(this.layout, 2);
  timer: { ms: number; call: () => void } | undefined;
  readonly series = new Series("server", this.counters, this.clock, (ms, call) => {
    this.timer = { ms, call };
    return () => this.timer = undefined;
  });
  readonly taken: Snapshot[] = [];

  constructor() {
    this.series.subscribe((snapshot) => this.taken.push(snapshot));
  }

  count(block: number, shakes: number): void {
    this.counters.block(block)[this.layout.handle("shakes")] += shakes;
  }

  /** Lets the timer fire, so many ms too late. */
  fire(lateMs = 0): void {
    const { ms, call } = this.timer!;
    this.clock.advance(ms + lateMs);
    call();
  }

  get seconds(): number[] {
    return this.taken.map((snapshot) => snapshot.second - START_SECOND);
  }
}

Deno.test("a snapshot has what grew since the last one, and gauges as they are", () => {
  const bench = new Bench();
  bench.count(0, 3);
  bench.count(1, 4);
  bench.counters.block(1)[bench.layout.handle("open")] = 9;
  record(bench.counters.histogram(0, 0), 20);
  const first = bench.series.take(100);
  assert.deepEqual([first.second, first.deltas, first.totals], [100, { shakes: 7 }, { shakes: 7 }]);
  assert.deepEqual([first.gauges, first.blocks], [{ open: 9 }, { open: [0, 9] }]);
  assert.deepEqual(first.histograms, { waitUs: [[20, 1]] });
  assert.equal(first.readAtMs, START_SECOND * 1000 + 400);
  assert.deepEqual([first.version, first.role, first.process.pid], [1, "server", Deno.pid]);

  bench.count(1, 5);
  record(bench.counters.histogram(1, 0), 20);
  record(bench.counters.histogram(1, 0), 30);
  const second = bench.series.take(101);
  assert.deepEqual([second.deltas, second.totals], [{ shakes: 5 }, { shakes: 12 }]);
  assert.deepEqual(second.histograms, { waitUs: [[20, 1], [30, 1]] });
  assert.deepEqual(bench.series.take(102).histograms, { waitUs: [] });
});

Deno.test("the sum of all snapshots is what the totals say", () => {
  const bench = new Bench();
  let sum = 0;
  for (let second = 0; second < 50; second++) {
    bench.count(second % 2, second * 7);
    sum += bench.series.take(second).deltas.shakes;
  }
  assert.equal(sum, bench.series.totals().counters.shakes);
});

Deno.test("readings of all totals don't disturb the seconds", () => {
  const bench = new Bench();
  bench.count(0, 3);
  bench.series.totals();
  assert.deepEqual(bench.series.take(100).deltas, { shakes: 3 });
});

Deno.test("the latest 600 are kept", () => {
  const bench = new Bench();
  for (let second = 0; second < 605; second++) bench.series.take(second);
  assert.deepEqual([bench.series.kept.length, bench.series.kept[0].second], [600, 5]);
});

Deno.test("whoever unsubscribes hears no more", () => {
  const bench = new Bench();
  let heard = 0;
  const leave = bench.series.subscribe(() => heard++);
  bench.series.take(1);
  leave();
  bench.series.take(2);
  assert.equal(heard, 1);
});

Deno.test("it waits for the full second and takes the one that ended, once each", () => {
  const bench = new Bench();
  bench.series.start();
  assert.equal(bench.timer!.ms, 601);
  bench.fire();
  assert.equal(bench.timer!.ms, 1000);
  bench.fire(30);
  bench.fire();
  assert.deepEqual(bench.seconds, [0, 1, 2]);
});

Deno.test("a timer that fires early takes nothing, one that fires seconds late takes one", () => {
  const bench = new Bench();
  bench.series.start();
  bench.fire(-5);
  assert.deepEqual(bench.seconds, []);
  bench.fire();
  bench.count(0, 8);
  bench.fire(3000);
  assert.deepEqual(bench.seconds, [0, 4]);
  assert.deepEqual(bench.taken[1].deltas, { shakes: 8 });
  assert.ok(bench.taken[1].readAtMs >= (START_SECOND + 5) * 1000);
});

Deno.test("no count is lost when the wall clock steps, and a small step back tells no second twice", () => {
  for (const stepMs of [-600, -1500, -2500, -90_000, 700, 5000, 3_600_000]) {
    const bench = new Bench();
    bench.series.start();
    let counted = 0;
    for (let i = 0; i < 12; i++) {
      bench.count(0, 10 + i);
      counted += 10 + i;
      if (i === 5) bench.clock.stepWall(stepMs);
      bench.fire();
    }
    for (let i = 0; i < 4; i++) bench.fire();
    const before = bench.seconds.slice(0, 5);
    assert.deepEqual(before, [0, 1, 2, 3, 4], `${stepMs} ms`);
    if (stepMs >= -2000) assert.equal(new Set(bench.seconds).size, bench.seconds.length, `${stepMs} ms`);
    const told = bench.taken.reduce((sum, snapshot) => sum + snapshot.deltas.shakes, 0);
    assert.equal(told, counted, `${stepMs} ms`);
  }
});

Deno.test("stop ends it, also from inside a listener", () => {
  const bench = new Bench();
  bench.series.start();
  bench.series.stop();
  assert.equal(bench.timer, undefined);

  const other = new Bench();
  other.series.subscribe(() => other.series.stop());
  other.series.start();
  const { call } = other.timer!;
  other.timer = undefined;
  other.clock.advance(601);
  call();
  assert.deepEqual(other.seconds, [0]);
  assert.equal(other.timer, undefined);
});

Deno.test("finish tells what came after the last full second, then that it was the last", () => {
  const bench = new Bench();
  const ends: number[] = [];
  bench.series.subscribe(() => {}, () => ends.push(bench.taken.length));
  bench.series.start();
  bench.count(0, 3);
  bench.fire();
  bench.count(0, 4);
  bench.series.finish();
  bench.series.finish();
  assert.deepEqual(bench.taken.map(({ deltas, isLast }) => [deltas.shakes, isLast]), [[3, undefined], [
    4,
    true,
  ]]);
  assert.deepEqual([bench.seconds, ends, bench.timer], [[0, 1], [2], undefined]);
});
