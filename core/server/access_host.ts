import { assert } from "../assert.ts";
import type { Program } from "../cli/host.ts";
import type { Log } from "../cli/log.ts";
import { ExitCode, UserError } from "../cli/user_error.ts";
import { Counters, type MetricDefinition, MetricLayout } from "../counters/counters.ts";
import { record } from "../counters/histogram.ts";
import type { EngineName, Listener } from "../engine/engine.ts";
import type { LedgerLimits } from "../ledger/ledger.ts";
import { LedgerState } from "../ledger/ledger_board.ts";
import { ledgerRingBytes } from "../ledger/ledger_ring.ts";
import { type LedgerNews, LedgerThread } from "../ledger/ledger_thread.ts";
import type { LedgerInit, LedgerReady } from "../ledger/ledger_worker.ts";
import { LEDGER_METRICS, PROJECTION_METRICS } from "../ledger/metrics.ts";
import type { LoadedPlugin } from "../plugin/loader.ts";
import { Random } from "../random/random.ts";
import { Bell } from "../shared/bell.ts";
import { decodeControl, encodeControl, Mailbox, mailboxBytes, MessageKind } from "../shared/mailbox.ts";
import type { Clock } from "../time/clock.ts";
import type { WorkerOrder, WorkerReport } from "./access_loop.ts";
import type { AccessInit, AccessNotice } from "./access_worker.ts";
import { boardBytes, HostBoard } from "./host_board.ts";
import { Mints } from "./mints.ts";
import { SET_METRICS, WORKER_METRICS } from "./metrics.ts";
import { PluginHalves } from "./plugin_halves.ts";

const MAILBOX_WORDS = 1 << 16;
const RING_ENTRIES = 1 << 14;
/** Entries that the main thread may have open; only mints come from there. */
const HOST_RING_ENTRIES = 1 << 10;
/** A worker whose loop hasn't turned for so long is dead. */
const HEARTBEAT_LIMIT_MS = 5_000;
/** The same for the ledger thread, whose disk may hang for a while: winners wait, and are told so. */
const LEDGER_HEARTBEAT_LIMIT_MS = 30_000;
/** How long the main loop sleeps at most. */
const MAX_SLEEP_MS = 500;
/** How often each worker is asked to answer at once, so that the time that control takes is known; only with users. */
const PING_MS = 100;

export interface AccessHostOptions {
  readonly engine: EngineName;
  readonly listener: Listener;
  readonly workers: number;
  /** Most connections in all, and of one SET. */
  readonly capacity: number;
  readonly seats: number;
  readonly plugins: readonly LoadedPlugin[];
  readonly randomSeed: number;
  /** Where the ledger lasts; undefined: in memory. */
  readonly ledgerStore: LedgerInit["store"];
  readonly limits: LedgerLimits;
  /** How long a winner waits for the ledger before he is told that it takes too long. */
  readonly verdictMs: number;
}

interface WorkerPlace {
  readonly thread: Worker;
  readonly inbox: Mailbox;
  readonly outbox: Mailbox;
  readonly bell: Bell;
  readonly firstSet: number;
  readonly sets: number;
  heartbeat: number;
  aliveAtMs: number;
  isDrained: boolean;
  isStopped: boolean;
}

/** What is left when a drain is over. */
export interface DrainResult {
  /** Whether every winner was answered in time. */
  readonly isClean: boolean;
  readonly connections: number;
}

/**
 * All threads of an access host, from the main thread's side: starts workers and the ledger, carries messages between
 * SETs and the plugins' other halves, watches that everybody is alive, drains and stops. It never touches a connection.
 */
export class AccessHost {
  readonly counters: Counters;
  readonly halves: PluginHalves;
  readonly board: HostBoard;
  readonly setCount: number;
  /** The port that is bound. */
  port = 0;

  readonly #clock: Clock;
  readonly #log: Log;
  readonly #die: (code: number) => never;
  readonly #bell = new Bell();
  readonly #places: WorkerPlace[] = [];
  readonly #ledger: LedgerThread;
  readonly #mints: Mints;
  readonly #controlLatency: Uint32Array;
  #nextPingMs = 0;
  #nextCheckMs = 0;
  #isStopped = false;
  #waiters: { readonly isMet: () => boolean; readonly untilMs: number; readonly resolve: () => void }[] = [];
  #failMoney: () => void = () => {};

