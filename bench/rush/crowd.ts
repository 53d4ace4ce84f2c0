import type { Host } from "../../core/cli/host.ts";
import type { Behaviour } from "../../core/client/population/behaviour.ts";
import type { EngineName } from "../../core/engine/common/engine.ts";
import { type PhaseResult, phaseResult, type Reading } from "../../core/rehearse/measure/measures.ts";
import { Run } from "../../core/rehearse/run.ts";
import { completeScenario } from "../../core/rehearse/measure/scenario.ts";
import { Stage } from "../../core/rehearse/stage/stage.ts";
import { Timeline } from "../../core/rehearse/timeline.ts";
import { sleep } from "../../core/base/clock.ts";

const CONNECTS_PER_S = 10_000;

export interface CrowdOptions {
  readonly engine: EngineName;
  readonly users: number;
  /** Users of a group, 0 for none; group 1 has the first. */
  readonly groupSize: number;
  /** What each user has to send, in fen. */
  readonly fundFen: number;
}

/** One server on a ledger that lasts, with plugin `send`, and a fleet of version 1 users who are all logged in. */
export class Crowd implements AsyncDisposable {
  readonly host: Host;
  readonly stage: Stage;
  readonly ledger: string;
  readonly #timeline: Timeline;
  readonly #folder: string;

  private constructor(host: Host, stage: Stage, timeline: Timeline, folder: string, ledger: string) {
    this.host = host;
    this.stage = stage;
    this.#timeline = timeline;
    this.#folder = folder;
    this.ledger = ledger;
  }

  static async gather(host: Host, { engine, users, groupSize, fundFen }: CrowdOptions): Promise<Crowd> {
    const scenario = completeScenario({
      name: "rush",
      about: "everybody is there",
      users,
      connectsPerS: CONNECTS_PER_S,
      protocol: 1,
      groupSize,
      fundFen,
      server: {
        flags: { plugins: "throttle,shake,send" },
        set: { "throttle.connectionPerS": 1_000, "throttle.connectionBurst": 1_000 },
      },
      phases: [{ name: "silence", seconds: 1, shakesPerS: 0 }],
    });
    const folder = await Deno.makeTempDir({ prefix: "redpkt-rush-" });
    const ledger = `${folder}/ledger`;
    const timeline = new Timeline(() => {});
    const stage = await Stage.start(host, scenario, {
      engine,
      users,
      serverWorkers: 1,
      clientWorkers: 1,
      serverFlags: [`--max-connections=${users}`],
      ledger,
    });
    const crowd = new Crowd(host, stage, timeline, folder, ledger);
    try {
      const run = new Run(host, stage, timeline, 1, new AbortController().signal);
      await run.play({ ...scenario, phases: [] }, users);
      return crowd;
    } catch (error) {
      await crowd[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What the users do from now on. */
  async behave(behaviour: Partial<Behaviour>): Promise<void> {
    await this.stage.client.request("POST", "/behaviour", behaviour);
  }

  /** Looks until something is so; throws when `maxS` are over. */
  async until(what: string, maxS: number, isSo: (reading: Reading) => boolean): Promise<Reading> {
    const untilMs = this.host.clock.monotonicMs() + maxS * 1000;
    for (;;) {
      const reading = await this.stage.read();
      if (isSo(reading)) return reading;
      if (this.host.clock.monotonicMs() > untilMs) throw new Error(`${what}: not within ${maxS} s`);
      await sleep(20);
    }
  }

  /** What happens in so many seconds. */
  async window(
    name: string,
    seconds: number,
  ): Promise<PhaseResult & { readonly before: Reading; readonly after: Reading }> {
    const before = await this.stage.read();
    await sleep(seconds * 1000);
    const after = await this.stage.read();
    const spentS = (after.client.readAtMs - before.client.readAtMs) / 1000;
    return { ...phaseResult(name, spentS, before, after), before, after };
  }

  /** Ends the processes; the ledger stays to be read. */
  async part(): Promise<void> {
    this.#timeline.stop();
    await this.stage.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.part();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
