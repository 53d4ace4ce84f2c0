/**
 * What it costs a server to be monitored: `deno run -A bench/monitored.ts`. Its own CPU time with
 * and without a subscriber, 9 interleaved pairs of windows, and as many pairs without any as a control.
 */
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { readEvents } from "../core/monitor/collect/read_events.ts";
import { after, sleep, systemClock } from "../core/base/clock.ts";
import { benchFlags } from "./bench_flags.ts";
import { SMALL_SERVER, startRedpkt } from "../test/child_process.ts";

const { qps, seconds: windowS } = benchFlags(
  "deno run -A bench/monitored.ts",
  "What being watched costs a server.",
  {
    qps: flag("N", "shakes a second meanwhile", wholeNumber(0, 100_000).default(2_000)),
    seconds: flag("N", "length of a window", wholeNumber(1, 60).default(3)),
  },
);
const PAIRS = 9;
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

/** CPU of the server in per cent of a core, within a window. */
async function window(isMonitored: boolean): Promise<number> {
  const abort = new AbortController();
  const reading = isMonitored ? read(abort) : Promise.resolve();
  await sleep(300);
  const before = await counters();
  await sleep(windowS * 1000);
  const end = await counters();
  abort.abort();
  await reading;
  return 100 * (end.cpuMs - before.cpuMs) / (end.readAtMs - before.readAtMs);
}

async function counters(): Promise<{ cpuMs: number; readAtMs: number }> {
  const answer = await fetch(`http://${admin}/counters`, { signal: AbortSignal.timeout(ANSWER_MS) });
  const { cpuUserMs, cpuSystemMs, readAtMs } = await answer.json();
  return { cpuMs: cpuUserMs + cpuSystemMs, readAtMs };
}

/** As the monitor reads; a reader that is only told of an abort may miss it, and would go on in later windows. */
async function read(abort: AbortController): Promise<void> {
  const source = { url: `http://${admin}/stream`, lastEventId: "", abort };
  const world = { clock: systemClock, fetch: (url: string, init: RequestInit) => fetch(url, init), after };
  try {
    await readEvents(world, source, { open() {}, event() {} });
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
await window(false); // the first one is warm-up
console.log(
  `server at ${qps} shakes a second, ${await window(false).then((cpu) => cpu.toFixed(1))} % of a core`,
);
console.log(`monitored, less not  ${show(await pairs(true))}`);
console.log(`control: neither     ${show(await pairs(false))}`);
await fleet.stop();
await server.stop();
Deno.exit(0);
