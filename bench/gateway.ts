/**
 * WebSocket users through one gateway to one server, all on this machine: `deno task bench:gateway`. The gateway's
 * memory a user, its CPU a shake beside the server's own, and how long answers take. `docs/benchmarks.md` says how to
 * read it.
 */
import { z } from "zod";
import { systemClock } from "../core/base/clock.ts";
import { formatCount, formatMicros } from "../core/base/units.ts";
import { flag, type Flags, type FlagValues, wholeNumber } from "../core/cli/flags.ts";
import { V8_FLAGS } from "../core/cli/process_host.ts";
import { sparsePercentile, toSparse } from "../core/counters/histogram.ts";
import { chooseEngine } from "../core/engine/choose.ts";
import type { CheckRow } from "../core/report/data/check.ts";
import { checkTable } from "../core/rehearse/tables.ts";
import { TOKEN_BYTES } from "../core/wire/v1/frames.ts";
import { Running, startServer } from "../test/processes.ts";
import { benchFlags } from "./bench_flags.ts";
import { figure, type Outcome, runBench } from "./common/bench_result.ts";
import { premise } from "./common/premise.ts";
import { WebSocketUsers } from "./gateway/web_socket_users.ts";
import { processCpuS } from "./process_cpu.ts";

const FLAGS = {
  users: flag("N", "WebSockets", wholeNumber(100, 17_000).default(9_000)),
  qps: flag("N", "shakes a second of all", wholeNumber(100, 100_000).default(10_000)),
  seconds: flag("N", "how long they shake", wholeNumber(1, 30).default(10)),
  out: flag("FILE", "the results as JSON", z.string().default("out/gateway.json")),
} satisfies Flags;

/** What one gateway on such a machine must reach. */
const MOST_BYTES_A_USER = 20_000;
const MOST_CPU_RATIO = 3;
const MOST_P99_US = 100_000;
const LEAST_ANSWERED = 0.99;
/** How long everybody may take to connect, and how long it is quiet before shakes begin, in ms. */
const CONNECT_MS = 60_000;
const QUIET_MS = 2_000;

const flags: FlagValues<typeof FLAGS> = benchFlags(
  "deno task bench:gateway",
  "WebSocket users through one gateway.",
  FLAGS,
);

await runBench("bench:gateway", flags.out, () => play());

async function play(): Promise<Outcome> {
  const runFlags = [V8_FLAGS, "--allow-all"];
  await using server = await startServer([], runFlags);
  await using gateway = new Running([
    ...["gateway", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
    ...["--set", "throttle.addressAcceptsPerS=0"],
    ...["--server", `127.0.0.1:${server.port}`],
  ], runFlags);
  const { port } = await gateway.event("listening");
  const pids = { gateway: gateway.process.pid, server: server.running.process.pid };
  const emptyBytes = residentBytes(pids.gateway);
  const engine = chooseEngine("auto", () => {});
  const load = new WebSocketUsers({
    engine,
    users: flags.users,
    port: port as number,
    token: new Uint8Array(TOKEN_BYTES),
  });
  const startMs = systemClock.monotonicMs();
  const sinceMs = (fromMs: number) => systemClock.monotonicMs() - fromMs;
  while (load.ready < flags.users && sinceMs(startMs) < CONNECT_MS) await load.pass(5);
  premise(load.ready === flags.users, `${load.ready} of ${flags.users} users are logged in`);
  const connectS = sinceMs(startMs) / 1_000;
  const quietMs = systemClock.monotonicMs();
  while (sinceMs(quietMs) < QUIET_MS) await load.pass(5);
  const before = { gateway: processCpuS(pids.gateway), server: processCpuS(pids.server) };
  const beganMs = systemClock.monotonicMs();
  load.shakeAt(flags.qps);
  while (sinceMs(beganMs) < flags.seconds * 1_000) await load.pass(1);
  const seconds = sinceMs(beganMs) / 1_000;
  const cpuUs = (of: "gateway" | "server") => (processCpuS(pids[of]) - before[of]) * 1e6 / load.answered;
  const [gatewayUs, serverUs] = [cpuUs("gateway"), cpuUs("server")];
  premise(load.lost === 0, `${load.lost} users lost their connection`);
  const histogram = toSparse(load.latencyUs);
  const p99Us = sparsePercentile(histogram, 99);
  const fullBytes = residentBytes(pids.gateway);
  const perUserBytes = (fullBytes - emptyBytes) / flags.users;
  const answeredPerS = load.answered / seconds;
  const rows: CheckRow[] = [
    row("users connected", formatCount(load.ready), `${formatCount(flags.users)}`, true),
    row(
      "answered a second",
      formatCount(answeredPerS),
      `at least ${LEAST_ANSWERED * 100} % of ${formatCount(flags.qps)}`,
      answeredPerS >= LEAST_ANSWERED * flags.qps,
    ),
    row("p99", formatMicros(p99Us), `at most ${formatMicros(MOST_P99_US)}`, p99Us <= MOST_P99_US),
    row(
      "gateway memory a user",
      `${(perUserBytes / 1_000).toFixed(1)} kB`,
      `at most ${MOST_BYTES_A_USER / 1_000} kB`,
      perUserBytes <= MOST_BYTES_A_USER,
    ),
    row(
      "gateway CPU a shake",
      `${gatewayUs.toFixed(1)} us, ${(gatewayUs / serverUs).toFixed(2)} times the server's`,
      `at most ${MOST_CPU_RATIO} times`,
      gatewayUs <= MOST_CPU_RATIO * serverUs,
    ),
  ];
  console.log(checkTable(rows));
  console.log(
    `engine ${engine}; connected in ${connectS.toFixed(1)} s; gateway ${
      (fullBytes / 1e6).toFixed(0)
    } MB in all; ` +
      `server ${serverUs.toFixed(1)} us a shake; p50 ${formatMicros(sparsePercentile(histogram, 50))}; ` +
      `load ${Deno.loadavg()[0].toFixed(1)}`,
  );
  return {
    isPass: rows.every(({ isMet }) => isMet),
    figures: [
      figure("answered", "1/s", [answeredPerS]),
      figure("p99", "us", [p99Us]),
      figure("gateway memory a user", "B", [perUserBytes]),
      figure("gateway CPU a shake", "us", [gatewayUs]),
      figure("server CPU a shake", "us", [serverUs]),
    ],
    details: { engine, users: flags.users, connectS },
  };
}

function row(what: string, seen: string, wanted: string, isMet: boolean): CheckRow {
  return { phase: "shake", what, seen, wanted, isMet };
}

function residentBytes(pid: number): number {
  return 1_024 * Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]);
}
