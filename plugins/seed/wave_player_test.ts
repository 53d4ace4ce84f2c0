import assert from "node:assert/strict";
import fc from "fast-check";
import { moved, paused, resumed, stretched } from "./schedule.ts";
import { TestTickets } from "./testing.ts";
import { WavePlayer } from "./wave_player.ts";

const LENGTH_MS = 10_000;
const TICK_MS = 5;

/** Evenly spread. */
function evenDues(count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor((i + 0.5) * LENGTH_MS / count));
}

/** A wave with both clocks and a log of when each ticket was released. */
class Stage {
  readonly tickets: TestTickets;
  player: WavePlayer;
  nowMs = 0;
  wallMs = 0;
  readonly released: { readonly id: number; readonly atMs: number }[] = [];

  constructor(duesMs: readonly number[], startMs = 0) {
    this.tickets = new TestTickets([duesMs], [{ startMs, lengthMs: LENGTH_MS }]);
    this.player = new WavePlayer(this.tickets.waves[0]);
  }

  tick(elapsedMs = TICK_MS): void {
    this.nowMs += elapsedMs;
    this.wallMs += elapsedMs;
    if (!this.player.isPlaying(this.wallMs)) return;
    this.player.play(
      this.tickets,
      this.wallMs,
      elapsedMs,
      (id) => this.released.push({ id, atMs: this.nowMs }),
    );
  }

  pass(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs;) this.tick();
  }

  /** The process dies and starts anew after a while; what was released counts as awarded with this chance. */
  restart(downMs: number, isAwarded: (id: number) => boolean): void {
    for (const { id } of this.released) if (isAwarded(id)) this.tickets.awarded.add(id);
    const { schedule } = this.player;
    this.player = new WavePlayer(this.tickets.waves[0], schedule);
    this.nowMs += downMs;
    this.wallMs += downMs;
  }
}

Deno.test("every ticket is released within a tick of its time", () => {
  const stage = new Stage(evenDues(500), 1_000);
  stage.pass(12_000);
  assert.equal(stage.released.length, 500);
  for (const { id, atMs } of stage.released) {
    const dueMs = 1_000 + evenDues(500)[id - 1];
    assert.ok(atMs >= dueMs && atMs <= dueMs + TICK_MS, `ticket ${id}, due ${dueMs}, at ${atMs}`);
  }
  assert.ok(stage.player.isOver);
});

Deno.test("tickets that are far apart don't make it late, however seldom it is asked", () => {
  const stage = new Stage(evenDues(20));
  while (stage.nowMs < LENGTH_MS) stage.tick(100);
  assert.equal(stage.released.length, 20);
  assert.ok(stage.player.isOver);
});

Deno.test("a restart releases what is left, at the plan's rate, and soon is where the plan is", () => {
  const stage = new Stage(evenDues(1_000));
  stage.pass(5_000);
  stage.restart(1_000, () => true);
  const before = stage.released.length;
  stage.pass(1_000);
  const inSecond = stage.released.length - before;
  assert.ok(inSecond >= 98 && inSecond <= 101, `${inSecond} in a second of the plan's 100`);
  assert.ok(
    Math.abs(stage.player.behindMs(stage.wallMs) - 1_000) <= 2 * TICK_MS,
    "behind by the time it was down",
  );
  stage.pass(6_000);
  assert.equal(new Set(stage.released.map(({ id }) => id)).size, 1_000);
});

Deno.test("a pause moves the end on, and a stretch takes longer", () => {
  const stage = new Stage(evenDues(100));
  stage.pass(2_000);
  stage.player.schedule = paused(stage.player.schedule, stage.wallMs);
  stage.pass(5_000);
  assert.equal(stage.released.length, 20);
  stage.player.schedule = resumed(stage.player.schedule, stage.wallMs);
  assert.equal(stage.player.endWallMs, 15_000);
  stage.pass(3_000);
  assert.equal(stage.released.length, 50);
  stage.player.schedule = stretched(stage.player.schedule, 2, stage.wallMs, LENGTH_MS);
  assert.equal(stage.player.endWallMs, 20_000);
  stage.pass(5_000);
  assert.equal(stage.released.length, 75);
  stage.pass(5_000);
  assert.equal(stage.released.length, 100);
});

Deno.test("a wave that is moved begins when it is told, before its start and while it plays", () => {
  const stage = new Stage(evenDues(100), 60_000);
  stage.player.schedule = moved(stage.player.schedule, 1_000);
  stage.pass(3_000);
  assert.equal(stage.released.length, 20);
  // Later: nothing twice, and it waits until its new start has come to where it was.
  stage.player.schedule = moved(stage.player.schedule, 4_000);
  stage.pass(3_000);
  assert.equal(stage.released.length, 20);
  stage.pass(1_000);
  assert.equal(stage.released.length, 30);
});

Deno.test("what was awarded before is skipped and counted, and released to nobody", () => {
  const stage = new Stage(evenDues(100));
  for (const id of [1, 2, 50, 100]) stage.tickets.awarded.add(id);
  stage.pass(11_000);
  const { released, skipped, isOver } = stage.player;
  assert.deepEqual([released, skipped, isOver], [96, 4, true]);
  assert.equal(stage.released.some(({ id }) => stage.tickets.awarded.has(id)), false);
});

