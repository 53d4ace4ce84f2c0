import type { Host } from "../../core/cli/host.ts";
import type { EngineName } from "../../core/engine/common/engine.ts";
import { Run } from "../../core/rehearse/run.ts";
import { completeScenario, type Scenario } from "../../core/rehearse/measure/scenario.ts";
import { Stage } from "../../core/rehearse/stage/stage.ts";
import { Timeline } from "../../core/rehearse/timeline.ts";

const CONNECTS_PER_S = 10_000;

/** A server and a fleet of which everybody is connected; `work` is done with them, then both end. */
export async function withStage<T>(
  host: Host,
  engine: EngineName,
  users: number,
  { server, fleet, phases }: Pick<Scenario, "server" | "fleet" | "phases">,
  work: (stage: Stage, play: () => ReturnType<Run["play"]>) => Promise<T>,
): Promise<T> {
  const scenario = completeScenario({
    name: "protect",
    about: "what protects a server",
    users,
    connectsPerS: CONNECTS_PER_S,
    ...(server === undefined ? {} : { server }),
    ...(fleet === undefined ? {} : { fleet }),
    phases,
  });
  const stage = await Stage.start(host, scenario, {
    engine,
    users,
    serverWorkers: 1,
    clientWorkers: 1,
    serverFlags: [`--max-connections=${2 * users}`],
  });
  const timeline = new Timeline(() => {});
  try {
    const run = new Run(host, stage, timeline, 1, new AbortController().signal);
    await run.play({ ...scenario, phases: [] }, users);
    return await work(stage, () => run.play(scenario, users));
  } finally {
    timeline.stop();
    await stage.stop();
  }
}
