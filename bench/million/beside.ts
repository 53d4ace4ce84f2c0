/** What idle connections cost the active ones: the same users shake with and without all the others beside them. */
import { alignColumns } from "../../core/cli/columns.ts";
import { formatCount, formatMicros } from "../../core/base/units.ts";
import { connectionsPerPair, readPortRange } from "../../core/os/port_range.ts";
import { Child } from "../../core/rehearse/stage/child.ts";
import type { PhaseResult } from "../../core/rehearse/measure/measures.ts";
import { Run } from "../../core/rehearse/run.ts";
import type { Stage } from "../../core/rehearse/stage/stage.ts";
import { Timeline } from "../../core/rehearse/timeline.ts";
import { sleep } from "../../core/base/clock.ts";
import { figure, type Outcome } from "../common/bench_result.ts";
import { checkPhase } from "./load.ts";
import { connectionTable } from "./namespace.ts";
import { type Load, scenarioOf, type Setting, startStage } from "./setting.ts";

/** Most CPU time a shake with the idle ones, against without: with the host's table, and with a larger one. */
const MOST_RATIO = 1.5;
const MOST_RATIO_OWN_TABLE = 1.3;
const LOOK_MS = 100;
const WARM_UP_SECONDS = 3;

export async function runBeside(
  setting: Setting,
  load: Load,
  active: number,
): Promise<Outcome> {
  const { host, users } = setting;
  const scenario = scenarioOf({ ...setting, users: active }, [load]);
  // As many places in all three measurements, and so as many rings.
  const stage = await startStage({ ...setting, users: active }, scenario, users);
  const timeline = new Timeline(() => {});
  const run = new Run(host, stage, timeline, 1, new AbortController().signal);
  const measure = async () => (await run.play(scenario, active)).phases[0];
  let idle: Child | undefined;
  try {
    // Doesn't count: V8 compiles what is hot.
    await run.play(
      scenarioOf({ ...setting, users: active }, [{ ...load, seconds: WARM_UP_SECONDS }]),
      active,
    );
    const before = await measure();
    idle = await connectIdle(setting, stage, active);
    const beside = await measure();
    await idle.stop(60_000);
    await until(stage, active);
    const after = await measure();
    const alone = (cpuUs(before) + cpuUs(after)) / 2;
    const ratio = cpuUs(beside) / alone;
    const bar = connectionTable(host).isOwn ? MOST_RATIO_OWN_TABLE : MOST_RATIO;
    const columns: [string, PhaseResult][] = [["alone", before], ["beside", beside], ["alone again", after]];
    host.out(
      `\n${formatCount(active)} active at ${formatCount(load.shakesPerS)}/s, beside ${
        formatCount(users - active)
      } idle\n` +
        alignColumns([
          ["", ...columns.map(([name]) => name)],
          ["answered", ...columns.map(([, { answered }]) => formatCount(answered))],
          ["server CPU a shake", ...columns.map(([, phase]) => `${cpuUs(phase).toFixed(2)} us`)],
          ["p50", ...columns.map(([, { latencyUs }]) => formatMicros(latencyUs.p50))],
          ["p99", ...columns.map(([, { latencyUs }]) => formatMicros(latencyUs.p99))],
        ]) + `\n  ratio ${ratio.toFixed(2)}, at most ${bar}\n`,
    );
    for (const [name, phase] of columns) checkPhase({ ...phase, name });
    const name = "CPU a shake beside the idle, against without";
    return {
      isPass: ratio <= bar,
      figures: [
        figure(name, "times", [cpuUs(beside) / cpuUs(before), cpuUs(beside) / cpuUs(after)]),
        figure("alone again, against alone", "times", [cpuUs(after) / cpuUs(before)]),
      ],
      details: { ratio, bar, before, beside, after },
    };
  } finally {
    timeline.stop();
    await idle?.stop(10_000);
    await stage.stop();
  }
}

/** A second fleet that only holds its connections. */
async function connectIdle(setting: Setting, stage: Stage, active: number): Promise<Child> {
  const { host, engine, users, connectsPerS, clientWorkers } = setting;
  const { port } = await stage.server.request<{ port: number }>("GET", "/health");
  const addresses = Math.ceil(users / connectionsPerPair(readPortRange()));
  const idle = new Child(host, [
    "client",
    ...[
      "--users",
      `${active}-${users - 1}`,
      "--server",
      `127.0.0.1-127.0.0.${addresses}:${port}`,
      "--qps",
      "0",
    ],
    ...["--control", "127.0.0.1:0", "--engine", engine, "--workers", String(clientWorkers)],
    ...["--connect-rate", String(connectsPerS)],
  ], "idle fleet");
  await idle.started("ready", "control");
  await until(stage, users);
  host.out(`  ${formatCount(users - active)} idle users are connected\n`);
  return idle;
}

/** Resolves when the server has exactly so many users. */
async function until(stage: Stage, users: number): Promise<void> {
  while ((await stage.server.request<{ users: number }>("GET", "/health")).users !== users) {
    if (stage.server.hasEnded) throw new Error("the server ended");
    await sleep(LOOK_MS);
  }
}

function cpuUs({ server, answered }: PhaseResult): number {
  return server.cpuMs * 1000 / Math.max(1, answered);
}
