/**
 * What seed files cost: `deno task bench:seed`. Tickets made, verified and reconciled, a server's start with a large file,
 * and the release against its plan, each beside its bar.
 */
import { formatCount } from "../core/base/units.ts";
import { benchFlags } from "./bench_flags.ts";
import { ledgerOfSeed } from "./seed/ledger_of_seed.ts";
import { Measured } from "./seed/measured.ts";
import { evenPlan, releasedBySecond } from "./seed/release.ts";

benchFlags("deno task bench:seed", "What seed files cost, each beside its bar.", {});

const TICKETS = 10_000_000;
const AWARDS = 3_000_000;
const LARGE = 100_000_000;
const RELEASE_PER_S = 1_000;
const RELEASE_S = 20;
const ADMIN = "127.0.0.1:18991";

interface Row {
  readonly what: string;
  readonly seen: string;
  readonly bar: string;
  readonly isMet: boolean;
}

const folder = await Deno.makeTempDir({ prefix: "redpkt-seed-" });
const keys = ["--keys", `${folder}/keys`];
const rows: Row[] = [];
try {
  await new Measured(["seed", "key", "new", ...keys]).end();
  await files();
  await start();
  await release();
} finally {
  await Deno.remove(folder, { recursive: true });
}
const [load] = Deno.loadavg();
if (load > navigator.hardwareConcurrency) console.log(`noisy: load ${load.toFixed(1)}, run it alone`);
for (const { what, seen, bar, isMet } of rows) {
  console.log(`${isMet ? "ok  " : "FAIL"}  ${what.padEnd(52)}  ${seen.padEnd(34)}  ${bar}`);
}
Deno.exit(rows.every(({ isMet }) => isMet) ? 0 : 1);

/** Runs a command to its end and notes its time and memory. */
async function timed(what: string, args: readonly string[], mostS: number, mostMb: number): Promise<void> {
  const { code, seconds, mostMb: mb } = await new Measured(args).end();
  rows.push({
    what,
    seen: `${seconds.toFixed(2)} s, ${Math.round(mb)} MB${code === 0 ? "" : `, exit code ${code}`}`,
    bar: `${mostS} s, ${mostMb} MB`,
    isMet: code === 0 && seconds <= mostS && mb <= mostMb,
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
    ...["server", "--port", "0", "--admin", ADMIN, "--workers", "1", "--ledger", `${folder}/${ledger}`],
    ...["--seed", `${seeds}/host-000.seed`, "--host-id", "host-000", "--seed-keys", `${folder}/keys`],
    ...["--claims", `${folder}/claims`],
  ]);
}

async function start(): Promise<void> {
  const seeds = `${folder}/large`;
  const plan = await writePlan(LARGE, 3_600, Date.now() + 86_400_000);
  await new Measured(["seed", "make", plan, "--out", seeds, ...keys]).end();
  const server = startServer(seeds, "started");
  const listensS = await server.event("listening");
  const awardsS = await server.event("tickets entered");
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
  await new Measured(["seed", "make", plan, "--out", seeds, ...keys]).end();
  const server = startServer(seeds, "releasing");
  await server.event("tickets entered");
  const all = await releasedBySecond(ADMIN, RELEASE_S + 8);
  server.process.kill("SIGTERM");
  await server.end();
  // The first and the last second of a wave are cut by the snapshots' own seconds.
  const first = all.findIndex((count) => count > 0) + 1;
  const seconds = all.slice(first, first + RELEASE_S - 2);
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)];
  rows.push({
    what: `release at ${formatCount(RELEASE_PER_S)} a second, each second of a wave`,
    seen: `${formatCount(least)} to ${formatCount(most)}`,
    bar: "within 1 %",
    isMet: least >= RELEASE_PER_S * 0.99 && most <= RELEASE_PER_S * 1.01,
  });
}
