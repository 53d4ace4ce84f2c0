import type { Host } from "../../core/cli/host.ts";
import type { EngineName } from "../../core/engine/common/engine.ts";
import { completeScenario, type FullScenario } from "../../core/rehearse/measure/scenario.ts";
import { Stage } from "../../core/rehearse/stage/stage.ts";

/** What every mode of the bench starts from. */
export interface Setting {
  readonly host: Host;
  readonly engine: EngineName;
  readonly users: number;
  readonly connectsPerS: number;
  readonly serverWorkers: number;
  readonly clientWorkers: number;
}

/** One server with exactly as many places as users, and one fleet, nobody shaking yet. */
export function startStage(
  { host, engine, users, serverWorkers, clientWorkers }: Setting,
  scenario: FullScenario,
  places = users,
): Promise<Stage> {
  return Stage.start(host, scenario, {
    engine,
    users,
    serverWorkers,
    clientWorkers,
    serverFlags: [`--max-connections=${places}`],
  });
}

/** Shakes a second for so many seconds. */
export interface Load {
  readonly shakesPerS: number;
  readonly seconds: number;
}

/** Packets a second, as at a gala. */
export const PACKETS_PER_S = 200;

/** Everybody connects and nobody shakes. */
export function silentScenarioOf(setting: Setting): FullScenario {
  return { ...scenarioOf(setting, [{ shakesPerS: 0, seconds: 1 }]), phases: [] };
}

/** The bench as a rehearsal: what must hold is what issue readers are told, see docs/benchmarks.md. */
export function scenarioOf({ users, connectsPerS }: Setting, loads: readonly Load[]): FullScenario {
  return completeScenario({
    name: "million",
    about: "everyone connects, then shakes",
    users,
    connectsPerS,
    phases: loads.map(({ shakesPerS, seconds }, i) => ({
      name: `shake_${shakesPerS}${
        loads.findIndex((load) => load.shakesPerS === shakesPerS) === i ? "" : `_${i}`
      }`,
      seconds,
      shakesPerS,
      packets: { ratePerS: PACKETS_PER_S, minFen: 1, maxFen: 200 },
      thresholds: {
        sentPercent: { atLeast: 99 },
        answeredPercent: { atLeast: 100 },
        overloadedPercent: { atMost: 0 },
        disconnects: { atMost: 0 },
        p99Ms: { atMost: 250 },
      },
    })),
  });
}