  private constructor(
    options: AccessHostOptions,
    program: Program,
    clock: Clock,
    log: Log,
    die: (code: number) => never,
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#die = die;
    const setsOf = Array.from(
      { length: options.workers },
      (_, worker) => Math.ceil(capacityOf(worker, options) / options.seats),
    );
    this.setCount = setsOf.reduce((sum, sets) => sum + sets, 0);
    const metrics = allMetrics(options.plugins);
    // One block a SET, then one for the main thread's halves of the plugins, the ledger and the projector.
    const blocks = this.setCount + 3;
    this.counters = new Counters(new MetricLayout(metrics), blocks);
    this.#controlLatency = this.counters.histogram(
      this.setCount,
      this.counters.layout.handle("controlLatencyUs"),
    );
    const boardMemory = new SharedArrayBuffer(boardBytes(options.workers));
    this.board = new HostBoard(boardMemory);
    const random = new Random(options.randomSeed);

    const hostRing = new SharedArrayBuffer(ledgerRingBytes(HOST_RING_ENTRIES));
    const clients = [{ ring: hostRing, bell: this.#bell.words.buffer }];
    const inits: Omit<AccessInit, "ledgerBell" | "ledgerBoard">[] = [];
    let firstSet = 0;
    for (let worker = 0; worker < options.workers; worker++) {
      const inbox = new SharedArrayBuffer(mailboxBytes(MAILBOX_WORDS));
      const outbox = new SharedArrayBuffer(mailboxBytes(MAILBOX_WORDS));
      const ring = new SharedArrayBuffer(ledgerRingBytes(RING_ENTRIES));
      const bell = new Bell();
      clients.push({ ring, bell: bell.words.buffer });
      inits.push({
        engine: options.engine,
        listener: options.listener,
        capacity: capacityOf(worker, options),
        worker,
        firstSet,
        sets: setsOf[worker],
        setCount: this.setCount,
        seats: options.seats,
        randomSeed: random.uint32(),
        plugins: options.plugins.map(({ choice }) => choice),
        metrics,
        counters: this.counters.memory,
        blocks,
        board: boardMemory,
        inbox,
        outbox,
        bell: bell.words.buffer,
        hostBell: this.#bell.words.buffer,
        ring,
        verdictMs: options.verdictMs,
      });
      this.#places.push({
        thread: this.#start(program, `access`),
        inbox: new Mailbox(inbox),
        outbox: new Mailbox(outbox),
        bell,
        firstSet,
        sets: setsOf[worker],
        heartbeat: 0,
        aliveAtMs: Infinity,
        isDrained: false,
        isStopped: false,
      });
      firstSet += setsOf[worker];
    }
    const place = { metrics, memory: this.counters.memory, blocks };
    this.#ledger = new LedgerThread({
      init: {
        clients,
        limits: options.limits,
        store: options.ledgerStore,
        counters: { ...place, block: this.setCount + 1 },
      },
      projectorCounters: { ...place, block: this.setCount + 2 },
      start: (name) => this.#start(program, name),
      onNews: (news) => this.#onLedgerNews(news),
    });
    this.#mints = new Mints(hostRing, this.#ledger.bell);
    this.#places.forEach(({ thread }, i) =>
      thread.postMessage({
        ...inits[i],
        ledgerBell: this.#ledger.bell.words.buffer,
        ledgerBoard: this.#ledger.board.memory,
      })
    );
    this.halves = new PluginHalves(options.plugins, {
      clock,
      log,
      counters: this.counters,
      setCount: this.setCount,
      random: random.fork(),
      mints: this.#mints,
      ledger: this.#ledger,
      isLedgerReady: () => this.ledgerState !== LedgerState.starting,
      post: (set, plugin, words, count) => this.#postToSet(set, plugin, words, count),
      wakeUp: () => this.#bell.ring(),
    });
  }

  /**
   * Starts all threads; resolves when they listen. The ledger may still be reading what it holds: until it is ready
   * there are no awards.
   *
   * @param die ends the process at once when a thread has died
   * @throws UserError if the address can't be had
   */
  static async start(
    options: AccessHostOptions,
    program: Program,
    clock: Clock,
    log: Log,
    die: (code: number) => never,
  ): Promise<AccessHost> {
    const host = new AccessHost(options, program, clock, log, die);
    const ports = await Promise.all(host.#places.map((place) => host.#listening(place)));
    host.port = ports[0];
    void host.#ledger.ready.then((ready) => host.#onLedgerReady(ready));
    host.halves.start();
    void host.#run();
    return host;
  }

  /** What the ledger can do now. */
  get ledgerState(): LedgerState {
    // Its first packet id comes by message, a moment after its state.
    return this.#ledger.nextPacketId === 0 ? LedgerState.starting : this.#ledger.board.state;
  }

  /** Why awards wait; undefined while they don't. */
  get ledgerFailure(): string | undefined {
    return this.#ledger.failure;
  }

  /** Called once when a plugin that holds money has failed: the host must stop awarding. */
  onMoneyFailure(call: () => void): void {
    this.#failMoney = call;
  }

  /** Takes no new connection or packet, and waits until every winner has been answered, or until the time is over. */
  async drain(maxMs: number): Promise<DrainResult> {
    this.halves.drain();
    for (const place of this.#places) this.#order(place, { type: "drain" });
    await this.#until(() => this.#places.every(({ isDrained }) => isDrained), maxMs);
    return { isClean: this.#places.every(({ isDrained }) => isDrained), connections: this.board.open };
  }

  /** Ends all worker threads, each by its own order; gives up on one that doesn't obey within `maxMs`. */
  async stop(maxMs: number): Promise<void> {
    for (const place of this.#places) this.#order(place, { type: "stop" });
    await this.#until(() => this.#places.every(({ isStopped }) => isStopped), maxMs);
    // After the workers: what they proposed last is still judged, and what was delivered is noted.
    await this.#ledger.stop();
    this.#isStopped = true;
  }

  #start(program: Program, name: string): Worker {
    const thread = new Worker(program.entry, { type: "module", name });
    thread.addEventListener("error", (event) => {
      event.preventDefault();
      this.#log("error", "thread died", { thread: name, error: event.message });
      this.#die(ExitCode.workerDied);
    });
    return thread;
  }

  #listening(place: WorkerPlace): Promise<number> {
    return new Promise((resolve, reject) => {
      place.thread.onmessage = ({ data }: MessageEvent<AccessNotice>) => {
        if (data.type === "listening") {
          place.aliveAtMs = this.#clock.monotonicMs();
          resolve(data.port);
        } else if (data.type === "refused") reject(new UserError(data.message));
        else {
          place.isStopped = true;
          this.#bell.ring();
        }
      };
    });
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isStopped) await this.#turn();
    } catch (error) {
      this.#log("error", "main loop failed", { error: error instanceof Error ? error.stack : String(error) });
      this.#die(ExitCode.workerDied);
    }
  }

  /** One turn of the main loop: what the workers and the ledger said, what is due, then sleep. */
  async #turn(): Promise<void> {
    this.#bell.awake();
    for (const place of this.#places) place.outbox.drain((...message) => this.#onMessage(place, ...message));
    this.#mints.drain();
    const nowMs = this.#clock.monotonicMs();
    const nextMs = this.halves.tick(nowMs);
    if (nowMs >= this.#nextCheckMs) this.#checkHeartbeats(nowMs);
    if (nowMs >= this.#nextPingMs && this.board.open > 0) this.#ping(nowMs);
    this.#waiters = this.#waiters.filter(({ isMet, untilMs, resolve }) => {
      const isOver = isMet() || nowMs >= untilMs;
      if (isOver) resolve();
      return !isOver;
    });
    const pingMs = this.board.open > 0 ? this.#nextPingMs : Infinity;
    const untilMs = Math.min(
      nowMs + MAX_SLEEP_MS,
      nextMs,
      pingMs,
      ...this.#waiters.map(({ untilMs }) => untilMs),
    );
    await this.#bell.sleep(Math.max(0, untilMs - this.#clock.monotonicMs()));
  }

  /** Resolves when a turn of the main loop finds `isMet`, or after `maxMs`. */
  #until(isMet: () => boolean, maxMs: number): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + maxMs;
    return new Promise((resolve) => {
      this.#waiters.push({ isMet, untilMs, resolve });
      this.#bell.ring();
    });
  }

  #onLedgerReady({ type: _type, ...fields }: LedgerReady): void {
    this.#log(fields.checkpointFault === undefined ? "info" : "warn", "ledger ready", fields);
    this.#bell.ring();
  }

  #onLedgerNews(news: LedgerNews): void {
    switch (news.type) {
      case "failing":
        return this.#log("error", "ledger fails: no awards until its disk works", { reason: news.reason });
      case "mended":
        return this.#log("info", "ledger works again", { afterMs: news.afterMs });
      case "projectionFailing":
        return this.#log("error", "projection fails: questions get old answers", { reason: news.reason });
    }
  }

  #onMessage(
    place: WorkerPlace,
    kind: number,
    set: number,
    plugin: number,
    words: Int32Array,
    at: number,
    count: number,
  ): void {
    if (kind === MessageKind.plugin) return this.halves.onMessage(set, plugin, words, at, count);
    const report = decodeControl(words, at) as WorkerReport;
    switch (report.type) {
      case "pong":
        record(this.#controlLatency, (this.#clock.monotonicMs() - report.sentMs) * 1000);
        return;
      case "drained":
        place.isDrained = true;
        return;
      case "pluginFailed": {
        const { name, holdsMoney } = this.halves.plugins[report.plugin].plugin;
        this.#log("error", "plugin failed", { plugin: name, set: report.set, error: report.error });
        if (holdsMoney) this.#failMoney();
      }
    }
  }

  #ping(nowMs: number): void {
    this.#nextPingMs = nowMs + PING_MS;
    for (const place of this.#places) this.#order(place, { type: "ping", sentMs: this.#clock.monotonicMs() });
  }

  #order(place: WorkerPlace, order: WorkerOrder): void {
    const words = encodeControl(order);
    const isPosted = place.inbox.post(MessageKind.control, 0, 0, words, words.length);
    assert(isPosted, "a worker's mailbox has room for an order");
    place.bell.ring();
  }

  #postToSet(set: number, plugin: number, words: Int32Array, count: number): boolean {
    const place = this.#places.find(({ firstSet, sets }) => set >= firstSet && set < firstSet + sets)!;
    const isPosted = place.inbox.post(MessageKind.plugin, set, plugin, words, count);
    if (isPosted) place.bell.ring();
    return isPosted;
  }

  #checkHeartbeats(nowMs: number): void {
    this.#nextCheckMs = nowMs + 1_000;
    this.#places.forEach((place, worker) => {
      const heartbeat = this.board.heartbeat(worker);
      if (heartbeat !== place.heartbeat || place.isStopped) {
        place.heartbeat = heartbeat;
        place.aliveAtMs = Math.max(place.aliveAtMs === Infinity ? 0 : place.aliveAtMs, nowMs);
      } else if (nowMs - place.aliveAtMs > HEARTBEAT_LIMIT_MS) {
        this.#log("error", "worker hangs", { worker, silentMs: Math.round(nowMs - place.aliveAtMs) });
        this.#die(ExitCode.workerDied);
      }
    });
    if (this.#ledger.isSilent(nowMs, LEDGER_HEARTBEAT_LIMIT_MS)) {
      this.#log("error", "ledger hangs");
      this.#die(ExitCode.workerDied);
    }
  }
}

function capacityOf(worker: number, { capacity, workers }: AccessHostOptions): number {
  return Math.floor(capacity / workers) + (worker < capacity % workers ? 1 : 0);
}

function allMetrics(plugins: readonly LoadedPlugin[]): Record<string, MetricDefinition> {
  const metrics: Record<string, MetricDefinition> = {
    ...SET_METRICS,
    ...WORKER_METRICS,
    ...LEDGER_METRICS,
    ...PROJECTION_METRICS,
  };
  for (const { plugin } of plugins) {
    for (const [name, definition] of Object.entries(plugin.metrics ?? {})) {
      if (Object.hasOwn(metrics, name)) {
        throw new UserError(
          `plugin ${plugin.name}: metric ${name} exists already. Begin its name with ${plugin.name}`,
        );
      }
      metrics[name] = definition;
    }
  }
  return metrics;
}
