import type { Host } from "../cli/host.ts";
import { formatCount } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { sleep } from "../base/clock.ts";
import { type PhaseResult, phaseResult, type Reading } from "./measure/measures.ts";
import { type FullScenario, type Phase, type ShowStep, waveOf } from "./measure/scenario.ts";
import { driftOf } from "./measure/drift.ts";
import type { ShowStage } from "./show/show_stage.ts";
import type { AskServer } from "../plugin/plugin.ts";
import type { Stage } from "./stage/stage.ts";
import type { Timeline } from "./timeline.ts";
import { ConnectWatch } from "./stage/why_not_in.ts";

/** How long everyone may take to connect, beyond what the rate asks for. */
const CONNECT_GRACE_MS = 60_000;
/** How long the server may take to read its ledger. */
const READY_MS = 60_000;
/** How long the last answers of a phase may take. */
const SETTLE_MS = 10_000;
const LOOK_MS = 50;
/** How long after a request that failed its process may end, to be the reason. */
const END_MS = 2_000;
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
  /** The process's exit code. */
  readonly exitCode: number;

  constructor(message: string, exitCode: number = ExitCode.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Plays a scenario on a stage: phase 1 connects everyone, the others shake. */
export class Run {
  readonly #host: Host;
  readonly #stage: Stage;
  readonly #timeline: Timeline;
  readonly #rateShare: number;
  readonly #signal: AbortSignal;
  readonly #show: ShowStage | undefined;
  /** Asks the server that there is at that moment: it may have been started again. */
  readonly #ask: AskServer = (method, path, body, headers) =>
    this.#stage.server.request(method, path, body, headers);

  /** @param rateShare part of the scenario's rates that is offered */
  constructor(
    host: Host,
    stage: Stage,
    timeline: Timeline,
    rateShare: number,
    signal: AbortSignal,
    show?: ShowStage,
  ) {
    this.#host = host;
    this.#stage = stage;
    this.#timeline = timeline;
    this.#rateShare = rateShare;
    this.#signal = signal;
    this.#show = show;
  }

  /** @param isEnough asked after each phase; true: the others aren't played */
  async play(
    scenario: FullScenario,
    users: number,
    isEnough: (result: PhaseResult) => boolean = () => false,
  ): Promise<RunResult> {
    try {
      return await this.#play(scenario, users, isEnough);
    } catch (error) {
      // Whoever breaks it off may end the processes too, as a terminal does; then a request fails first.
      this.#signal.throwIfAborted();
      if (error instanceof RehearsalBroken) throw error;
      if (error instanceof UserError) throw new RehearsalBroken(error.message); // a server that doesn't start again
      throw await this.#whyEnded() ?? error;
    }
  }

  /** A request that failed since its process had ended: the process says why. */
  async #whyEnded(): Promise<RehearsalBroken | undefined> {
    const { server, client } = this.#stage;
    const untilMs = this.#host.clock.monotonicMs() + END_MS;
    while (this.#host.clock.monotonicMs() < untilMs) {
      const child = [server, client].find(({ hasEnded }) => hasEnded);
      this.#signal.throwIfAborted();
      if (child !== undefined) return new RehearsalBroken(await child.ending());
      await sleep(LOOK_MS);
    }
    return undefined;
  }

  async #play(
    scenario: FullScenario,
    users: number,
    isEnough: (result: PhaseResult) => boolean,
  ): Promise<RunResult> {
    this.#timeline.phase = "connect";
    await this.#ready();
    await this.#show?.begin();
    await this.#prepare(scenario, users);
    const connect = await this.#connect(users, scenario.connectsPerS);
    const phases: PhaseResult[] = [];
    for (const phase of scenario.phases) {
      const result = await this.#phase(scenario, phase, users);
      phases.push(result);
      if (isEnough(result)) break;
    }
    this.#timeline.phase = "end";
    return { connect, phases, end: await this.#stage.read() };
  }

  /** Waits until the server can award; a ledger that holds much takes a while to read. */
  async #ready(): Promise<void> {
    const untilMs = this.#host.clock.monotonicMs() + READY_MS;
    while (!await this.#stage.server.isReady()) {
      if (this.#host.clock.monotonicMs() > untilMs) {
        throw new RehearsalBroken(`the server does not get ready: ${this.#stage.server.reason}`);
      }
      await this.#pause(LOOK_MS);
    }
  }

  async #connect(users: number, perS: number): Promise<ConnectResult> {
    const startMs = this.#host.clock.monotonicMs();
    const limitMs = users / perS * 1000 + CONNECT_GRACE_MS;
    const watch = new ConnectWatch(startMs, this.#stage.pids);
    let ready = 0;
    while (ready < users && this.#host.clock.monotonicMs() - startMs < limitMs) {
      await this.#pause(LOOK_MS);
      const status = await this.#stage.client.request<FleetStatus>("GET", "/status");
      ready = status.ready;
      users = status.behaving || users;
    }
    if (ready < users) {
      const nowMs = this.#host.clock.monotonicMs();
      const why = watch.why(nowMs, ready, perS, await this.#stage.client.totals());
      throw new RehearsalBroken(
        `only ${formatCount(ready)} of ${formatCount(users)} users could log in, ${why}`,
        ready === 0 ? ExitCode.nobodyServed : ExitCode.failed,
      );
    }
    const seconds = (this.#host.clock.monotonicMs() - startMs) / 1000;
    return { users, ready, seconds, perS: ready / seconds };
  }

  /** Makes the groups, and gives the users what they may send. */
  async #prepare({ groupSize, fundFen }: FullScenario, users: number): Promise<void> {
    const { plugins } = this.#stage;
    if (groupSize > 0) await plugins.order("groups", this.#ask, { users, groupSize });
    if (fundFen > 0) await plugins.order("funds", this.#ask, { users, amountFen: fundFen });
  }

  async #phase(scenario: FullScenario, phase: Phase, users: number): Promise<PhaseResult> {
    const { client } = this.#stage;
    const qps = Math.max(1, Math.round(phase.shakesPerS * this.#rateShare));
    await this.#order(phase, phase.seconds);
    const wave = waveOf(scenario, phase);
    if (wave !== undefined && this.#show === undefined) {
      await this.#stage.plugins.order("wave", this.#ask, wave);
    }
    const before = await this.#stage.read();
    const { cue, policy } = phase;
    if (cue !== undefined) await this.#stage.plugins.order("cue", this.#ask, cue);
    if (policy !== undefined) await this.#stage.plugins.order("policy", this.#ask, policy);
    await this.#behave(phase, scenario.groupSize, users);
    this.#timeline.phase = phase.name;
    let backAfterS: number | null = null;
    await client.request("POST", "/rate", { qps: phase.shakesPerS === 0 ? 0 : qps });
    if (phase.show !== undefined) await this.#direct(phase, phase.show, before);
    const { kills = 0 } = phase;
    const partS = phase.seconds / (kills + 1);
    await this.#pause(phase.show === undefined ? partS * 1000 : 0);
    for (let kill = 1; kill <= kills; kill++) {
      await this.#crash();
      before.server = await this.#stage.server.totals(); // it counts from 0 again
      const startMs = this.#host.clock.monotonicMs();
      const spentS = await this.#back(partS);
      backAfterS = spentS === null || (backAfterS === null && kill > 1)
        ? null
        : Math.max(backAfterS ?? 0, spentS);
      await this.#pause(Math.max(0, partS * 1000 - (this.#host.clock.monotonicMs() - startMs)));
    }
    await client.request("POST", "/rate", { qps: 0 });
    if (phase.behaviour !== undefined) await client.request("POST", "/behaviour", {});
    await this.#settle();
    const after = await this.#stage.read();
    const { measures } = this.#stage.plugins;
    const drift = driftOf(this.#timeline.seconds.filter((second) => second.phase === phase.name));
    return phaseResult(phase.name, phase.seconds, before, after, backAfterS, measures, drift);
  }

  /** Does what the director does, each thing at its time, to the end of the phase. */
  async #direct({ seconds }: Phase, steps: readonly ShowStep[], before: Reading): Promise<void> {
    const startMs = this.#host.clock.monotonicMs();
    const until = (atS: number) =>
      this.#pause(Math.max(0, atS * 1000 - (this.#host.clock.monotonicMs() - startMs)));
    for (const { atS, do: step } of steps) {
      await until(atS);
      this.#timeline.event(this.#host.clock.wallMs(), `show: ${Object.values(step).join(" ")}`);
      if (step.what === "killServer") {
        await this.#crash();
        before.server = await this.#stage.server.totals(); // it counts from 0 again
      } else await this.#show!.perform(step);
    }
    await until(seconds);
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
    await this.#stage.plugins.order("sends", this.#ask, { ...hostSends, total, users });
  }

  /** Orders a phase's packets for so many seconds. */
  async #order({ packets }: Phase, seconds: number): Promise<void> {
    if (packets === undefined) return;
    const { ratePerS, minFen, maxFen } = packets;
    const total = Math.max(1, Math.round(ratePerS * seconds));
    await this.#stage.plugins.order("packets", this.#ask, { ratePerS, total, minFen, maxFen });
  }

  async #crash(): Promise<void> {
    this.#timeline.event(this.#host.clock.wallMs(), "server killed");
    await this.#stage.crashServer();
    this.#timeline.follow("server", this.#stage.server);
    await this.#ready();
  }

  /** Waits until every user is back who behaves, at most so long. Returns after how many seconds; null if not. */
  async #back(mostS: number): Promise<number | null> {
    const startMs = this.#host.clock.monotonicMs();
    for (;;) {
      const { ready, behaving } = await this.#stage.client.request<FleetStatus>("GET", "/status");
      const spentS = (this.#host.clock.monotonicMs() - startMs) / 1000;
      if (ready === behaving) return spentS;
      if (spentS >= mostS) return null;
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
        if (child.hasEnded) throw new RehearsalBroken(await child.ending());
      }
    }
  }
}
