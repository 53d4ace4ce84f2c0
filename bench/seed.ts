/**
 * What seed files cost: `deno task bench:seed`. Tickets made, verified and reconciled, a server's start with a large file,
 * and the release against its plan, each beside its bar.
 */
import { formatCount } from "../core/base/units.ts";
import { z } from "zod";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { benchFlags } from "./bench_flags.ts";
import { type Figure, figure, runBench } from "./common/bench_result.ts";
import { premise } from "./common/premise.ts";
import { ledgerOfSeed } from "./seed/ledger_of_seed.ts";
import { Measured } from "./seed/measured.ts";
import { evenPlan, releasedBySecond } from "./seed/release.ts";

const { tickets: TICKETS, large: LARGE, out } = benchFlags(
  "deno task bench:seed",
  "What seed files cost, each beside its bar.",
  {
    tickets: flag(
      "N",
      "tickets made, verified and reconciled",
      wholeNumber(1_000, 100_000_000).default(10_000_000),
    ),
    large: flag(
      "N",
      "tickets that a server starts with, 0 for no start",
      wholeNumber(0, 200_000_000).default(100_000_000),
    ),
    out: flag("FILE", "the results as JSON", z.string().default("out/seed.json")),
  },
);

const AWARDS = Math.floor(TICKETS * 0.3);
const RELEASE_PER_S = 1_000;
const RELEASE_S = 20;

interface Row {
  readonly what: string;
  readonly seen: string;
  readonly bar: string;
  readonly isMet: boolean;
}

let folder = "";
let keys: string[] = [];
const rows: Row[] = [];
const figures: Figure[] = [];
await runBench("bench:seed", out, async () => {
  folder = await Deno.makeTempDir({ prefix: "redpkt-seed-" });
  keys = ["--keys", `${folder}/keys`];
  try {
    await make(["seed", "key", "new", ...keys]);
    await files();
    if (LARGE > 0) await start();
    await release();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  for (const { what, seen, bar, isMet } of rows) {
    console.log(`${isMet ? "ok  " : "FAIL"}  ${what.padEnd(52)}  ${seen.padEnd(34)}  ${bar}`);
  }
  return {
    isPass: rows.every(({ isMet }) => isMet),
    figures,
    details: { tickets: TICKETS, large: LARGE, rows },
  };
});

/** Runs a command whose work the others need. */
async function make(args: readonly string[]): Promise<void> {
  const { code } = await new Measured(args).end();
  premise(code === 0, `redpkt ${args.slice(0, 3).join(" ")} ended with exit code ${code}`);
}

/** Runs a command to its end and notes its time and memory. */
async function timed(what: string, args: readonly string[], mostS: number, mostMb: number): Promise<void> {
  const { code, seconds, mostMb: mb } = await new Measured(args).end();
  premise(code === 0, `${what}: exit code ${code}`);
  figures.push(figure(what, "s", [seconds]));
  rows.push({
    what,
    seen: `${seconds.toFixed(2)} s, ${Math.round(mb)} MB`,
    bar: `${mostS} s, ${mostMb} MB`,
    isMet: seconds <= mostS && mb <= mostMb,
  });
}

/** Writes a plan and returns its path. */
async function writePlan(tickets: number, lengthS: number, startMs: number): Promise<string> {
  const path = `${folder}/plan-${tickets}.json`;
  await Deno.writeTextFile(path, JSON.stringify(evenPlan(tickets, lengthS, startMs)));
  return path;
}

async function files(): Promise<void> {
  const plan = await writePlan(TICKETS, 600, Date.now() + 86_400_000);
  const seeds = `${folder}/seeds`;
  const count = formatCount(TICKETS);
  await timed(`${count} tickets: make`, ["seed", "make", plan, "--out", seeds, ...keys], 10, 300);
  await timed(`${count} tickets: verify`, ["seed", "verify", seeds, ...keys], 10, 300);
  ledgerOfSeed(`${seeds}/host-000.seed`, `${folder}/reconciled`, `${folder}/awards.csv`, AWARDS);
  await timed(
    `${count} tickets, ${formatCount(AWARDS)} awarded: reconcile`,
    [
      ...["reconcile", "--ledger", `${folder}/reconciled`, "--fleet", `${folder}/awards.csv`],
      ...["--seeds", seeds, "--seed-keys", `${folder}/keys`],
    ],
    20,
    500,
  );
}

function startServer(seeds: string, ledger: string): Measured {
  return new Measured([
    ...[
      "server",
      "--port",
      "0",
      "--admin",
      "127.0.0.1:0",
      "--workers",
      "1",
      "--ledger",
      `${folder}/${ledger}`,
    ],
    ...["--seed", `${seeds}/host-000.seed`, "--host-id", "host-000", "--seed-keys", `${folder}/keys`],
    ...["--claims", `${folder}/claims`],
  ]);
}

async function start(): Promise<void> {
  const seeds = `${folder}/large`;
  const plan = await writePlan(LARGE, 3_600, Date.now() + 86_400_000);
  await make(["seed", "make", plan, "--out", seeds, ...keys]);
  const server = startServer(seeds, "started");
  const listensS = await server.event("listening");
  const awardsS = await server.event("tickets entered");
  figures.push(figure(`start with ${formatCount(LARGE)} tickets: listens`, "s", [listensS]));
  server.process.kill("SIGTERM");
  const { mostMb } = await server.end();
  rows.push({
    what: `a server with ${formatCount(LARGE)} tickets listens`,
    seen: `${listensS.toFixed(2)} s (awards after ${awardsS.toFixed(1)} s), ${Math.round(mostMb)} MB`,
    bar: "0.5 s, 300 MB",
    isMet: listensS <= 0.5 && mostMb <= 300,
  });
}

async function release(): Promise<void> {
  const seeds = `${folder}/released`;
  const startMs = Math.ceil(Date.now() / 1000) * 1000 + 5_000;
  const plan = await writePlan(RELEASE_PER_S * RELEASE_S, RELEASE_S, startMs);
  await make(["seed", "make", plan, "--out", seeds, ...keys]);
  const server = startServer(seeds, "releasing");
  await server.event("tickets entered");
  const all = await releasedBySecond(String(server.said("listening")?.admin), RELEASE_S + 8);
  server.process.kill("SIGTERM");
  await server.end();
  // The first and the last second of a wave are cut by the snapshots' own seconds.
  const first = all.findIndex((count) => count > 0) + 1;
  const seconds = all.slice(first, first + RELEASE_S - 2);
  const released = all.reduce((sum, count) => sum + count, 0);
  premise(
    released === RELEASE_PER_S * RELEASE_S,
    `${released} of ${RELEASE_PER_S * RELEASE_S} tickets were released`,
  );
  figures.push(figure(`released, of ${formatCount(RELEASE_PER_S)} a second`, "a second", seconds));
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)];
  rows.push({
    what: `release at ${formatCount(RELEASE_PER_S)} a second, each second of a wave`,
    seen: `${formatCount(least)} to ${formatCount(most)}`,
    bar: "within 1 %",
    isMet: least >= RELEASE_PER_S * 0.99 && most <= RELEASE_PER_S * 1.01,
  });
}
