import assert from "node:assert/strict";
import type { Host } from "../cli/host.ts";
import { UserError } from "../base/user_error.ts";
import { systemClock } from "../base/clock.ts";
import { nextTurn } from "../base/event_loop.ts";
import { command } from "./monitor.ts";
import { Recording } from "./record/recording.ts";
import { TargetFile } from "./collect/target_file.ts";
import { makeSnapshot } from "./collect/testing.ts";

/** A host without a terminal that keeps what is written. */
function fakeHost(): Host & { written: string; logged: string; signal(): void } {
  let onSignal = (_signal: string) => {};
  const host = {
    args: [],
    clock: systemClock,
    env: () => undefined,
    written: "",
    logged: "",
    out: (text: string) => void (host.written += text),
    err: (text: string) => void (host.logged += text),
    isTerminal: false,
    columns: 80,
    exit: (code: number): never => {
      throw new Error(`exit ${code}`);
    },
    onStopSignal(handler: (signal: string) => void) {
      onSignal = handler;
      return () => {};
    },
    signal: () => onSignal("SIGTERM"),
    program: {
      entry: "",
      command: ["redpkt"] as [string],
      plugins: {},
      defaultPlugins: [],
      ticketPlugin: "",
      scenarios: {},
    },
  };
  return host;
}

async function inTempDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a record is printed line by line, as text or JSON, and the command ends", async () => {
  await inTempDir(async (dir) => {
    const recording = new Recording(`${dir}/run.db`);
    for (let i = 0; i < 3; i++) {
      recording.add(
        { url: "http://f", name: "f" },
        JSON.stringify(makeSnapshot(1000 + i, { deltas: { shakesSent: 5 + i } })),
      );
      recording.flush((1001 + i) * 1000);
    }
    recording.mark({ id: 1, atMs: 1_002_500, kind: "phase", text: "wave 1", who: "ann" });
    recording.close(0);
    const args = ["--replay", `${dir}/run.db`, "--no-web", "--headless"];
    const text = fakeHost();
    assert.equal(await command.run(text, args), 0);
    assert.match(
      text.written,
      /^00:16:40 {2}1 target {2}0 due\/s {2}5 sent\/s .*\n00:16:41.*\n.*phase: wave 1 ann\n00:16:42.*\n$/,
    );
    const json = fakeHost();
    assert.equal(await command.run(json, [...args, "--json"]), 0);
    const lines = json.written.trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ client, mark }) => client?.deltas.shakesSent ?? mark.text), [
      5,
      6,
      "wave 1",
      7,
    ]);
  });
});

Deno.test("who stops a record that is shown as it was need not wait for its end", async () => {
  await inTempDir(async (dir) => {
    const recording = new Recording(`${dir}/run.db`);
    for (const second of [1000, 1_000_000]) {
      recording.add({ url: "http://f", name: "f" }, JSON.stringify(makeSnapshot(second)));
      recording.flush((second + 1) * 1000);
    }
    recording.close(0);
    const host = fakeHost();
    const args = ["--replay", `${dir}/run.db`, "--speed", "1", "--no-web", "--headless"];
    const ended = command.run(host, args);
    while (!host.written.includes("00:16:40")) await nextTurn();
    host.signal();
    assert.equal(await ended, 0);
  });
});

Deno.test("what is wrong on the command line is told, all of it", async () => {
  const wrong = async (args: string[], pattern: RegExp) => {
    const error = await command.run(fakeHost(), args).then(() => undefined, (error) => error);
    assert.ok(error instanceof UserError, `${args}: ${error}`);
    assert.match(error.message, pattern);
  };
  await wrong(
    ["--target", "nonsense", "--web", "x"],
    /--target: nonsense: no target[\s\S]*--web: must be an address/,
  );
  await wrong(["--replay", "there-is-none.db"], /no such file/);
  await wrong(["--targets", "there-is-none.txt", "--no-web"], /no such file/);
  await wrong(["extra"], /takes flags only/);
  await wrong(["--web", "0.0.0.0:0"], /REDPKT_TOKEN/);
});

Deno.test("help names every flag", async () => {
  const host = fakeHost();
  await command.run(host, ["--help"]);
  for (const flag of ["--target LIST", "--record FILE", "--replay FILE", "--headless", "--web HOST:PORT"]) {
    assert.ok(host.written.includes(flag), flag);
  }
});

Deno.test("a generated token is in no log", async () => {
  const host = fakeHost();
  const ended = command.run(host, ["--target", "127.0.0.1:1", "--web", "127.0.0.1:0", "--headless"]);
  while (!host.logged.includes('"watching"')) await nextTurn();
  host.signal();
  assert.equal(await ended, 0);
  assert.match(host.logged, /set REDPKT_TOKEN to act/);
  assert.doesNotMatch(host.logged, /token=/);
});

Deno.test("a file of targets is read again when it changes, and kept while it is away", async () => {
  await inTempDir(async (dir) => {
    const path = `${dir}/targets`;
    const problems: unknown[] = [];
    await Deno.writeTextFile(path, "127.0.0.1:1\n");
    const file = new TargetFile(path, (_level, _event, fields) => void problems.push(fields?.problem));
    assert.deepEqual(file.changed()?.map(({ name }) => name), ["127.0.0.1:1"]);
    assert.equal(file.changed(), undefined);
    await Deno.remove(path);
    assert.equal(file.changed(), undefined);
    await Deno.writeTextFile(path, "127.0.0.1:2 access\nrubbish\n");
    assert.deepEqual(file.changed()?.map(({ name }) => name), ["access"]);
    assert.equal(problems.length, 1);
  });
});
