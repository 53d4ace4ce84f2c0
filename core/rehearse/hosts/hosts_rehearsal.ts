import { sleep } from "../../base/clock.ts";
import { formatCount } from "../../base/units.ts";
import { ExitCode } from "../../base/user_error.ts";
import { alignColumns } from "../../cli/columns.ts";
import type { Host } from "../../cli/host.ts";
import { writeResult } from "../../cli/json_output.ts";
import { Histogram } from "../../counters/histogram.ts";
import type { Totals } from "../../counters/series.ts";
import { reconcile } from "../../reconcile/reconcile.ts";
import type { FullScenario, HostsScenario, HostStep, Phase } from "../measure/scenario.ts";
import { FleetWatch } from "./fleet_watch.ts";
import { HostsStage, type HostsStageOptions, type StagedHost } from "./hosts_stage.ts";

/** How long last answers, and opens that wait for their host, may take. */
const SETTLE_MS = 120_000;
/** How soon after a kill the fleet is asked how it does, should nothing else happen. */
const LOOK_MS = 200;

/** So many logins in a second are no storm, however few users go home. */
const FEW_LOGINS = 10;

/** Something that must hold. */
interface HostsCheck {
  readonly what: string;
  readonly seen: number | null;
  readonly wanted: string;
  readonly met: boolean;
}

/** Something that happened to hosts, and until when it is looked at. */
interface Happening {
  readonly step: HostStep["do"];
  readonly atMs: number;
  untilMs: number;
  /** Users who were at these hosts. */
  readonly users: number;
}

/**
 * Plays an event over several hosts of which some are lost and come back, or which are all started anew, and says whether
 * users noticed and whether any award is lost or twice.
 *
 * @returns the exit code
 */
export async function rehearseHosts(
  host: Host,
  scenario: FullScenario,
  settings: HostsScenario,
  options: HostsStageOptions & { readonly isJson: boolean },
): Promise<number> {
  const say = (text: string) => (options.isJson ? host.err : host.out)(text);
  await using stage = new HostsStage(host, scenario, settings, options);
  await stage.start();
  say(`${stage.hosts.length} hosts in ${settings.clusters.length} clusters are up, every user is at home\n`);
  const play = new HostsPlay(host, stage, settings, options.users, say);
  using watch = new FleetWatch(host.clock, () => stage.fleet.totals());
  for (const phase of scenario.phases) await play.phase(phase);
  await play.settle();
  const { counters } = await stage.fleet.totals();
  await stage.end();
  const reconciled = reconcile({ ledgers: stage.ledgers, fleetFiles: [stage.awards], hasBooks: true });
  const { differences, differenceCount, accounts } = reconciled;
  const heldFen = accounts.reduce((sum, account) => sum + account.heldFen, 0);
  const userFen = accounts.reduce((sum, account) => sum + account.userFen, 0);
  const percentOfUsers = counters.disconnects / options.users * 100;
  const checks = [
    ...play.checks(watch),
    atMost("connections that ended, of a hundred users", percentOfUsers, settings.bars.disconnectPercent),
    atLeast("packets were won", counters.shakesWon + counters.awardsLate, 1),
    exactly("fen won and not opened", heldFen, 0),
    exactly("fen that users opened, by the ledgers", userFen, counters.amountOpenedFen),
    exactly("packets that two users were told of", counters.awardsDouble, 0),
    exactly("differences between ledgers and fleet", differenceCount, 0),
  ];
  const isPass = checks.every(({ met }) => met);
  const result = {
    scenario: scenario.name,
    verdict: isPass ? "PASS" : "FAIL",
    folder: options.folder,
    checks,
    moves: counters.moves,
    opensBusy: counters.opensBusy,
    differences,
  };
  writeResult(
    host,
    options.isJson,
    result,
    () =>
      `\n${checksText(checks)}\n${
        differences.slice(0, 20).map((words) => `  DIFFERENCE  ${words}\n`).join("")
      }` +
      `${result.verdict}  ${scenario.name}  ${options.folder}\n`,
  );
  return isPass ? ExitCode.ok : ExitCode.failed;
}

/** The phases: shakes and packets, and what happens to hosts meanwhile. */
class HostsPlay {
  readonly #host: Host;
  readonly #stage: HostsStage;
  readonly #settings: HostsScenario;
  readonly #users: number;
  readonly #say: (text: string) => void;
  readonly #happened: Happening[] = [];
  /** Of all phases in which hosts were only started anew, one after the other. */
  #rolled: { readonly slowest: number; readonly unconnected: number; readonly lost: number } | undefined;

  constructor(
    host: Host,
    stage: HostsStage,
    settings: HostsScenario,
    users: number,
    say: (text: string) => void,
  ) {
    this.#host = host;
    this.#stage = stage;
    this.#settings = settings;
    this.#users = users;
    this.#say = say;
  }

