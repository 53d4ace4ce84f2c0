import assert from "node:assert/strict";
import fc from "fast-check";
import { Greetings } from "./greetings.ts";
import { moved, paused, plannedSchedule, resumed, stretched } from "./schedule.ts";
import { TestTickets } from "./testing.ts";
import { WavePlayer } from "./wave_player.ts";

const LENGTH_MS = 10_000;
const TICK_MS = 5;

/** Two waves of 10 s, at 0 s and at 20 s, with both clocks, and a log of when each greeting was released. */
class Stage {
  readonly tickets: TestTickets;
  readonly players: readonly WavePlayer[];
  greetings: Greetings;
  nowMs = 0;
  wallMs = -1;
  /** How many of those that are due are taken. */
  taken = Infinity;
  readonly released: { greeting: number; atMs: number }[] = [];

  constructor(...kinds: readonly { perS: number; limit: number; waves: readonly number[] }[]) {
    const greetings = kinds.map((kind, i) => ({ sponsor: 1, resource: i, ...kind }));
    this.tickets = new TestTickets([[], []], [{ lengthMs: LENGTH_MS }, {
      startMs: 20_000,
      lengthMs: LENGTH_MS,
    }], greetings);
    this.players = this.tickets.waves.map((wave) => new WavePlayer(wave));
    this.greetings = new Greetings(this.tickets, this.players, this.wallMs, new Map());
  }

  tick(elapsedMs = TICK_MS): void {
    this.nowMs += elapsedMs;
    this.wallMs += elapsedMs;
    this.greetings.release(this.wallMs, elapsedMs, (greeting, due) => {
      const taken = Math.min(due, this.taken);
      for (let i = 0; i < taken; i++) this.released.push({ greeting, atMs: this.nowMs });
      return taken;
    });
  }

  pass(ms: number): number {
    const before = this.released.length;
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs;) this.tick();
    return this.released.length - before;
  }

  /** The process starts anew; an operator's change is kept, as the plugin does. */
  restart(downMs: number, kept: ReadonlyMap<string, number> = new Map()): void {
    this.nowMs += downMs;
    this.wallMs += downMs;
    this.greetings = new Greetings(this.tickets, this.players, this.wallMs, kept);
  }
}

Deno.test("greetings come evenly, in the waves of their sponsor, until their limit", () => {
  const stage = new Stage({ perS: 20, limit: 1_000, waves: [0, 1] }, { perS: 8, limit: 30, waves: [1] });
  assert.equal(stage.greetings.unreleased, 1_030);
  for (let second = 0; second < 10; second++) assert.equal(stage.pass(1_000), 20);
  assert.equal(stage.pass(10_000), 0);
  assert.equal(stage.pass(10_000), 230);
  assert.equal(stage.pass(10_000), 0);
  assert.equal(stage.greetings.unreleased, 600);
});

Deno.test("what isn't taken is gone, and doesn't count for the limit", () => {
  const stage = new Stage({ perS: 20, limit: 100, waves: [0] });
  stage.taken = 0;
  assert.equal(stage.pass(5_000), 0);
  assert.equal(stage.greetings.unreleased, 100);
  stage.taken = Infinity;
  assert.equal(stage.pass(1_000), 20);
});

Deno.test("a break of the main thread isn't made up for", () => {
  const stage = new Stage({ perS: 1_000, limit: 1_000_000, waves: [0] });
  stage.pass(1_000);
  const before = stage.released.length;
  stage.tick(3_000);
  assert.ok(stage.released.length - before <= 21, `${stage.released.length - before} at once`);
});

Deno.test("however seldom it is asked, a slow greeting keeps its rate", () => {
  const stage = new Stage({ perS: 2, limit: 100, waves: [0] });
  while (stage.nowMs < LENGTH_MS) stage.tick(100);
  assert.equal(stage.released.length, 20);
});

Deno.test("the next one is due when it says, and a wave that is to come begins then", () => {
  const stage = new Stage({ perS: 2, limit: 3, waves: [1] });
  assert.equal(stage.greetings.nextDueInMs(0), 20_000);
  stage.pass(20_001);
  assert.ok(Math.abs(stage.greetings.nextDueInMs(stage.wallMs) - 250) <= TICK_MS);
  stage.pass(5_000);
  assert.equal(stage.released.length, 3);
  assert.equal(stage.greetings.nextDueInMs(stage.wallMs), Infinity, "the limit is reached");
});

