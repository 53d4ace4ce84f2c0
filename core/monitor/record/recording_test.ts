import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { delta } from "../../charts/chart.ts";
import { UserError } from "../../base/user_error.ts";
import { ManualClock } from "../../base/clock.ts";
import { PLACE_COLUMNS } from "../../ledger/record/money_columns.ts";
import type { PlaceSums } from "../money/money_places.ts";
import type { MoneyView } from "../money/money_view.ts";
import { MoneyWatch } from "../money/money_watch.ts";
import { MonitorCore } from "../collect/monitor_core.ts";
import { Recording } from "./recording.ts";
import { Replay } from "./replay.ts";
import { replayInTime } from "./replay_all.ts";
import { makeSnapshot, TestWorld } from "../collect/testing.ts";

const TARGET = { url: "http://host:1", name: "host:1" };

function inTempDir(run: (path: string) => void): void {
  const dir = Deno.makeTempDirSync();
  try {
    run(`${dir}/run.db`);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

function write(path: string, batches: number): void {
  const recording = new Recording(path);
  for (let i = 0; i < batches; i++) {
    // Names that don't shrink much, so that the file has many pages.
    const deltas = Object.fromEntries(
      Array.from({ length: 200 }, (_, k) => [`m${(k * 7919 + i * 104729) % 99991}`, k]),
    );
    recording.add(TARGET, JSON.stringify(makeSnapshot(100 + i, { deltas })));
    recording.flush((101 + i) * 1000);
  }
  recording.mark({ id: 1, atMs: 5, kind: "phase", text: "wave 1" });
  recording.close(0);
}

Deno.test("a record gives back what was written, batch by batch, with the marks", () => {
  inTempDir((path) => {
    write(path, 3);
    write(path, 1); // a second run of the monitor goes on in the same file
    const replay = new Replay(path);
    const batches = [...replay.batches()];
    assert.deepEqual(batches.map(({ atMs }) => atMs), [101_000, 102_000, 103_000, 101_000]);
    assert.deepEqual(batches[0].snapshots[0][0], TARGET);
    assert.equal(batches[2].snapshots[0][1].second, 102);
    assert.deepEqual(replay.marks().map(({ text }) => text), ["wave 1", "wave 1"]);
    assert.deepEqual(replay.problems, []);
    replay.close();
  });
});

Deno.test("a record keeps what the plugins of its servers want to be seen, once", () => {
  inTempDir((path) => {
    const lines = [{ ...delta("rolls", "server", "diceRolls", "diceMore"), before: "due (fleet)" }];
    const dice = { plugin: "dice", charts: [{ id: "rate", lines }], warnings: [] };
    const recording = new Recording(path);
    recording.charts([dice]);
    recording.charts([dice, { plugin: "other", charts: [], warnings: [] }]);
    recording.close(0);
    const replay = new Replay(path);
    assert.deepEqual(replay.charts(), [dice, { plugin: "other", charts: [], warnings: [] }]);
    replay.close();
    const database = new DatabaseSync(path);
    database.exec("DROP TABLE charts");
    database.close();
    const old = new Replay(path);
    assert.deepEqual([old.charts(), old.problems], [[], []], "a record of a redpkt that didn't keep it");
    old.close();
  });
});

/** Where the money was, with so much in the pool. */
function moneyAt(atMs: number, poolFen: number): MoneyView {
  const sums = Object.fromEntries(PLACE_COLUMNS.map((name) => [name, 0])) as PlaceSums;
  const inAll = { ...sums, sponsor: 0, wave: "", poolFen, madeFen: poolFen, offByFen: 0, secondsLeft: null };
  return {
    atMs,
    told: 1,
    asked: 1,
    sums: { poolFen, sourceFen: -poolFen },
    accounts: [{ words: "in the pool", fen: poolFen }],
    sumFen: 0,
    places: [{ ...inAll, sponsor: 7 }],
    inAll,
    placesLeftOut: 0,
    waves: [],
  };
}

Deno.test("a record shows again where the money was, when it was there", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.remove(path);
    const recording = new Recording(path);
    const views = [moneyAt(101_500, 900), moneyAt(102_500, 700), moneyAt(109_000, 5)];
    for (const view of views) recording.money(view);
    recording.close(0);
    write(path, 3); // at 101, 102 and 103 s
    const clock = new ManualClock(0);
    const core = new MonitorCore(new TestWorld());
    const watch = new MoneyWatch(core, () => Promise.reject(new Error("a record asks nobody")), undefined);
    const seen: unknown[] = [];
    watch.subscribe((view) => seen.push([clock.wallMs(), view]));
    const replay = new Replay(path);
    await replayInTime(replay, core, clock, {
      pause: () => Promise.resolve(),
      isStopped: () => false,
      money: watch,
    });
    const end = clock.wallMs();
    assert.deepEqual(seen, [[102_000, views[0]], [103_000, views[1]], [end, views[2]]]);
    assert.deepEqual(replay.problems, []);
    replay.close();

    const database = new DatabaseSync(path);
    database.exec("UPDATE money SET view = x'0102' WHERE id = 2");
    const broken = new Replay(path);
    assert.equal([...broken.money()].length, 1);
    assert.match(broken.problems[0], /money: /);
    broken.close();
    database.exec("DROP TABLE money");
    database.close();
    const old = new Replay(path);
    assert.deepEqual([[...old.money()], old.problems], [[], []], "an earlier redpkt kept none");
    old.close();
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a record that was cut short is read as far as it goes, and says so", () => {
  inTempDir((path) => {
    write(path, 60);
    const { size } = Deno.statSync(path);
    Deno.truncateSync(path, Math.floor(size / 4096 / 2) * 4096);
    const replay = new Replay(path);
    const read = [...replay.batches()].length;
    assert.ok(read < 60, `${read} of 60`);
    assert.equal(replay.problems.length, 1);
    replay.close();
  });
});

Deno.test("wherever a record is cut off, what is whole is read, or why nothing can be is told in a line", () => {
  inTempDir((path) => {
    write(path, 30);
    const whole = Deno.readFileSync(path);
    for (let part = 0; part < 50; part++) {
      const bytes = Math.floor(whole.length * part / 50) + part;
      Deno.writeFileSync(path, whole.subarray(0, bytes));
      let replay: Replay;
      try {
        replay = new Replay(path);
      } catch (error) {
        assert.ok(error instanceof UserError && !error.message.includes("\n"), `${bytes} bytes: ${error}`);
        continue;
      }
      const seconds = [...replay.batches()].flatMap(({ snapshots }) =>
        snapshots.map(([, { second }]) => second)
      );
      assert.deepEqual(
        seconds,
        [...new Set(seconds)].sort((a, b) => a - b),
        `${bytes} bytes: in order, once`,
      );
      assert.ok(seconds.every((second) => second >= 100 && second < 130), `${bytes} bytes`);
      replay.marks();
      assert.deepEqual([...replay.money()], []);
      assert.ok(replay.problems.length > 0, `${bytes} bytes of ${whole.length}`);
      replay.close();
    }
  });
});

Deno.test("a batch with rubbish is left out and told, the others are read", () => {
  inTempDir((path) => {
    write(path, 2);
    const database = new DatabaseSync(path);
    database.prepare("INSERT INTO batch (at_ms, snapshots) VALUES (1, ?)").run(new Uint8Array([1, 2, 3]));
    database.close();
    write(path, 1);
    const replay = new Replay(path);
    assert.equal([...replay.batches()].length, 3);
    assert.match(replay.problems[0], /a batch can't be read/);
    replay.close();
  });
});

Deno.test("what is no record, or one of another version, is refused in words", () => {
  inTempDir((path) => {
    const refusal = (pattern: RegExp) =>
      assert.throws(
        () => new Replay(path),
        (error) => error instanceof UserError && pattern.test(error.message),
      );
    refusal(/no such file/);
    Deno.writeTextFileSync(path, "hello ".repeat(1000));
    refusal(/cannot be read/);
    assert.throws(() => new Recording(path), UserError);
    Deno.removeSync(path);
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE money (fen INTEGER)");
    other.close();
    refusal(/no record of redpkt/);
    assert.throws(() => new Recording(path), /holds something else/);
    Deno.removeSync(path);
    write(path, 1);
    const later = new DatabaseSync(path);
    later.exec("PRAGMA user_version = 9");
    later.close();
    refusal(/version 9, this redpkt reads 1/);
  });
});