  async phase({ seconds, shakesPerS, packets, places = [] }: Phase): Promise<void> {
    if (packets !== undefined) {
      const { ratePerS, minFen, maxFen } = packets;
      await this.#stage.order({ ratePerS, total: ratePerS * seconds, minFen, maxFen });
    }
    await this.#stage.fleet.request("POST", "/rate", { qps: shakesPerS });
    const startMs = this.#nowMs();
    for (const { atS, do: step } of places) {
      await this.#until(startMs + atS * 1000);
      await this.#do(step);
    }
    await this.#until(startMs + seconds * 1000);
    for (const happening of this.#happened) happening.untilMs = Math.min(happening.untilMs, this.#nowMs());
  }

  /** Waits for the last answers, and until everything that was won is open. */
  async settle(): Promise<void> {
    const { fleet } = this.#stage;
    await fleet.request("POST", "/rate", { qps: 0 });
    const limitMs = this.#nowMs() + SETTLE_MS;
    for (;;) {
      const { counters } = await fleet.totals();
      const { outstanding } = await this.#stage.status();
      const isOpen = counters.packetsOpened >= counters.shakesWon + counters.awardsLate;
      if ((isOpen && outstanding === 0) || this.#nowMs() > limitMs) return;
      await sleep(LOOK_MS);
    }
  }

  checks(watch: FleetWatch): HostsCheck[] {
    const { elsewhereS, answeredS, answeredPercent, homePercentPerS } = this.#settings.bars;
    const checks: HostsCheck[] = [];
    for (const { step, atMs, untilMs, users } of this.#happened) {
      if (step.what === "kill") {
        const seen = watch.recovery(atMs, untilMs, this.#users, answeredPercent);
        checks.push(
          atMost(`${step.name} lost: s until every user is elsewhere`, seen.elsewhereS, elsewhereS),
          atMost(
            `${step.name} lost: s until ${answeredPercent} of a hundred shakes are answered`,
            seen.answeredS,
            answeredS,
          ),
        );
      } else if (step.what === "start" && users > 0) {
        const most = Math.max(0, watch.mostLoginsPerS(atMs) - FEW_LOGINS) / users * 100;
        checks.push(
          atMost(
            `${step.name} back: most logins in a second, of a hundred who go home`,
            most,
            homePercentPerS,
          ),
        );
      }
    }
    if (this.#rolled !== undefined) {
      const { slowest, unconnected, lost } = this.#rolled;
      checks.push(
        atMost("all started anew: ms of the slowest answer", slowest, 2_000),
        exactly("all started anew: shakes of users without a host", unconnected, 0),
        exactly("all started anew: shakes without an answer", lost, 0),
      );
    }
    return checks;
  }

  async #do(step: HostStep["do"]): Promise<void> {
    const hosts = this.#stage.named(step.name);
    const users = await this.#usersAt(hosts);
    const before = await this.#stage.fleet.totals();
    const killed = this.#happened.findLast((happened) => happened.step.name === step.name);
    this.#happened.push({
      step,
      atMs: this.#nowMs(),
      untilMs: Infinity,
      users: step.what === "start" ? killed?.users ?? 0 : users,
    });
    this.#say(`${step.what} ${step.name}: ${formatCount(hosts.length)} hosts, ${formatCount(users)} users\n`);
    if (step.what === "kill") return await this.#stage.kill(hosts);
    // What was lost is looked at until it is back.
    if (killed !== undefined) killed.untilMs = this.#nowMs();
    if (step.what === "start") return await this.#stage.startHosts(hosts);
    await this.#stage.roll(hosts, step.perS);
    const after = await this.#stage.fleet.totals();
    const grew = (name: string) => after.counters[name] - before.counters[name];
    this.#rolled = {
      slowest: slowestMs(before, after),
      unconnected: grew("ticksUnconnected"),
      lost: grew("shakesLost") + grew("shakesGivenUp"),
    };
  }

  async #usersAt(hosts: readonly StagedHost[]): Promise<number> {
    const counts = await Promise.all(
      hosts.map(async ({ child }) => (await child?.totals())?.gauges.users ?? 0),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #until(untilMs: number): Promise<void> {
    await this.#stage.until("", () => Promise.resolve(this.#nowMs() >= untilMs), Infinity);
  }

  #nowMs(): number {
    return this.#host.clock.monotonicMs();
  }
}

/** The longest wait for an answer between two readings. */
function slowestMs(before: Totals, after: Totals): number {
  const latency = new Histogram().add(after.histograms.shakeLatencyUs);
  for (const [bucket, count] of before.histograms.shakeLatencyUs) latency.buckets[bucket] -= count;
  return latency.max / 1000;
}

function atMost(what: string, seen: number | null, most: number): HostsCheck {
  return { what, seen, wanted: `at most ${most}`, met: seen !== null && seen <= most };
}

function atLeast(what: string, seen: number, least: number): HostsCheck {
  return { what, seen, wanted: `at least ${least}`, met: seen >= least };
}

function exactly(what: string, seen: number, wanted: number): HostsCheck {
  return { what, seen, wanted: `exactly ${wanted}`, met: seen === wanted };
}

function checksText(checks: readonly HostsCheck[]): string {
  const shown = (seen: number | null) => seen === null ? "never" : String(Math.round(seen * 10) / 10);
  return alignColumns([
    ["", "what", "seen", "wanted"],
    ...checks.map(({ met, what, seen, wanted }) => [met ? "ok" : "FAIL", what, shown(seen), wanted]),
  ], 2);
}
