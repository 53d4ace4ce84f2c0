/**
 * What it costs a server to be monitored: `deno run -A bench/monitored.ts [QPS] [WINDOW_SECONDS]`. Its own CPU time with
 * and without a subscriber, 9 interleaved pairs of windows, and as many pairs without any as a control.
 */
import { sleep } from "../core/time/clock.ts";
import { SMALL_SERVER, startRedpkt } from "../test/child_process.ts";

const [qps, windowS] = [Number(Deno.args[0] ?? 2_000), Number(Deno.args[1] ?? 3)];
const PAIRS = 9;

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
  const reading = isMonitored ? read(abort.signal) : Promise.resolve();
  await sleep(300);
  const before = await counters();
  await sleep(windowS * 1000);
  const after = await counters();
  abort.abort();
  // A read under way is not always told of the abort.
  await Promise.race([reading, sleep(200)]);
  return 100 * (after.cpuMs - before.cpuMs) / (after.readAtMs - before.readAtMs);
}

async function counters(): Promise<{ cpuMs: number; readAtMs: number }> {
  const { cpuUserMs, cpuSystemMs, readAtMs } = await (await fetch(`http://${admin}/counters`)).json();
  return { cpuMs: cpuUserMs + cpuSystemMs, readAtMs };
}

async function read(signal: AbortSignal): Promise<void> {
  try {
    const { body } = await fetch(`http://${admin}/stream`, { signal });
    for await (const _ of body!);
  } catch (error) {
    if (!signal.aborted) throw error;
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
