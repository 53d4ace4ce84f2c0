import { assert } from "../../base/assert.ts";
import type { Host } from "../../cli/host.ts";
import type { Log } from "../../cli/log.ts";
import { Counters } from "../../counters/counters.ts";
import { Series } from "../../counters/series.ts";
import { RouteError } from "../../plugin/plugin.ts";
import { every, sleep } from "../../base/clock.ts";
import { dialedHosts } from "../../hosts/list/dial_list.ts";
import type { AwardsFile } from "./awards_file.ts";
import { FetchThread } from "./fetch_thread.ts";
import type { FleetControl } from "./control_routes.ts";
import type { FleetOrder } from "../population/fleet_order.ts";
import { type FleetPlan, FleetThreads } from "./fleet_threads.ts";
import { fleetBlocks, FleetMetric, fleetMetrics } from "../state/metrics.ts";
import { progressLine } from "./progress.ts";
import { TroubleReport } from "./trouble.ts";
import { WinWatch } from "./win_watch.ts";

/** How often awards are written and trouble looked for, in ms. */
const LOOK_MS = 100;
/** How often the host list is looked at. */
const HOSTS_LOOK_MS = 1_000;
/** How long the threads may take to obey the order to stop, in ms. They themselves give up waiting after 5 s. */
const STOP_MS = 8_000;

/** A running fleet as the main thread sees it: its state, its series, and how it ends. */
export class FleetRun implements FleetControl {
  readonly counters: Counters;
  readonly series: Series;
  readonly #host: Host;
  readonly #log: Log;
  readonly #plan: FleetPlan;
  readonly #trouble: TroubleReport;
  readonly #winWatch: WinWatch;
  readonly #stopAsked = Promise.withResolvers<string>();
  #threads: FleetThreads | undefined;
  #awards: AwardsFile | undefined;
  #qps: number;
  #isPaused = false;
  #isWaveOpen = true;
  #fetch: FetchThread | undefined;
  #isStopping = false;
  #nextHostsMs = 0;
  /** All users that behave have been logged in at one time. */
  wereAllReady = false;

  constructor(host: Host, log: Log, plan: FleetPlan) {
    this.#host = host;
    this.#log = log;
    this.#plan = plan;
    this.#qps = plan.settings.qps;
    this.counters = new Counters(fleetMetrics, fleetBlocks(plan.threads.workers));
    this.#trouble = new TroubleReport(this.counters, log);
    this.#winWatch = new WinWatch(this.counters);
    this.series = new Series("client", this.counters, host.clock);
  }

