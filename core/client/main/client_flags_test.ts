import type { Host } from "../../cli/host.ts";
import assert from "node:assert/strict";
import { UserError } from "../../base/user_error.ts";
import { readClientOptions } from "./client_flags.ts";

const host = {
  env: () => undefined,
  out: () => {},
  columns: 80,
  program: { scenarios: {} },
} as unknown as Host;

function problems(...args: string[]): string[] {
  try {
    readClientOptions(host, args);
  } catch (error) {
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, 2);
    return error.message.split("\n");
  }
  return [];
}

Deno.test("without flags: 1,000 users against a server on this host", () => {
  const options = readClientOptions(host, [])!;
  const { fleet } = options;
  assert.deepEqual(options.fleet.slice, { first: 0, stride: 1, count: 1000 });
  assert.deepEqual(options.servers, [{ address: 0x7f00_0001, port: 1025 }]);
  assert.deepEqual(options.sources, []);
  assert.deepEqual(options.control, { hostname: "127.0.0.1", port: 9090 });
  assert.deepEqual(
    [fleet.total, fleet.qps, fleet.connectRate, fleet.pacing, fleet.behaviour?.claimPercent],
    [1000, 100, 5000, "smooth", 100],
  );
});

Deno.test("a segment of a million", () => {
  const options = readClientOptions(
    host,
    "--users 0-999999 --total 1000000 --segment 3/17 --server 127.0.0.1-127.0.0.40:1025 --pacing burst --no-claim"
      .split(" "),
  )!;
  assert.deepEqual(options.fleet.slice, { first: 2, stride: 17, count: 58_824 });
  assert.equal(options.servers.length, 40);
  assert.deepEqual([options.fleet.pacing, options.fleet.behaviour?.claimPercent], ["burst", 0]);
});

Deno.test("every mistake is listed, with what to do", () => {
  assert.deepEqual(
    problems(
      "--users",
      "9-3",
      "--segment",
      "4",
      "--server",
      "here",
      "--qps",
      "many",
      "--pacing",
      "wild",
      "--usrs",
      "1",
    ),
    [
      "--usrs: no such flag. Did you mean --users?",
      '--users: must be a range of ids up to 4294967295, such as 0-999 (got "9-3")',
      '--segment: must be I/N with I from 1 to N, such as 3/17 (got "4")',
      '--server: here: the port is missing or wrong. Write an address and a port, as 127.0.0.1:1025 (got "here")',
      '--qps: must be a whole number from 0 to 100000000 (got "many")',
      '--pacing: must be one of smooth, burst (got "wild")',
    ],
  );
  assert.deepEqual(
    problems("--users", "5-9", "--total", "8", "--segment", "7/90", "--claim", "--no-claim", "now"),
    [
      "now: redpkt client takes flags only",
      "--total 8: user 9 is beyond it. Give at least 10, or lower --users",
      "--claim, --no-claim: both are given. Leave one out",
    ],
  );
  assert.deepEqual(problems("--users", "0-2", "--segment", "7/90"), [
    "--segment 7/90: no user of --users is in it. Use at most 3 segments",
  ]);
});

Deno.test("help wins over mistakes", () => {
  assert.equal(readClientOptions(host, ["--help", "--qps", "many"]), undefined);
});
