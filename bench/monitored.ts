/**
 * What it costs a server to be monitored: `deno run -A bench/monitored.ts`. Its own CPU time with
 * and without a subscriber, 9 interleaved pairs of windows, and as many pairs without any as a control.
 */
import { z } from "zod";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { readEvents } from "../core/monitor/collect/read_events.ts";
import { after, sleep, systemClock } from "../core/base/clock.ts";
import { type Figure, figure, runBench } from "./common/bench_result.ts";
import { premise } from "./common/premise.ts";
import { benchFlags } from "./bench_flags.ts";
import { SMALL_SERVER, startRedpkt } from "../test/child_process.ts";

const { qps, seconds: windowS, out } = benchFlags(
  "deno run -A bench/monitored.ts",
  "What being watched costs a server.",
  {
    qps: flag("N", "shakes a second meanwhile", wholeNumber(0, 100_000).default(2_000)),
    seconds: flag("N", "length of a window", wholeNumber(1, 60).default(3)),
    out: flag("FILE", "the results as JSON", z.string().default("out/monitored.json")),
  },
);
const PAIRS = 9;
/** Of the shakes that a window should have. */
const LEAST_SHAKES = 0.95;
/** A server that doesn't answer for so long ends the bench. */
const ANSWER_MS = 10_000;

const server = await startRedpkt(
  SMALL_SERVER.map((word) => word === "deno" ? "auto" : word),
  /"port":(\d+),"admin":"([^"]+)"/,
);
const [, port, admin] = server.match;
const fleet = await startRedpkt([
  "client",
  ...["--server", `127.0.0.1:${port}`, "--users", "0-999", "--qps", String(qps), "--workers", "1"],
  ...["--control", "127.0.0.1:0"],
], /"event":"connected"/);

/** CPU of the server in per cent of a core, within a window that had its shakes and, if it was watched, its snapshots. */
async function window(isMonitored: boolean): Promise<number> {
  const abort = new AbortController();
  let snapshots = 0;
  const reading = isMonitored ? read(abort, () => snapshots++) : Promise.resolve();
  await sleep(300);
  const before = await counters();
  await sleep(windowS * 1000);
  const end = await counters();
  abort.abort();
  await reading;
  const spentS = (end.readAtMs - before.readAtMs) / 1000;
  const frames = end.frames - before.frames;
  premise(
    frames >= LEAST_SHAKES * qps * spentS,
    `${frames} frames came in ${spentS} s, of ${qps} shakes a second`,
  );
  premise(
    !isMonitored || snapshots >= windowS - 1,
    `a watcher was told ${snapshots} snapshots in ${windowS} s`,
  );
  return (end.cpuMs - before.cpuMs) / (10 * spentS);
}

async function counters(): Promise<{ cpuMs: number; readAtMs: number; frames: number }> {
  const answer = await fetch(`http://${admin}/counters`, { signal: AbortSignal.timeout(ANSWER_MS) });
  const { cpuUserMs, cpuSystemMs, readAtMs, counters } = await answer.json();
  return { cpuMs: cpuUserMs + cpuSystemMs, readAtMs, frames: counters.framesIn };
}

/** As the monitor reads; a reader that is only told of an abort may miss it, and would go on in later windows. */
async function read(abort: AbortController, event: () => void): Promise<void> {
  const source = { url: `http://${admin}/stream`, lastEventId: "", abort };
  const world = { clock: systemClock, fetch: (url: string, init: RequestInit) => fetch(url, init), after };
  try {
    await readEvents(world, source, { open() {}, event });
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
}

/** The median of the differences of pairs, the order of which alternates. */
async function pairs(isSecondMonitored: boolean): Promise<{ median: number; all: number[] }> {
  const differences: number[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const order = i % 2 === 0 ? [false, isSecondMonitored] : [isSecondMonitored, false];
    const [first, second] = [await window(order[0]), await window(order[1])];
    differences.push(i % 2 === 0 ? second - first : first - second);
  }
  const sorted = differences.toSorted((a, b) => a - b);
  return { median: sorted[(PAIRS - 1) / 2], all: sorted };
}

const show = ({ median, all }: { median: number; all: number[] }) =>
  `${median.toFixed(2)} % of a core (${all.map((value) => value.toFixed(1)).join(", ")})`;
await runBench("bench:monitored", out, async () => {
  try {
    return { figures: await compare() };
  } finally {
    await fleet.stop();
    await server.stop();
  }
});

async function compare(): Promise<Figure[]> {
  await window(false); // the first one is warm-up
  console.log(`server at ${qps} shakes a second, ${(await window(false)).toFixed(1)} % of a core`);
  const [watched, control] = [await pairs(true), await pairs(false)];
  console.log(`monitored, less not  ${show(watched)}`);
  console.log(`control: neither     ${show(control)}`);
  return [
    figure("monitored, less not", "% of a core", watched.all),
    figure("control: neither", "% of a core", control.all),
  ];
}
