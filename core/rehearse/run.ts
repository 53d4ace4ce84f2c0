import type { Host } from "../cli/host.ts";
import { sleep } from "../base/clock.ts";
import { type PhaseResult, phaseResult, type Reading } from "./measure/measures.ts";
import { type FullScenario, hasWave, type Phase } from "./measure/scenario.ts";
import type { Stage } from "./stage/stage.ts";
import type { Timeline } from "./timeline.ts";

/** How long everyone may take to connect, beyond what the rate asks for. */
const CONNECT_GRACE_MS = 60_000;
/** How long the server may take to read its ledger. */
const READY_MS = 60_000;
/** How long the last answers of a phase may take. */
const SETTLE_MS = 10_000;
const LOOK_MS = 50;
/** So many looks in a row must find nothing open. */
const QUIET_LOOKS = 4;

interface FleetStatus {
  readonly ready: number;
  readonly behaving: number;
}

/** How everyone connected. */
export interface ConnectResult {
  readonly users: number;
  readonly ready: number;
  readonly seconds: number;
  readonly perS: number;
}

export interface RunResult {
  readonly connect: ConnectResult;
  readonly phases: PhaseResult[];
  /** Both processes' counters at the end, when everything was answered. */
  readonly end: Reading;
}

/** A rehearsal that can't go on: a process died, or nobody could connect. */
export class RehearsalBroken extends Error {
  override name = "RehearsalBroken";
}

/** Plays a scenario on a stage: phase 1 connects everyone, the others shake. */
export class Run {
  readonly #host: Host;
  readonly #stage: Stage;
  readonly #timeline: Timeline;
  readonly #rateShare: number;
  readonly #signal: AbortSignal;

  /** @param rateShare part of the scenario's rates that is offered */
  constructor(host: Host, stage: Stage, timeline: Timeline, rateShare: number, signal: AbortSignal) {
    this.#host = host;
    this.#stage = stage;
    this.#timeline = timeline;
    this.#rateShare = rateShare;
    this.#signal = signal;
  }

  async play(scenario: FullScenario, users: number): Promise<RunResult> {
    this.#timeline.phase = "connect";
    await this.#ready();
    await this.#prepare(scenario, users);
    const connect = await this.#connect(users, scenario.connectsPerS);
    const phases: PhaseResult[] = [];
    for (const phase of scenario.phases) phases.push(await this.#phase(scenario, phase, users));
    this.#timeline.phase = "end";
    return { connect, phases, end: await this.#stage.read() };
  }

  /** Waits until the server can award; a ledger that holds much takes a while to read. */
  async #ready(): Promise<void> {
    const untilMs = this.#host.clock.monotonicMs() + READY_MS;
    while (!await this.#stage.server.isReady()) {
      if (this.#host.clock.monotonicMs() > untilMs) {
        throw new RehearsalBroken("the server does not get ready");
      }
      await this.#pause(LOOK_MS);
    }
  }

  async #connect(users: number, perS: number): Promise<ConnectResult> {
    const startMs = this.#host.clock.monotonicMs();
    const limitMs = users / perS * 1000 + CONNECT_GRACE_MS;
    let ready = 0;
    while (ready < users && this.#host.clock.monotonicMs() - startMs < limitMs) {
      await this.#pause(LOOK_MS);
      const status = await this.#stage.client.request<FleetStatus>("GET", "/status");
      ready = status.ready;
      users = status.behaving || users;
    }
    if (ready < users) throw new RehearsalBroken(`only ${ready} of ${users} users could log in`);
    const seconds = (this.#host.clock.monotonicMs() - startMs) / 1000;
    return { users, ready, seconds, perS: ready / seconds };
  }

  /** Makes the groups, and gives the users what they may send. */
  async #prepare({ groupSize, fundFen }: FullScenario, users: number): Promise<void> {
    const { server } = this.#stage;
    if (groupSize > 0) {
      const groups = Array.from({ length: Math.ceil(users / groupSize) }, (_, i) => ({
        group: i + 1,
        users: [i * groupSize, Math.min(users, (i + 1) * groupSize) - 1],
      }));
      await server.request("POST", "/groups", { groups });
    }
    if (fundFen > 0) await server.request("POST", "/fund", { users: [0, users - 1], amountFen: fundFen });
  }