  /** Starts the threads: from here on users connect and shake. What they win goes to `awards`. */
  start(awards: AwardsFile | undefined): void {
    assert(this.#threads === undefined, "a fleet starts once");
    this.#awards = awards;
    this.#fetch = this.#startFetching();
    this.#threads = new FleetThreads(this.#host, this.#plan, this.counters, this.#fetch);
    this.series.start();
  }

  status(): ReturnType<FleetControl["status"]> {
    const { settings: { slice, total, pacing }, threads: { engine, workers }, segment } = this.#plan;
    return {
      users: slice.count,
      total,
      segment,
      engine,
      workers,
      pacing,
      qps: this.#qps,
      paused: this.#isPaused,
      stopping: this.#isStopping,
    };
  }

  async order(order: FleetOrder): Promise<void> {
    if (order.order === "stop") return this.stop("asked by the control API");
    if (this.#isStopping) throw new RouteError(409, "the fleet is stopping");
    if (order.order === "rate") this.#qps = order.qps;
    else if (order.order === "pause" || order.order === "resume") this.#isPaused = order.order === "pause";
    else if (order.order === "wave") this.#isWaveOpen = order.isOpen;
    // Nothing is fetched while people shake.
    if (this.#isShaking) await this.#fetch?.quiet(this.#host.clock);
    this.#threads?.order(order);
    if (!this.#isShaking) this.#fetch?.idle();
    this.#log("info", order.order, { qps: this.#qps, paused: this.#isPaused });
  }

  /** Whether users are to shake now, if no server has told them otherwise. */
  get #isShaking(): boolean {
    const atOwnPace = this.#plan.settings.gap !== undefined && this.#isWaveOpen;
    return !this.#isPaused && (this.#qps > 0 || atOwnPace);
  }

  #startFetching(): FetchThread | undefined {
    const { fetch, settings, randomSeed } = this.#plan;
    if (fetch === undefined) return undefined;
    const { slice, total, protocol, disobey = 0 } = settings;
    const followsCues = protocol === 1 && disobey === 0;
    const fleet = { users: slice.count, total, followsCues, randomSeed };
    // The blocks behind the workers' are its own and the main thread's.
    const thread = new FetchThread(
      this.#host,
      this.#log,
      fetch,
      fleet,
      this.counters,
      this.counters.blocks - 2,
    );
    thread.board.isShaking = this.#isShaking;
    return thread;
  }

  /** Asks the fleet to end, for a reason; only the first one counts. */
  stop(reason: string): void {
    this.#stopAsked.resolve(reason);
  }

  /** Waits until somebody stops it, or a thread dies, and ends the fleet. Returns why a thread died, if one has. */
  async ended(): Promise<string | undefined> {
    const threads = this.#threads;
    assert(threads !== undefined, "a fleet was started before it ends");
    const endProgress = this.#showProgress();
    const endLooking = every(LOOK_MS, () => this.#look());
    try {
      const reason = await Promise.race([
        this.#stopAsked.promise,
        threads.stopped.then(() => "ended"),
        ...(this.#fetch === undefined ? [] : [this.#fetch.stopped.then(() => "ended")]),
      ]);
      this.#isStopping = true;
      this.#log("info", "stopping", { reason });
      threads.order({ order: "stop" });
      const hasStopped = await Promise.race([
        Promise.all([threads.stopped, this.#fetch?.stop()]).then(() => true),
        sleep(STOP_MS).then(() => false),
      ]);
      if (!hasStopped) this.#log("warn", "threads left behind", { afterSeconds: STOP_MS / 1000 });
      return undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log("error", "thread died", { error: why });
      return why;
    } finally {
      endLooking();
      endProgress();
      this.#look();
      this.series.finish();
      if (this.#host.isTerminal) this.#host.err("\r\x1b[K");
    }
  }

  /** On a terminal: the latest second in its last line, which must not be longer, or it couldn't be taken back. */
  #showProgress(): () => void {
    const host = this.#host;
    let sinceMs = host.clock.wallMs();
    return this.series.subscribe((snapshot) => {
      const line = progressLine(snapshot, sinceMs);
      sinceMs = snapshot.readAtMs;
      if (host.isTerminal) host.err(`\r\x1b[K${line.slice(0, host.columns - 1)}`);
    });
  }

  #look(): void {
    this.#lookAtHosts();
    this.#trouble.look(this.#host.clock.monotonicMs());
    this.#writeAwards();
    const reason = this.#winWatch.look(this.#host.clock.monotonicMs());
    if (reason !== undefined) this.#log("warn", "nobody wins any more", { reason });
    const behaving = this.counters.total("usersBehaving");
    if (this.wereAllReady || behaving === 0 || this.counters.total("usersReady") < behaving) return;
    this.wereAllReady = true;
    this.#log("info", "connected", { users: this.#plan.settings.slice.count });
  }

  /** Users go by a newer host list from now on. */
  #lookAtHosts(): void {
    const { hosts } = this.#plan;
    const nowMs = this.#host.clock.monotonicMs();
    if (hosts === undefined || nowMs < this.#nextHostsMs) return;
    this.#nextHostsMs = nowMs + HOSTS_LOOK_MS;
    const news = hosts.file.look();
    if (news === undefined) return;
    if (news.is === "refused") return this.#refuseHosts(`${news.fault}: ${news.why}`);
    dialedHosts(news.list, hosts.networks).then(
      (dialed) => {
        this.#threads?.order({ order: "hosts", hosts: dialed });
        this.#count(FleetMetric.hostListsTaken);
        this.#log("info", "host list", { version: dialed.version });
      },
      (error) => this.#refuseHosts(error instanceof Error ? error.message : String(error)),
    );
  }

  #refuseHosts(why: string): void {
    this.#count(FleetMetric.hostListsRefused);
    this.#log("warn", "host list refused", { why });
  }

  /** Counts in the main thread's own block. */
  #count(metric: number): void {
    this.counters.block(this.counters.blocks - 1)[metric]++;
  }

  #writeAwards(): void {
    if (this.#threads === undefined || this.#awards === undefined) return;
    try {
      this.#awards.append(this.#threads.takeAwards());
    } catch (error) {
      // A full disk is no reason to end a rehearsal; the counters still have the sums.
      this.#awards = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      this.#log("error", "awards not written", {
        reason,
        hint: "no more of them are written; make room on the disk",
      });
    }
  }
}
