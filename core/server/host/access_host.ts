import type { Program } from "../../cli/host.ts";
import type { Log } from "../../cli/log.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import type { Counters } from "../../counters/counters.ts";
import type { Listener } from "../../engine/common/engine.ts";
import { HostMemory } from "../worker/host_memory.ts";
import type { HostBoard } from "../worker/host_board.ts";
import type { HostSettings } from "../worker/host_settings.ts";
import { hostMetrics } from "./host_metrics.ts";
import { record } from "../../counters/histogram.ts";
import { type IdSpace, idSpaceOf } from "../../base/id_space.ts";
import type { LedgerHead } from "../../ledger/chain/links.ts";
import { LedgerState } from "../../ledger/ring/ledger_board.ts";
import { type LedgerNews, LedgerThread } from "../../ledger/thread/ledger_thread.ts";
import type { LedgerInit, LedgerReady } from "../../ledger/thread/ledger_worker.ts";
import type { OrderState } from "../../ledger/record/order_state.ts";
import type { LoadedPlugin } from "../../plugin/loader.ts";
import type { EntryProposal, EntryVerdict } from "../../plugin/plugin.ts";
import { Random } from "../../base/random.ts";
import { decodeControl, MessageKind } from "../../threads/mailbox.ts";
import type { Clock } from "../../base/clock.ts";
import type { EventTimeState } from "../../base/event_time.ts";
import type { WorkerReport } from "../worker/access_loop.ts";
import type { LeaveOrder } from "../worker/leaving.ts";
import { AccessThread } from "./access_thread.ts";
import { HostEntries } from "./host_entries.ts";
import { HostTime } from "./host_time.ts";
import { HostMoney } from "../money/host_money.ts";
import { moneyGauges } from "../money/money_metrics.ts";
import type { HostSeed } from "./host_seed.ts";
import { type HostBooks, UplinkThread } from "../../books/uplink/uplink_thread.ts";
import { PluginHalves } from "./host_plugins.ts";
import { readOldNote } from "./old_notes.ts";

/** The ledger thread is dead after this; its disk may hang for a while, and winners are told so. */
const LEDGER_HEARTBEAT_LIMIT_MS = 30_000;
/** How long the main loop sleeps at most. */
const MAX_SLEEP_MS = 500;
/** How often each worker is asked to answer at once, so that the time that control takes is known; only with users. */
const PING_MS = 100;

/** What a host is made of. */
export interface AccessHostOptions {
  readonly settings: HostSettings;
  readonly listener: Listener;
  readonly plugins: readonly LoadedPlugin[];
  readonly ledger: HostLedger;
  /** Tickets that it gives away; it closes them. */
  readonly seed: HostSeed | undefined;
  /** Where its ledger is carried; undefined: nowhere. */
  readonly books: HostBooks | undefined;
}

/** What a host's ledger is to be. */
export interface HostLedger extends Pick<LedgerInit, "store" | "limits" | "hostNumber" | "foreign"> {
  /** How far event time had come with its last row; undefined if it has none. */
  readonly durableTime: EventTimeState | undefined;
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
  readonly memory: HostMemory;
  readonly halves: PluginHalves;
  /** Where the money of each sponsor and wave is. */
  readonly money: HostMoney;
  /** The tickets that it gives away, if it was given a file of them. */
  readonly seed: HostSeed | undefined;
  /** Carries the ledger to the books; once the ledger is ready, if there are books. */
  uplink: UplinkThread | undefined;
  /** The port that is bound. */
  port = 0;

  readonly #program: Program;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #die: (code: number) => never;
  readonly #threads: readonly AccessThread[];
  readonly #ledger: LedgerThread;
  readonly #entries: HostEntries;
  readonly #controlLatency: Uint32Array;
  readonly #ids: IdSpace;
  readonly #time: HostTime;
  /** Resolves with each worker's port. */
  readonly #listening: Promise<number[]>;
  #nextPingMs = 0;
  #nextCheckMs = 0;
  #isStopped = false;
  #waiters: { readonly isMet: () => boolean; readonly untilMs: number; readonly resolve: () => void }[] = [];
  #failMoney: (reason: string, exitCode: number) => void = () => {};