  async #phase(scenario: FullScenario, phase: Phase, users: number): Promise<PhaseResult> {
    const { client } = this.#stage;
    const qps = Math.max(1, Math.round(phase.shakesPerS * this.#rateShare));
    await this.#order(phase, phase.seconds);
    if (hasWave(scenario, phase)) {
      await this.#stage.server.request("POST", "/waves/move", { wave: phase.name, inS: 0 });
    }
    const before = await this.#stage.read();
    await this.#behave(phase, scenario.groupSize, users);
    this.#timeline.phase = phase.name;
    let backAfterS = NaN;
    await client.request("POST", "/rate", { qps: phase.shakesPerS === 0 ? 0 : qps });
    const { kills = 0 } = phase;
    const partS = phase.seconds / (kills + 1);
    await this.#pause(partS * 1000);
    for (let kill = 1; kill <= kills; kill++) {
      await this.#crash();
      before.server = await this.#stage.server.totals(); // it counts from 0 again
      await this.#order(phase, partS * (kills + 1 - kill));
      const startMs = this.#host.clock.monotonicMs();
      backAfterS = Math.max(kill === 1 ? 0 : backAfterS, await this.#back(partS));
      await this.#pause(Math.max(0, partS * 1000 - (this.#host.clock.monotonicMs() - startMs)));
    }
    await client.request("POST", "/rate", { qps: 0 });
    if (phase.behaviour !== undefined) await client.request("POST", "/behaviour", {});
    await this.#settle();
    const after = await this.#stage.read();
    return phaseResult(phase.name, phase.seconds, before, after, backAfterS);
  }

  async #behave({ behaviour, hostSends, seconds }: Phase, groupSize: number, users: number): Promise<void> {
    if (behaviour !== undefined) {
      const share = (perS: number) => perS === 0 ? 0 : Math.max(1, Math.round(perS * this.#rateShare));
      await this.#stage.client.request("POST", "/behaviour", {
        ...behaviour,
        groupSize,
        sendsPerS: share(behaviour.sendsPerS),
        chatsPerS: share(behaviour.chatsPerS),
      });
    }
    if (hostSends === undefined) return;
    const total = Math.max(1, Math.round(hostSends.ratePerS * seconds));
    await this.#stage.server.request("POST", "/sends", { ...hostSends, total, users: [0, users - 1] });
  }

  /** Orders a phase's packets for so many seconds. */
  async #order({ packets }: Phase, seconds: number): Promise<void> {
    if (packets === undefined) return;
    const { ratePerS, minFen, maxFen } = packets;
    const total = Math.max(1, Math.round(ratePerS * seconds));
    await this.#stage.server.request("POST", "/packets", { ratePerS, total, minFen, maxFen });
  }

  async #crash(): Promise<void> {
    this.#timeline.event(this.#host.clock.wallMs(), "server killed");
    await this.#stage.crashServer();
    this.#timeline.follow("server", this.#stage.server.api);
    await this.#ready();
  }

  /** Waits until every user is back who behaves, at most so long. Returns after how many seconds; `Infinity` if not. */
  async #back(mostS: number): Promise<number> {
    const startMs = this.#host.clock.monotonicMs();
    for (;;) {
      const { ready, behaving } = await this.#stage.client.request<FleetStatus>("GET", "/status");
      const spentS = (this.#host.clock.monotonicMs() - startMs) / 1000;
      if (ready === behaving) return spentS;
      if (spentS >= mostS) return Infinity;
      await this.#pause(LOOK_MS);
    }
  }

  /** Waits for the last answers. What is still open then counts as unanswered. */
  async #settle(): Promise<void> {
    const untilMs = this.#host.clock.monotonicMs() + SETTLE_MS;
    // Of an answered send there are notices to come, and of those claims.
    for (let quietLooks = 0; quietLooks < QUIET_LOOKS && this.#host.clock.monotonicMs() < untilMs;) {
      await this.#pause(LOOK_MS);
      const { outstanding, openClaims, openSends } = await this.#stage.client.request<
        { outstanding: number; openClaims: number; openSends: number }
      >("GET", "/status");
      quietLooks = outstanding + openClaims + openSends === 0 ? quietLooks + 1 : 0;
    }
  }

  async #pause(ms: number): Promise<void> {
    const untilMs = this.#host.clock.monotonicMs() + ms;
    for (let leftMs = ms; leftMs > 0; leftMs = untilMs - this.#host.clock.monotonicMs()) {
      await sleep(Math.min(leftMs, LOOK_MS));
      this.#signal.throwIfAborted();
      for (const child of [this.#stage.server, this.#stage.client]) {
        if (child.hasEnded) {
          throw new RehearsalBroken(`the ${child.name} ended in the middle of the rehearsal`);
        }
      }
    }
  }
}
