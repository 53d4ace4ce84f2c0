/** Everybody connects, then shakes: the bench itself. */
import { formatCount } from "../../core/base/units.ts";
import type { PhaseResult } from "../../core/rehearse/measure/measures.ts";
import { Run } from "../../core/rehearse/run.ts";
import { checkTable, phaseTable } from "../../core/rehearse/tables.ts";
import { Timeline } from "../../core/rehearse/timeline.ts";
import { checkThresholds } from "../../core/rehearse/measure/check_thresholds.ts";
import { checkMoney } from "../../core/rehearse/verdict.ts";
import { type Check, check, checkRow, WHOLE_RUN } from "../../core/report/data/check.ts";
import { figure, type Outcome } from "../common/bench_result.ts";
import { premise, wasServed } from "../common/premise.ts";
import { costOfShake, readMachineCpu } from "./machine_cpu.ts";
import { memoryCost, readMachineMemory } from "./memory.ts";
import { type Load, PACKETS_PER_S, scenarioOf, type Setting, startStage } from "./setting.ts";

/** Connects a second that a machine of 2 cores must reach. */
const LEAST_CONNECTS_PER_S = 20_000;
/** Resident memory at a million users, at most. */
const MOST_SERVER_BYTES = 250e6;
const MOST_CLIENT_BYTES = 400e6;
/** With more users neither connects nor memory must reach these. */
const BAR_USERS = 1_000_000;

export async function runLoad(
  setting: Setting,
  loads: readonly Load[],
): Promise<Outcome> {
  const { host, users } = setting;
  const scenario = scenarioOf(setting, loads);
  const memoryBefore = readMachineMemory();
  const stage = await startStage(setting, scenario);
  const timeline = new Timeline(() => {});
  try {
    const run = new Run(host, stage, timeline, 1, new AbortController().signal);
    // First nobody shakes, so that memory can be read with everyone connected and nothing else.
    const { connect } = await run.play({ ...scenario, phases: [] }, users);
    host.out(
      `  ${formatCount(connect.ready)} connected in ${connect.seconds.toFixed(1)} s: ${
        formatCount(connect.perS)
      }/s\n`,
    );
    const memory = memoryCost(memoryBefore, readMachineMemory(), users);
    if (memory !== undefined) {
      host.out(
        `  kernel memory: ${formatCount(memory.slabBytesPerConnection)} B a connection with both its ends; ` +
          `with everything ${formatCount(memory.bytesPerConnection)} B; ${
            (memory.availableBytes / 1e9).toFixed(1)
          } GB still available\n`,
      );
    }
    const cpuBefore = readMachineCpu();
    const { phases, end } = await run.play(scenario, users);
    const cpuAfter = readMachineCpu();
    const rss = { server: end.server.rssBytes, client: end.client.rssBytes };
    const checks: Check[] = [
      ...(users > BAR_USERS ? [] : [
        check({ measure: "connectsPerS", phase: "connect", unit: "count" }, Math.round(connect.perS), {
          atLeast: LEAST_CONNECTS_PER_S,
        }),
      ]),
      ...checkThresholds(scenario.phases, phases),
      ...phases.map(checkFleet),
      ...checkMoney(end, stage.plugins.won),
      ...(users > BAR_USERS ? [] : [
        checkMegabytes("serverMb", rss.server, MOST_SERVER_BYTES),
        checkMegabytes("fleetMb", rss.client, MOST_CLIENT_BYTES),
      ]),
    ];
    if (cpuBefore !== undefined && cpuAfter !== undefined) {
      const answered = phases.reduce((sum, phase) => sum + phase.answered, 0);
      host.out(`  ${costOfShake(cpuBefore, cpuAfter, answered)}\n`);
    }
    host.out(`\n${phaseTable(phases)}\n${checkTable(checks.map(checkRow))}`);
    premise(connect.ready === users, `${connect.ready} of ${users} users were connected`);
    for (const phase of phases) checkPhase(phase);
    for (const { measure, seen, met } of checkMoney(end, stage.plugins.won)) {
      premise(met, `the money isn't right: ${measure} ${seen}`);
    }
    return {
      isPass: checks.every(({ met }) => met),
      figures: [
        figure("connects", "a second", [connect.perS]),
        figure("server, resident", "MB", [rss.server / 1e6]),
        figure("fleet, resident", "MB", [rss.client / 1e6]),
        ...loads.flatMap(({ shakesPerS }, i) => {
          // Phases of one rate are windows of one figure.
          if (loads.findIndex((load) => load.shakesPerS === shakesPerS) !== i) return [];
          const same = phases.filter((_, at) => loads[at].shakesPerS === shakesPerS);
          const of = (what: string, unit: string, value: (phase: PhaseResult) => number) =>
            figure(`${what} at ${shakesPerS}/s`, unit, same.map(value));
          return [
            of("answered", "a second", ({ answered, seconds }) => answered / seconds),
            of("p50", "ms", ({ latencyUs }) => latencyUs.p50 / 1_000),
            of("p99", "ms", ({ latencyUs }) => latencyUs.p99 / 1_000),
            of("order to a worker and back, p99", "ms", ({ controlUs }) => controlUs.p99 / 1_000),
            of("server CPU a shake", "us", ({ server, answered }) => server.cpuMs * 1_000 / answered),
          ];
        }),
      ],
      details: { connect, memory, phases, rss, checks },
    };
  } finally {
    timeline.stop();
    await stage.stop();
  }
}

/** Of the packets that are released in a phase, so many must be won: else nothing was given away. */
const LEAST_WON = 0.9;

/** That a phase had the load that it is named for, and that packets were won in it. */
export function checkPhase(phase: PhaseResult): void {
  wasServed(phase);
  const due = Math.floor(LEAST_WON * PACKETS_PER_S * phase.seconds);
  premise(phase.won >= due, `${phase.name}: ${phase.won} packets were won, where at least ${due} should`);
}

/** A fleet that costs more than the server is what one measures instead of the server. */
function checkFleet({ name, server, client }: PhaseResult): Check {
  return check(
    { measure: "fleetCpuMs", phase: name, unit: "ms", note: "at most the server's" },
    client.cpuMs,
    {
      atMost: server.cpuMs,
    },
  );
}

function checkMegabytes(measure: string, bytes: number, most: number): Check {
  return check({ measure, phase: WHOLE_RUN, unit: "MB" }, bytes / 1e6, { atMost: most / 1e6 });
}