Deno.test("a wave plays from its start to its end, and not while it is paused, stopped or empty", () => {
  const stage = new Stage(evenDues(10), 1_000);
  const { player, tickets } = stage;
  const [wave] = tickets.waves;
  assert.deepEqual([999, 1_000, 50_000].map((wallMs) => player.isPlaying(wallMs)), [false, true, true]);
  const still = new WavePlayer(wave, paused(player.schedule, 2_000));
  assert.equal(still.isPlaying(3_000), false);
  assert.equal(still.nextDueInMs(tickets, 3_000), Infinity);
  const stopped = new WavePlayer(wave, { ...player.schedule, isStopped: true });
  const empty = new WavePlayer(wave, player.schedule, true);
  for (const none of [stopped, empty]) {
    assert.deepEqual(
      [none.isOver, none.isPlaying(3_000), none.behindMs(3_000), none.nextDueInMs(tickets, 3_000)],
      [true, false, 0, Infinity],
    );
  }
});

Deno.test("how long until the next ticket is told in real time, before a wave, within it, and stretched", () => {
  const stage = new Stage([500, 700], 1_000);
  const { player, tickets } = stage;
  const nextIn = (wallMs: number) => player.nextDueInMs(tickets, wallMs);
  assert.deepEqual([0, 1_000, 1_400, 1_500, 9_000].map(nextIn), [1_000, 500, 100, 0, 0]);
  stage.pass(1_600);
  assert.deepEqual([stage.released.length, nextIn(1_600), player.behindMs(1_600)], [1, 100, 0]);
  player.schedule = stretched(player.schedule, 3, 1_600, LENGTH_MS);
  assert.equal(nextIn(1_600), 300);
  assert.equal(player.startWallMs, -200);
  stage.pass(400);
  assert.equal(stage.released.length, 2);
  assert.equal(nextIn(stage.wallMs), player.endWallMs - stage.wallMs, "past the last one its end is next");
});

type Step =
  | { kind: "pass"; ms: number }
  | { kind: "stall"; ms: number }
  | { kind: "restart"; ms: number; awarded: number }
  | { kind: "step"; ms: number }
  | { kind: "move"; ms: number }
  | { kind: "stretch"; factor: number }
  | { kind: "pause" }
  | { kind: "resume" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 5, max: 2_000 }) }),
  },
  fc.record({ kind: fc.constant("stall" as const), ms: fc.integer({ min: 5, max: 3_000 }) }),
  fc.record({
    kind: fc.constant("restart" as const),
    ms: fc.nat(5_000),
    awarded: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ kind: fc.constant("step" as const), ms: fc.integer({ min: -20_000, max: 20_000 }) }),
  fc.record({ kind: fc.constant("move" as const), ms: fc.integer({ min: -5_000, max: 5_000 }) }),
  fc.record({ kind: fc.constant("stretch" as const), factor: fc.integer({ min: 1, max: 4 }) }),
  fc.constant({ kind: "pause" as const }),
  fc.constant({ kind: "resume" as const }),
);

Deno.test("whatever happens to clocks, waves and the host: never above the plan's rate, none twice, none lost", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(LENGTH_MS - 1), { minLength: 1, maxLength: 300 }),
      fc.array(step, { maxLength: 25 }),
      (times, steps) => {
        const dues = times.sort((a, b) => a - b);
        const stage = new Stage(dues);
        let runs = 0;
        let runStart = 0;
        const runsOf: { id: number; atMs: number }[][] = [];
        for (const step of steps) {
          perform(stage, step, () => {
            runsOf[runs++] = stage.released.slice(runStart);
            runStart = stage.released.length;
          });
        }
        if (stage.player.schedule.pausedWallMs !== undefined) {
          stage.player.schedule = resumed(stage.player.schedule, stage.wallMs);
        }
        for (let i = 0; i < 400 && !stage.player.isOver; i++) stage.pass(1_000);
        runsOf[runs] = stage.released.slice(runStart);
        // A tick is a moment: what is due within it comes together. And one ticket may be late.
        const most = mostWithin(dues, 1_000) + mostWithin(dues, 2 * TICK_MS) + 1;
        for (const run of runsOf) {
          assert.ok(mostWithin(run.map(({ atMs }) => atMs), 1_000) <= most, "never above the plan's rate");
          assert.equal(new Set(run.map(({ id }) => id)).size, run.length, "none twice in a run");
        }
        const all = new Set([...stage.released.map(({ id }) => id), ...stage.tickets.awarded]);
        assert.equal(all.size, dues.length, "none lost");
      },
    ),
    { seed: 20150218, numRuns: 300 },
  );
});

/** The most times of any stretch of this width. */
function mostWithin(timesMs: readonly number[], widthMs: number): number {
  let most = 0;
  for (let first = 0, last = 0; last < timesMs.length; last++) {
    while (timesMs[last] - timesMs[first] >= widthMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function perform(stage: Stage, step: Step, endRun: () => void): void {
  const { player } = stage;
  const isPaused = player.schedule.pausedWallMs !== undefined;
  switch (step.kind) {
    case "pass":
      return stage.pass(step.ms);
    case "stall":
      return stage.tick(step.ms);
    case "restart":
      endRun();
      return stage.restart(step.ms, (id) => id * 0.618 % 1 < step.awarded);
    case "step":
      stage.wallMs += step.ms;
      return;
    case "move":
      if (!player.isOver) player.schedule = moved(player.schedule, stage.wallMs + step.ms);
      return;
    case "stretch":
      if (!player.isOver) {
        player.schedule = stretched(player.schedule, step.factor, stage.wallMs, LENGTH_MS);
      }
      return;
    case "pause":
      if (!isPaused) player.schedule = paused(player.schedule, stage.wallMs);
      return;
    case "resume":
      if (isPaused) player.schedule = resumed(player.schedule, stage.wallMs);
  }
}