Deno.test("after a restart what could have been released counts as released", () => {
  const stage = new Stage({ perS: 20, limit: 150, waves: [0, 1] });
  stage.pass(3_000);
  stage.restart(2_000);
  assert.equal(stage.greetings.unreleased, 50);
  assert.equal(stage.pass(1_000), 20);
  assert.equal(stage.pass(60_000), 30);
});

type Step =
  | { kind: "pass"; ms: number }
  | { kind: "stall"; ms: number }
  | { kind: "restart"; ms: number }
  | { kind: "step"; ms: number }
  | { kind: "move"; wave: number; ms: number }
  | { kind: "stretch"; wave: number; factor: number }
  | { kind: "turn"; wave: number };

const wave = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 5, max: 3_000 }) }),
  },
  fc.record({ kind: fc.constant("stall" as const), ms: fc.integer({ min: 5, max: 3_000 }) }),
  fc.record({ kind: fc.constant("restart" as const), ms: fc.nat(5_000) }),
  fc.record({ kind: fc.constant("step" as const), ms: fc.integer({ min: -10_000, max: 10_000 }) }),
  fc.record({ kind: fc.constant("move" as const), wave, ms: fc.integer({ min: -5_000, max: 5_000 }) }),
  fc.record({ kind: fc.constant("stretch" as const), wave, factor: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant("turn" as const), wave }),
);

Deno.test("whatever happens to clocks, waves and the host: never above rate or limit, and only while a wave plays", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 1_500 }),
      fc.array(step, { maxLength: 30 }),
      (perS, limit, steps) => {
        const stage = new Stage({ perS, limit, waves: [0, 1] });
        let kept = new Map<string, number>();
        let runStart = 0;
        const checkRun = () => {
          const run = stage.released.slice(runStart).map(({ atMs }) => atMs);
          // A tick is a moment, a stall of 20 ms is made up for, and one greeting may be late.
          const most = perS * (1_000 + 2 * TICK_MS + 20) / 1000 + 2;
          assert.ok(mostWithin(run, 1_000) <= most, `${mostWithin(run, 1_000)} in a second of ${perS}`);
          runStart = stage.released.length;
        };
        for (const step of steps) {
          if (step.kind === "restart") {
            checkRun();
            stage.restart(step.ms, kept);
          } else {
            perform(stage, step);
            const isChange = step.kind === "move" || step.kind === "stretch" || step.kind === "turn";
            if (isChange) kept = new Map(Object.entries(stage.greetings.reachedMs));
          }
        }
        checkRun();
        const wallSteps = steps.reduce((sum, step) => sum + (step.kind === "step" ? 1 : 0), 0);
        // Only a wall clock that was put back while the host was down could let it begin a wave anew.
        if (wallSteps === 0) {
          assert.ok(stage.released.length <= limit, `${stage.released.length} of ${limit}`);
        }
      },
    ),
    { seed: 20150218, numRuns: 400 },
  );
});

function mostWithin(timesMs: readonly number[], widthMs: number): number {
  let most = 0;
  for (let first = 0, last = 0; last < timesMs.length; last++) {
    while (timesMs[last] - timesMs[first] >= widthMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function perform(stage: Stage, step: Exclude<Step, { kind: "restart" }>): void {
  switch (step.kind) {
    case "pass": {
      stage.pass(step.ms);
      return;
    }
    case "stall":
      return stage.tick(step.ms);
    case "step":
      stage.wallMs += step.ms;
      return;
  }
  const player = stage.players[step.wave];
  const isPaused = player.schedule.pausedWallMs !== undefined;
  switch (step.kind) {
    case "move":
      player.schedule = moved(player.schedule, stage.wallMs + step.ms);
      return;
    case "stretch":
      player.schedule = stretched(player.schedule, step.factor, stage.wallMs, LENGTH_MS);
      return;
    case "turn":
      player.schedule = isPaused
        ? resumed(player.schedule, stage.wallMs)
        : paused(player.schedule, stage.wallMs);
  }
}

Deno.test("a wave that is stopped gives nothing, now and after a restart", () => {
  const stage = new Stage({ perS: 20, limit: 1_000, waves: [0, 1] });
  stage.pass(1_000);
  stage.players[0].schedule = { ...plannedSchedule(0), isStopped: true };
  assert.equal(stage.pass(4_000), 0);
  stage.restart(0, new Map(Object.entries(stage.greetings.reachedMs)));
  assert.equal(stage.pass(4_000), 0);
  assert.equal(stage.greetings.unreleased, 980);
});
