import { sleep } from "../../core/base/clock.ts";
import type { Host } from "../../core/cli/host.ts";
import type { EngineName } from "../../core/engine/common/engine.ts";
import type { Reading } from "../../core/rehearse/measure/measures.ts";
import { completeScenario } from "../../core/rehearse/measure/scenario.ts";
import { Stage } from "../../core/rehearse/stage/stage.ts";
import { premise, wasServed } from "../common/premise.ts";

/** How long everybody may take to log in. */
const CONNECT_MS = 60_000;
const LOOK_MS = 50;
/** Between two windows, so that the answers of one don't count for the next. */
const SETTLE_MS = 300;

/** What some servers did in a window, together. */
export interface Window {
  readonly processes: number;
  readonly cores: number;
  readonly residentBytes: number;
  readonly connections: number;
  readonly answeredPerS: number;
}

/** Servers with a fleet each, all connected; in a window some of them have something to do. */
export class Servers implements AsyncDisposable {
  readonly #stages: readonly Stage[];

  private constructor(stages: readonly Stage[]) {
    this.#stages = stages;
  }

  static async start(host: Host, engine: EngineName, count: number, users: number): Promise<Servers> {
    const scenario = completeScenario({
      name: "plan",
      about: "servers that were planned",
      users,
      connectsPerS: 5_000,
      phases: [{ name: "shake", seconds: 1, shakesPerS: users }],
    });
    const stages: Stage[] = [];
    const servers = new Servers(stages);
    for (let i = 0; i < count; i++) {
      stages.push(
        await Stage.start(host, scenario, {
          engine,
          users,
          serverWorkers: 1,
          clientWorkers: 1,
          serverFlags: [],
        }),
      );
    }
    const untilMs = host.clock.monotonicMs() + CONNECT_MS;
    for (const stage of stages) {
      while ((await stage.client.request<{ ready: number }>("GET", "/status")).ready < users) {
        premise(host.clock.monotonicMs() < untilMs, "everybody logs in");
        await sleep(LOOK_MS);
      }
    }
    return servers;
  }

  /** So many of them serve so many shakes a second each, for a while. */
  async window(processes: number, perS: number, seconds: number): Promise<Window> {
    const busy = this.#stages.slice(0, processes);
    await Promise.all(busy.map(({ client }) => client.request("POST", "/rate", { qps: perS })));
    await sleep(SETTLE_MS); // the first of a rate come all at once
    const before = await Promise.all(busy.map((stage) => stage.read()));
    await sleep(seconds * 1_000);
    const after = await Promise.all(busy.map((stage) => stage.read()));
    await Promise.all(busy.map(({ client }) => client.request("POST", "/rate", { qps: 0 })));
    await sleep(SETTLE_MS);
    const sums = { cores: 0, residentBytes: 0, connections: 0, answeredPerS: 0 };
    before.forEach((reading, i) => {
      const one = growth(reading, after[i], perS, `${processes} processes`);
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += one[name];
    });
    return { processes, ...sums };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#stages.map((stage) => stage.stop()));
  }
}

function growth(before: Reading, after: Reading, perS: number, name: string): Omit<Window, "processes"> {
  const grew = (counter: string) => after.client.counters[counter] - before.client.counters[counter];
  const answered = grew("shakesAnswered");
  // Those under way at either end, and those whose count comes a moment later.
  wasServed({
    name,
    due: grew("shakesDue"),
    sent: grew("shakesSent"),
    answered,
    overloaded: grew("shakesOverloaded"),
    disconnects: grew("disconnects"),
  }, perS);
  const elapsedMs = after.server.readAtMs - before.server.readAtMs;
  const fleetMs = after.client.readAtMs - before.client.readAtMs;
  const cpuMs = after.server.cpuUserMs + after.server.cpuSystemMs - before.server.cpuUserMs -
    before.server.cpuSystemMs;
  return {
    cores: cpuMs / elapsedMs,
    residentBytes: after.server.rssBytes,
    connections: after.server.gauges.connections,
    answeredPerS: answered / fleetMs * 1_000,
  };
}
