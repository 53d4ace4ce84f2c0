/**
 * `deno task bench:ledger`: durable awards on one host, through sockets, with limits on
 * and so many awards in the ledger already. Prints the rate, the wait that the ledger adds to a winner's answer, how far
 * the projection was behind, and the CPU time of each process.
 */
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { Histogram, type SparseHistogram } from "../core/counters/histogram.ts";
import { chooseEngine } from "../core/engine/choose.ts";
import { connectionsPerPair, readPortRange } from "../core/engine/port_range.ts";
import { sleep } from "../core/time/clock.ts";
import { Running } from "../test/processes.ts";
import { benchFlags } from "./bench_flags.ts";
import { fillLedger } from "./fill_ledger.ts";

const { rate: awardsPerS, shakes, seconds, held } = benchFlags(
  "deno task bench:ledger",
  "Durable awards on one host.",
  {
    rate: flag("N", "awards a second that are offered", wholeNumber(1, 1_000_000).default(20_000)),
    shakes: flag(
      "N",
      "shakes a second, 0 for a tenth more than there are awards",
      wholeNumber(0, 1_000_000).default(0),
    ),
    seconds: flag("N", "for how long", wholeNumber(1, 3_600).default(60)),
    held: flag("N", "awards in the ledger already", wholeNumber(0, 100_000_000).default(5_000_000)),
  },
);
const USER_IDS = 1_000_000;
/** Each connection is a user, whose id is one of the million: with few of them each would win unlike anybody's luck. */
const CONNECTIONS = { uring: 200_000, other: 15_000 };
const CONNECTS_PER_S = 20_000;
const SPONSORS = 20_000;
/** More shakes than packets, so that packets are never short of shakers. */
const SHAKES_PER_AWARD = 1.1;
const LEAD_S = 3;

interface Totals {
  readonly counters: Record<string, number>;
  readonly gauges: Record<string, number>;
  readonly histograms: Record<string, SparseHistogram>;
}

const directory = await Deno.makeTempDir({ prefix: "redpkt-bench-" });
const ledger = `${directory}/ledger`;
try {
  if (held > 0) {
    console.log(`filling a ledger with ${held} awards ...`);
    fillLedger(ledger, { awards: held, users: USER_IDS, isCheckpointed: true });
  }
  await load();
} finally {
  await Deno.remove(directory, { recursive: true });
}

