/**
 * What it costs to watch 600 processes: `deno run -A bench/monitor.ts`. Prints the CPU of this
 * process per wall second, its memory, and how many of all snapshots were merged.
 */
import process from "node:process";
import { z } from "zod";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { MonitorCore } from "../core/monitor/collect/monitor_core.ts";
import { Recording } from "../core/monitor/record/recording.ts";
import { parseTarget } from "../core/monitor/collect/target_list.ts";
import { formatAddress } from "../core/os/address.ts";
import { figure, type Outcome, runBench } from "./common/bench_result.ts";
import { premise } from "./common/premise.ts";
import { benchFlags } from "./bench_flags.ts";
import { tightenHeap } from "../core/os/tight_heap.ts";
import { after, every, sleep, systemClock } from "../core/base/clock.ts";

const { targets: count, seconds, out } = benchFlags(
  "deno run -A bench/monitor.ts",
  "What it costs to watch many processes.",
  {
    targets: flag("N", "processes", wholeNumber(1, 1_000).default(600)),
    seconds: flag("N", "for how long", wholeNumber(1, 3_600).default(20)),
    out: flag("FILE", "the results as JSON", z.string().default("out/monitor.json")),
  },
);
/** How late a second may come and still count as told, in ms. */
const LATE_MS = 5_000;
/** Of the seconds, so many must be of all processes. */
const LEAST_WHOLE = 0.95;

await runBench("bench:monitor", out, watchAll);

async function watchAll(): Promise<Outcome> {
  const peers = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("./monitor_peers.ts", import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = peers.stdout.getReader();
  const port = Number(new TextDecoder().decode((await reader.read()).value));
  const first = 0x7f010001; // 127.1.0.1
  const list = parseTarget(`${formatAddress(first)}-${formatAddress(first + count - 1)}:${port}`);
  if ("problem" in list) throw new Error(list.problem);

  tightenHeap();
  const core = new MonitorCore({ clock: systemClock, fetch: (url, init) => fetch(url, init), after });
  const file = await Deno.makeTempFile({ suffix: ".db" });
  const recording = new Recording(file);
  core.watch({ snapshot: (target, { text }) => recording.add(target.spec, text) });
  /** By second: who has told of it, late ones too. */
  const shown = new Map<number, number>();
  core.watch({ second: ({ second, reporting }) => void shown.set(second, reporting) });
  core.setTargets(list.targets);
  const endTicks = [every(100, () => core.tick()), every(1000, () => recording.flush(systemClock.wallMs()))];
  while (core.targets.some(({ state }) => state !== "live")) await sleep(100);
  await sleep(2_000);

  shown.clear();
  const firstSecond = Math.ceil(systemClock.wallMs() / 1000);
  const [cpu, startMs] = [process.cpuUsage(), systemClock.monotonicMs()];
  await sleep(seconds * 1000);
  const used = process.cpuUsage(cpu);
  const wallMs = systemClock.monotonicMs() - startMs;
  const { rss, heapTotal, heapUsed } = Deno.memoryUsage();
  // The last seconds are still on their way: they are waited for, but no later ones count.
  await sleep(LATE_MS);
  for (const end of endTicks) end();
  const measured = Array.from({ length: seconds }, (_, i) => shown.get(firstSecond + i));
  const told = measured.filter((reporting) => reporting !== undefined).length;
  const whole = measured.filter((reporting) => reporting === count).length;
  const { size } = await Deno.stat(file);
  premise(told === seconds, `${told} of ${seconds} seconds were shown`);
  premise(
    whole >= LEAST_WHOLE * seconds,
    `${whole} of ${seconds} seconds had all ${count} processes: what watching all of them costs isn't known`,
  );
  premise(size > 0, "nothing was recorded");
  console.log(`targets            ${count}, one snapshot a second each`);
  const cpuPercent = (used.user + used.system) / 10 / wallMs;
  console.log(`CPU                ${cpuPercent.toFixed(1)} % of a core`);
  const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  console.log(`resident memory    ${mb(rss)}; the heap ${mb(heapTotal)}, ${mb(heapUsed)} of it in use`);
  console.log(`seconds            ${told} of ${seconds} shown, ${whole} of them with all targets`);
  console.log(`record             ${Math.round(size / 1e3)} kB in all`);
  await core.stop();
  recording.close(systemClock.wallMs());
  await peers.stdin.close();
  await peers.status;
  await Deno.remove(file);
  return {
    figures: [
      figure(`${count} processes watched`, "% of a core", [cpuPercent]),
      figure("resident", "MB", [rss / 1e6]),
    ],
    details: { seconds, told, whole },
  };
}
