import assert from "node:assert/strict";
import { z } from "zod";
import { ManualClock } from "../../base/clock.ts";
import { flag, grouped, listFlag, switchFlag, wholeNumber } from "../flags.ts";
import type { Host } from "../host.ts";
import { openLog } from "../log.ts";
import { Progress } from "../progress.ts";
import { commandOf, commandOfActions } from "./command.ts";
import { dispatch } from "./dispatch.ts";

const FLAGS = {
  port: flag("N", "where it listens", wholeNumber(0, 65_535).default(1025)),
  ...grouped("Money", {
    ledger: flag("DIR", `where awards last ${"and last ".repeat(20)}`.trim(), z.string().optional()),
    sync: switchFlag("awards are synced"),
    bus: listFlag("URL", "a path"),
  }),
};

/** Runs `redpkt serve`, which shows what it was given. */
async function run(args: readonly string[], environment: Record<string, string> = {}) {
  const clock = new ManualClock(0);
  let out = "", err = "", values: unknown;
  const host = {
    args,
    clock,
    env: (name: string) => environment[name],
    envNames: () => Object.keys(environment),
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    isTerminal: false,
    columns: 60,
    program: { scenarios: {} },
  } as unknown as Host;
  const serve = commandOf(
    {
      name: "serve",
      about: "Serves.",
      flags: FLAGS,
      examples: [{ line: "redpkt serve", shows: "an evening" }],
    },
    (given, read) => {
      values = read;
      openLog(given, "serve")("info", "told");
      openLog(given, "serve")("warn", "warned");
      const progress = new Progress(given, "rows");
      clock.advance(10_000);
      progress.add(1, 2, "here");
      given.out("result\n");
      return 0;
    },
    ({ sync, ledger }) => sync && ledger === undefined ? ["--sync: goes with --ledger"] : [],
  );
  const pack = commandOf(
    { name: "box pack", about: "Packs.", flags: {}, examples: [], takes: "FILE" },
    () => 7,
  );
  const box = commandOfActions({ name: "box", about: "A box.", examples: [] }, { pack });
  const commands = { serve, box };
  const table = Object.fromEntries(
    Object.entries(commands).map(([name, command]) =>
      [name, { group: "Some", summary: `${name}s`, load: () => Promise.resolve({ command }) }] as const
    ),
  );
  const code = await dispatch(host, table, "1.2.3");
  return { code, out, err, values };
}

Deno.test("a flag comes from the command line, else from the environment, else from its default", async () => {
  const environment = {
    REDPKT_SERVE_PORT: "7",
    REDPKT_SERVE_BUS: "nats://a,b  file:c",
    REDPKT_SERVE_SYNC: "1",
  };
  const { values } = await run(["serve", "--port", "8", "--ledger=data"], environment);
  assert.deepEqual(values, { port: 8, ledger: "data", sync: true, bus: ["nats://a,b", "file:c"] });
  assert.deepEqual((await run(["serve"], { REDPKT_SERVE_PORT: "7", REDPKT_SERVE_SYNC: "off" })).values, {
    ...{ port: 7, ledger: undefined, sync: false, bus: [] },
  });
});

Deno.test("all that is wrong is told at once, wherever it comes from", async () => {
  const { code, err } = await run(["serve", "--sync", "surplus"], {
    REDPKT_SERVE_PORT: "many",
    REDPKT_SERVE_LEDGRE: "data",
    REDPKT_OTHER: "is nobody's business",
  });
  assert.equal(code, 2);
  assert.deepEqual(err.trimEnd().split("\n"), [
    "redpkt serve: REDPKT_SERVE_LEDGRE: no such key. Did you mean REDPKT_SERVE_LEDGER?",
    'redpkt serve: REDPKT_SERVE_PORT: must be a whole number from 0 to 65535 (got "many")',
    "redpkt serve: surplus: redpkt serve takes flags only",
    "redpkt serve: --sync: goes with --ledger",
  ]);
});

Deno.test("the help fits the terminal and shows groups, defaults and examples", async () => {
  const { code, out } = await run(["serve", "--help"]);
  assert.equal(code, 0);
  assert.ok(out.split("\n").every((line) => line.length <= 60), out);
  assert.match(
    out,
    /^Serves\.\n\nUsage: redpkt serve \[FLAGS\]\n\nFlags:\n {2}--port N +where it listens \[1025\]\n/,
  );
  assert.match(out, /\nMoney:\n {2}--ledger DIR +where awards last and last and\n {30}last and/);
  assert.match(out, /\nEverywhere:\n {2}--quiet[^]*\n {2}--help +this text\n/);
  assert.match(out, /\nExamples:\n {2}redpkt serve\n {6}an evening\n$/);
});

Deno.test("a command of actions runs the one that is named, and knows no other", async () => {
  assert.equal((await run(["box", "pack", "file"])).code, 7);
  assert.match((await run(["box"])).out, /Actions:\n {2}pack FILE +Packs\.\n/);
  assert.match(
    (await run(["box", "pakc"])).err,
    /pakc: no such action\. Did you mean pack\? See redpkt box help/,
  );
});

Deno.test("quiet leaves results, warnings and errors; the log's least level and its form can be chosen", async () => {
  const usual = await run(["serve"]);
  assert.match(usual.err, /"event":"told"[^]*"event":"warned"[^]*here: 1 of 2 rows/);
  const quiet = await run(["serve", "--quiet"]);
  assert.equal(quiet.out, "result\n");
  assert.match(quiet.err, /^{[^\n]*"event":"warned"}\n$/);
  assert.deepEqual((await run(["serve"], { REDPKT_QUIET: "1" })).err, quiet.err);
  assert.doesNotMatch((await run(["serve", "--log-level=error"])).err, /told|warned/);
  assert.match((await run(["serve", "--log-format", "text"])).err, /^00:00:00\.000 serve told\n/);
  const wrong = await run(["serve", "--log-level", "loud"], { REDPKT_LOG_FORMAT: "xml" });
  assert.match(
    wrong.err,
    /--log-level: must be one of info, warn, error[^]*REDPKT_LOG_FORMAT: must be one of text, json/,
  );
});