async function load(): Promise<void> {
  const engine = chooseEngine("auto", () => {});
  const connections = engine === "uring" ? CONNECTIONS.uring : CONNECTIONS.other;
  const addresses = Math.ceil(connections / connectionsPerPair(readPortRange()));
  await using server = new Running([
    ...[
      "server",
      "--host",
      "0.0.0.0",
      "--engine",
      engine,
      "--max-connections",
      String(connections),
      "--port",
      "0",
      "--admin",
      "127.0.0.1:0",
      "--workers",
      "1",
    ],
    ...["--ledger", ledger, "--packets-per-user", "1000", "--packets-per-sponsor", "1"],
    // Every shake is answered: answers of version 0 are told apart by their order alone.
    ...["--set", `shake.sponsors=${SPONSORS}`, "--set", "throttle.mostLevel=0"],
  ]);
  const { port, admin } = await server.event("listening");
  console.log("ledger ready", await server.event("ledger ready"));
  const slice = Math.floor(USER_IDS / connections);
  await using client = new Running([
    ...["client", "--users", `0-${USER_IDS - 1}`, "--segment", `1/${slice}`, "--total", String(USER_IDS)],
    ...[
      "--server",
      `127.0.0.1-127.0.0.${addresses}:${port}`,
      "--engine",
      engine,
      "--control",
      "127.0.0.1:0",
      "--workers",
      "1",
    ],
    ...["--qps", "0", "--connect-rate", String(CONNECTS_PER_S)],
  ]);
  const { control } = await client.event("ready");
  const users = Math.ceil(USER_IDS / slice);
  while ((await get<{ ready: number }>(`${control}/status`)).ready < users) await sleep(100);
  // The rate is of all users together, of whom one in `slice` is here.
  const qps = Math.round((shakes || awardsPerS * SHAKES_PER_AWARD) * slice);
  // First at half the rate: code that has never run is slow, and what queues meanwhile would be there for long.
  await post(`${control}/rate`, { qps: qps >> 1 });
  await post(`${admin}/packets`, {
    ratePerS: awardsPerS,
    total: awardsPerS * (seconds + 2 * LEAD_S),
    minFen: 1,
    maxFen: 200,
  });
  await sleep(LEAD_S * 1000);
  await post(`${control}/rate`, { qps });
  await sleep(LEAD_S * 1000);
  const pids = { server: server.process.pid, client: client.process.pid };
  const before = await reading(pids, `${admin}`, `${control}`);
  let lagMs = 0;
  for (let second = 0; second < seconds; second++) {
    await sleep(1_000);
    lagMs = Math.max(lagMs, (await get<Totals>(`${admin}/counters`)).gauges.projectionLagMs);
  }
  const after = await reading(pids, `${admin}`, `${control}`);
  const spentS = (after.atMs - before.atMs) / 1000;
  const perS = (name: string, of: "server" | "client" = "server") =>
    Math.round((after[of].counters[name] - before[of].counters[name]) / spentS);
  const spread = (name: string) =>
    percentiles(difference(after.server.histograms[name], before.server.histograms[name]));
  console.log(
    `awards           ${perS("shakeWon")}/s durable, of ${awardsPerS}/s offered, for ${spentS.toFixed(0)} s`,
  );
  console.log(
    `shakes           ${perS("shakesAnswered", "client")}/s answered, ${perS("shakeNothing")}/s nothing, ` +
      `${perS("shakeLedgerFull")}/s with a full ring, ${perS("verdictsLate")}/s late`,
  );
  console.log(
    `refused          ${perS("ledgerSponsorLimit")}/s by the sponsor's limit, ${
      perS("ledgerUserLimit")
    }/s by the user's`,
  );
  console.log(`added wait       ${spread("awardWaitUs")}`);
  console.log(`commit           ${spread("ledgerCommitUs")}  ${perS("ledgerCommits")}/s`);
  const grown = (name: string) => difference(after.client.histograms[name], before.client.histograms[name]);
  console.log(`winners          ${percentiles(grown("wonLatencyUs"))}`);
  console.log(
    `losers           ${percentiles(difference(grown("admittedLatencyUs"), grown("wonLatencyUs")))}`,
  );
  console.log(`projection       at most ${Math.round(lagMs)} ms behind`);
  for (const name of ["server", "client"] as const) {
    console.log(
      `CPU ${name.padEnd(12)} ${
        ((after.cpuS[name] - before.cpuS[name]) / spentS * 100).toFixed(0)
      } % of a core`,
    );
  }
}

async function reading(pids: { server: number; client: number }, admin: string, control: string) {
  return {
    atMs: performance.now(),
    server: await get<Totals>(`${admin}/counters`),
    client: await get<Totals>(`${control}/counters`),
    cpuS: { server: cpuS(pids.server), client: cpuS(pids.client) },
  };
}

function percentiles(buckets: SparseHistogram): string {
  const histogram = new Histogram().add(buckets);
  return [50, 99, 99.9].map((p) => `p${p} ${(histogram.percentile(p) / 1000).toFixed(2)} ms`).join("  ");
}

function difference(after: SparseHistogram, before: SparseHistogram): SparseHistogram {
  const was = new Map(before);
  return after.map(([bucket, count]) => [bucket, count - (was.get(bucket) ?? 0)]);
}

/** User and system time of a process in seconds; a tick is 10 ms. */
function cpuS(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function get<T>(address: string): Promise<T> {
  return await (await fetch(`http://${address}`)).json();
}

async function post(address: string, body: unknown): Promise<void> {
  const response = await fetch(`http://${address}`, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${address}: ${await response.text()}`);
  await response.body?.cancel();
}