  private constructor(
    options: AccessHostOptions,
    program: Program,
    clock: Clock,
    log: Log,
    die: (code: number) => never,
  ) {
    this.#program = program;
    this.#clock = clock;
    this.#log = log;
    this.#die = die;
    this.seed = options.seed;
    this.#ids = idSpaceOf(options.ledger.hostNumber);
    this.money = new HostMoney(options.seed?.tickets);
    this.#time = new HostTime(clock, options.ledger.durableTime);
    this.memory = new HostMemory(options.settings, hostMetrics(options.plugins, options.books !== undefined));
    const { counters, setCount } = this.memory;
    this.#controlLatency = counters.histogram(setCount, counters.layout.handle("controlLatencyUs"));
    const random = new Random(options.settings.randomSeed);
    // Started before they are told what to do: a thread takes a while to load.
    this.#threads = this.memory.links.map((link) => new AccessThread(this.#start("access"), link));
    this.#ledger = this.#startLedger(options);
    this.#entries = new HostEntries(this.memory.ring, this.#ledger.waker);
    this.#listening = this.#startWorkers(options, random);
    this.halves = this.#makeHalves(options, random.fork());
    this.#watchSeed();
  }

  #startLedger({ ledger: { durableTime: _, ...ledger }, seed }: AccessHostOptions): LedgerThread {
    return new LedgerThread({
      init: {
        ...ledger,
        clients: this.memory.ledgerClients,
        money: this.money.place,
        awarded: seed && {
          firstId: seed.tickets.firstId,
          count: seed.tickets.count,
          bits: seed.tickets.awarded,
        },
        counters: this.memory.counterPlace("ledger"),
      },
      projectorCounters: this.memory.counterPlace("projector"),
      start: (name) => this.#start(name),
      onNews: (news) => this.#onLedgerNews(news),
    });
  }

  #startWorkers({ settings, listener, plugins }: AccessHostOptions, random: Random): Promise<number[]> {
    const { shares, setCount, waker } = this.memory;
    const common = {
      settings,
      listener,
      plugins: plugins.map(({ choice }) => choice),
      setCount,
      eventLagMs: this.#clock.wallMs() - this.#time.now().eventMs,
      shared: this.memory.shared(this.#ledger),
    };
    return Promise.all(this.#threads.map((thread, i) => {
      const own = { share: shares[i], link: thread.link.memory, randomSeed: random.forkSeed() };
      return thread.start({ ...common, ...own }, () => waker.wake());
    }));
  }

  #makeHalves({ plugins, ledger: { store }, seed }: AccessHostOptions, random: Random): PluginHalves {
    const { memory } = this;
    return new PluginHalves(plugins, {
      clock: this.#clock,
      log: this.#log,
      memory,
      random,
      entries: this.#entries,
      ledger: this,
      ids: this.#ids,
      time: this.#time,
      oldNote: (plugin) => readOldNote(store?.directory, plugin),
      hasTickets: seed !== undefined,
      tickets: () => seed?.isProven ? seed.tickets : undefined,
      packetDue: (packetId, amountFen, sponsor) => this.money.due(packetId, amountFen, sponsor),
    });
  }

  #startUplink({ books, ledger: { store, hostNumber }, seed }: AccessHostOptions): void {
    if (books === undefined || store === undefined) return;
    this.uplink = new UplinkThread({
      init: {
        ...books,
        host: hostNumber,
        directory: store.directory,
        seedHash: seed?.hash,
        ledgerBoard: this.#ledger.board.memory,
        counters: this.memory.counterPlace("uplink"),
      },
      start: (name) => this.#start(name),
      log: this.#log,
      onTaken: (reason) => this.#failMoney(reason, ExitCode.usage),
    });
  }

  #watchSeed(): void {
    const own = this.counters.block(this.setCount);
    const { layout } = this.counters;
    this.seed?.watch({
      head: () => this.ledgerHead,
      log: this.#log,
      count: (metric, by) => own[layout.handle(metric)] += by,
      gauge: (metric, value) => own[layout.handle(metric)] = value,
      onDoubt: () => this.#failMoney("neither claim of the seed file can be written", ExitCode.diskFailed),
    });
  }

  get counters(): Counters {
    return this.memory.counters;
  }

  get board(): HostBoard {
    return this.memory.board;
  }

  get setCount(): number {
    return this.memory.setCount;
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
    [host.port] = await host.#listening;
    void host.#ledger.ready.then((ready) => {
      host.#onLedgerReady(ready);
      host.#startUplink(options);
    });
    host.halves.start();
    void host.#orDie(host.#run());
    void host.#orDie(host.seed?.prove());
    return host;
  }

  /** The first packet id that may be used for new packets: past all that were made, and past this host's tickets. */
  get nextPacketId(): number {
    const { firstId = 0, count = 0 } = this.seed?.tickets ?? {};
    return Math.max(this.#ledger.nextPacketId, firstId + count, this.#ids.firstGenerated);
  }

  /** Enters something into the ledger; resolves once it is durable. */
  enter(entry: Readonly<EntryProposal>): Promise<EntryVerdict> {
    return this.#entries.enter(entry);
  }

  /** What was ordered before this start. */
  orders(): readonly OrderState[] {
    return this.#ledger.orders;
  }

  /** Sets a gauge of the main thread. */
  tell(gauge: string, value: number): void {
    this.counters.block(this.setCount)[this.counters.layout.handle(gauge)] = value;
  }

  /** Adds to a counter of the main thread. */
  count(counter: string, by = 1): void {
    this.counters.block(this.setCount)[this.counters.layout.handle(counter)] += by;
  }

  /** Sets the gauges of where the money is: what the ledger thread showed last, all of one moment. */
  tellMoney(): void {
    const balances = this.money.balances();
    if (balances === undefined) return;
    for (const [gauge, fen] of Object.entries(moneyGauges(balances))) this.tell(gauge, fen);
  }

  /** What the ledger can do now. */
  get ledgerState(): LedgerState {
    // Its first packet id comes by message, a moment after its state.
    return this.#ledger.nextPacketId === 0 ? LedgerState.starting : this.#ledger.board.state;
  }

  /** What the ledger is with its last durable row; undefined if it isn't open yet, or doesn't last. */
  get ledgerHead(): LedgerHead | undefined {
    return this.#ledger.board.head;
  }

  /** Why awards wait; undefined while they don't. */
  get ledgerFailure(): string | undefined {
    return this.#ledger.failure;
  }

  /** Called when nobody can vouch for the money any more: the host must drain, and end with this exit code. */
  onMoneyFailure(call: (reason: string, exitCode: number) => void): void {
    this.#failMoney = call;
  }

  /** Takes nobody new, and moves its users elsewhere, so many a second. */
  move({ perS, ...order }: LeaveOrder): void {
    this.board.leave();
    const share = perS / this.#threads.length;
    for (const thread of this.#threads) thread.link.order({ type: "move", perS: share, ...order });
  }

  /** Takes no new connection or packet, and waits until every winner has been answered, or until the time is over. */
  async drain(maxMs: number): Promise<DrainResult> {
    this.halves.drain();
    for (const thread of this.#threads) thread.link.order({ type: "drain" });
    await this.#until(() => this.#threads.every(({ isDrained }) => isDrained), maxMs);
    return { isClean: this.#threads.every(({ isDrained }) => isDrained), connections: this.board.open };
  }

  /** Ends all worker threads, each by its own order; gives up on one that doesn't obey within `maxMs`. */
  async stop(maxMs: number): Promise<void> {
    for (const thread of this.#threads) thread.link.order({ type: "stop" });
    await this.#until(() => this.#threads.every(({ isStopped }) => isStopped), maxMs);
    // After the workers: what they proposed last is still judged, and what was delivered is noted.
    await this.#ledger.stop();
    await this.uplink?.stop();
    await this.seed?.close();
    this.#isStopped = true;
  }

  #start(name: string): Worker {
    const thread = new Worker(this.#program.entry, { type: "module", name });
    thread.addEventListener("error", (event) => {
      event.preventDefault();
      this.#log("error", "thread died", { thread: name, error: event.message });
      this.#die(ExitCode.workerDied);
    });
    return thread;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) await this.#turn();
  }

  /** The process ends with the main thread's work: nobody would hear of its failure otherwise. */
  async #orDie(work: Promise<void> | undefined): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (error instanceof UserError) {
        this.#log("error", "refused", { reason: error.message });
        this.#die(error.exitCode);
      }
      this.#log("error", "main loop failed", { error: error instanceof Error ? error.stack : String(error) });
      this.#die(ExitCode.workerDied);
    }
  }

  /** One turn of the main loop: what the workers and the ledger said, what is due, then sleep. */
  async #turn(): Promise<void> {
    this.memory.waker.awake();
    for (const thread of this.#threads) {
      thread.link.drain((...message) => this.#onMessage(thread, ...message));
    }
    this.#entries.drain();
    const nowMs = this.#clock.monotonicMs();
    this.#time.now();
    const nextMs = Math.min(
      this.halves.tick(nowMs),
      this.seed?.turn(nowMs, this.ledgerState === LedgerState.awarding) ?? Infinity,
    );
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
    await this.memory.waker.sleep(Math.max(0, untilMs - this.#clock.monotonicMs()));
  }

  /** Resolves when a turn of the main loop finds `isMet`, or after `maxMs`. */
  #until(isMet: () => boolean, maxMs: number): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + maxMs;
    return new Promise((resolve) => {
      this.#waiters.push({ isMet, untilMs, resolve });
      this.memory.waker.wake();
    });
  }

  #onLedgerReady({ type: _type, orders, ...rest }: LedgerReady): void {
    const fields = { ...rest, orders: orders.length };
    this.#log(fields.checkpointFault === undefined ? "info" : "warn", "ledger ready", fields);
    this.memory.waker.wake();
  }

  #onLedgerNews(news: LedgerNews): void {
    switch (news.type) {
      case "failing":
        return this.#log("error", "ledger fails: no awards until its disk works", { reason: news.reason });
      case "mended":
        return this.#log("info", "ledger works again", { afterMs: news.afterMs });
      case "refused":
        this.#log("error", "refused", { reason: news.reason });
        return this.#die(ExitCode.workerDied);
      case "projectionFailing":
        return this.#log("error", "projection fails: questions get old answers", { reason: news.reason });
    }
  }

  #onMessage(
    thread: AccessThread,
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
        thread.isDrained = true;
        return;
      case "pluginFailed": {
        const { name, holdsMoney } = this.halves.plugins[report.plugin].plugin;
        this.#log("error", "plugin failed", { plugin: name, set: report.set, error: report.error });
        if (holdsMoney) this.#failMoney("a plugin that holds money failed", ExitCode.ok);
      }
    }
  }

  #ping(nowMs: number): void {
    this.#nextPingMs = nowMs + PING_MS;
    for (const thread of this.#threads) {
      thread.link.order({ type: "ping", sentMs: this.#clock.monotonicMs() });
    }
  }

  #checkHeartbeats(nowMs: number): void {
    this.#nextCheckMs = nowMs + 1_000;
    this.#threads.forEach((thread, worker) => {
      const silentMs = thread.silentMs(this.board, worker, nowMs);
      if (silentMs === undefined) return;
      this.#log("error", "worker hangs", { worker, silentMs: Math.round(silentMs) });
      this.#die(ExitCode.workerDied);
    });
    if (this.#ledger.isSilent(nowMs, LEDGER_HEARTBEAT_LIMIT_MS)) {
      this.#log("error", "ledger hangs");
      this.#die(ExitCode.workerDied);
    }
  }
}
