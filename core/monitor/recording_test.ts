import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../cli/user_error.ts";
import { Recording } from "./recording.ts";
import { Replay } from "./replay.ts";
import { makeSnapshot } from "./testing.ts";

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
