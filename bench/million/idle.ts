/** What a server costs while nobody does anything, and how it ends while everybody is connected. */
import { formatCount } from "../../core/base/units.ts";
import type { Child } from "../../core/rehearse/stage/child.ts";
import { Run } from "../../core/rehearse/run.ts";
import { Timeline } from "../../core/rehearse/timeline.ts";
import { sleep } from "../../core/base/clock.ts";
import { figure, type Outcome } from "../common/bench_result.ts";
import { premise } from "../common/premise.ts";
import { type Setting, silentScenarioOf, startStage } from "./setting.ts";

/** Most of a core while idle, in per cent, with no connection and with all. */
const MOST_EMPTY_PERCENT = 1;
const MOST_CONNECTED_PERCENT = 2;
const SETTLE_MS = 3_000;
const WINDOW_MS = 20_000;
/** What the server is told as its limit for winners that wait. */
const DRAIN_S = 20;

/** CPU of an idle server without connections, and with `setting.users`. */
export async function runIdle(setting: Setting): Promise<Outcome> {
  const { host, users } = setting;
  const scenario = silentScenarioOf(setting);
  const empty = await (async () => {
    const stage = await startStage(
      { ...setting, users: 1 },
      silentScenarioOf({ ...setting, users: 1 }),
      users,
    );
    try {
      await stage.client.stop(5_000);
      return await idlePercent(stage.server);
    } finally {
      await stage.stop();
    }
  })();
  host.out(`  no connection: ${empty.toFixed(2)} % of a core (at most ${MOST_EMPTY_PERCENT})\n`);
  const stage = await startStage(setting, scenario);
  const timeline = new Timeline(() => {});
  try {
    await new Run(host, stage, timeline, 1, new AbortController().signal).play(scenario, users);
    const connected = await idlePercent(stage.server);
    const { users: there } = await stage.server.request<{ users: number }>("GET", "/health");
    premise(there === users, `${there} of ${users} users were still connected at the end`);
    host.out(
      `  ${formatCount(users)} connections: ${
        connected.toFixed(2)
      } % of a core (at most ${MOST_CONNECTED_PERCENT})\n`,
    );
    const isPass = empty < MOST_EMPTY_PERCENT && connected < MOST_CONNECTED_PERCENT;
    return {
      isPass,
      figures: [
        figure("without connections", "% of a core", [empty]),
        figure(`with ${users} connections`, "% of a core", [connected]),
      ],
    };
  } finally {
    await stage.stop();
  }
}

async function idlePercent(server: Child): Promise<number> {
  await sleep(SETTLE_MS);
  const before = await server.totals();
  await sleep(WINDOW_MS);
  const after = await server.totals();
  const read = after.counters.bytesIn - before.counters.bytesIn;
  premise(read === 0, `somebody sent ${read} bytes while nobody should do anything`);
  const cpuMs = after.cpuUserMs + after.cpuSystemMs - before.cpuUserMs - before.cpuSystemMs;
  return cpuMs / (after.readAtMs - before.readAtMs) * 100;
}

/** SIGTERM with everybody connected: how long until the process is gone, and whether its port is free at once. */
export async function runStop(setting: Setting): Promise<Outcome> {
  const { host, users } = setting;
  const scenario = silentScenarioOf(setting);
  const stage = await startStage(setting, scenario);
  try {
    await new Run(host, stage, new Timeline(() => {}), 1, new AbortController().signal).play(scenario, users);
    const { port } = await stage.server.request<{ port: number }>("GET", "/health");
    const { users: there } = await stage.server.request<{ users: number }>("GET", "/health");
    premise(there === users, `${there} of ${users} users were connected before the end`);
    const startMs = host.clock.monotonicMs();
    const code = await stage.server.stop((DRAIN_S + 10) * 1000);
    const seconds = (host.clock.monotonicMs() - startMs) / 1000;
    const isPortFree = canListen(port);
    host.out(
      `  SIGTERM with ${formatCount(users)} connections: exit code ${code} after ${seconds.toFixed(1)} s ` +
        `(at most ${DRAIN_S}), port ${isPortFree ? "free at once" : "still taken"}\n`,
    );
    return {
      isPass: code === 0 && seconds <= DRAIN_S && isPortFree,
      figures: [figure("SIGTERM to the end", "s", [seconds])],
      details: { code, isPortFree },
    };
  } finally {
    await stage.stop();
  }
}

function canListen(port: number): boolean {
  try {
    Deno.listen({ hostname: "0.0.0.0", port }).close();
    return true;
  } catch {
    return false;
  }
}
