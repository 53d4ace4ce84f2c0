import { Counters, MetricLayout } from "../../core/counters/counters.ts";
import { SimEngine } from "../../core/engine/sim/sim.ts";
import type { SimActor, SimNetwork } from "../../core/engine/sim/network.ts";
import type { Ledger } from "../../core/ledger/record/ledger.ts";
import { idSpaceOf } from "../../core/base/id_space.ts";
import { LedgerBoard, LedgerState } from "../../core/ledger/ring/ledger_board.ts";
import { LedgerLoop, Step } from "../../core/ledger/thread/ledger_loop.ts";
import { LedgerRing, ledgerRingBytes } from "../../core/ledger/ring/ledger_ring.ts";
import { MemoryLedger } from "../../core/ledger/judge/memory_ledger.ts";
import { LEDGER_METRICS, PROJECTION_METRICS } from "../../core/ledger/thread/metrics.ts";
import type { AnyPlugin, Tickets } from "../../core/plugin/plugin.ts";
import { Random } from "../../core/base/random.ts";
import { AccessLoop, type WorkerOrder, type WorkerReport } from "../../core/server/worker/access_loop.ts";
import { boardBytes, HostBoard } from "../../core/server/worker/host_board.ts";
import { SET_METRICS, WORKER_METRICS } from "../../core/set/common/metrics.ts";
import { HostEntries } from "../../core/server/host/host_entries.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { HostTime } from "../../core/server/host/host_time.ts";
import { makePeerMailboxes, Peers } from "../../core/server/worker/peers.ts";
import { PluginHalves } from "../../core/server/host/host_plugins.ts";
import type { LoginRules } from "../../core/set/common/logins.ts";
import type { ConnectionLimits } from "../../core/set/common/connection_watch.ts";
import type { AddressRange } from "../../core/os/address_ranges.ts";
import { Waker } from "../../core/threads/waker.ts";
import {
  decodeControl,
  encodeControl,
  Mailbox,
  mailboxBytes,
  MessageKind,
} from "../../core/threads/mailbox.ts";

/** How often a ledger in doubt is tried again. */
const LEDGER_RETRY_MS = 50;

export interface SimHostOptions {
  readonly plugins: readonly { readonly plugin: AnyPlugin; readonly config?: unknown }[];
  readonly workers?: number;
  readonly setsPerWorker?: number;
  /** Most connections of one SET. */
  readonly seats?: number;
  readonly port?: number;
  readonly seed?: number;
  readonly ledger?: Ledger;
  /** Whose packet ids its packets get. */
  readonly hostNumber?: number;
  /** How long a winner waits for the ledger. */
  readonly verdictMs?: number;
  readonly logins?: LoginRules;
  readonly limits?: ConnectionLimits;
  /** Proxies that say whose a connection is. */
  readonly proxies?: readonly AddressRange[];
  /** Reads a ms that each worker manages; without it, in no time. */
  readonly readsPerMs?: number;
  /** Places in each worker's ring to the ledger. */
  readonly ringEntries?: number;
  /** Tickets of a seed file; which were awarded is marked already. */
  readonly tickets?: Tickets;
  /** What plugins of an older redpkt have noted in files, by plugin. */
  readonly oldNotes?: Readonly<Record<string, unknown>>;
}

/**
 * A whole access host in one thread and virtual time: the real loops, SETs, plugins, mailboxes and ledger loop of
 * `redpkt server`, on engine `sim`. Only the threads are missing.
 */
export class SimHost implements SimActor {
  readonly counters: Counters;
  readonly board: HostBoard;
  readonly halves: PluginHalves;
  readonly ledger: Ledger;
  readonly time: HostTime;
  readonly loops: readonly AccessLoop[];
  readonly reports: WorkerReport[] = [];
  /** Lines that the plugins' halves logged. */
  readonly logged: string[] = [];
  /** While set, the ledger thread does nothing. */
  isLedgerStuck = false;

  readonly #network: SimNetwork;
  readonly #waker = new Waker();
  readonly #ledgerWaker = new Waker();
  readonly ledgerBoard = new LedgerBoard();
  readonly #ledgerLoop: LedgerLoop;
  readonly #entries: HostEntries;
  readonly #inboxes: Mailbox[];
  readonly #outboxes: Mailbox[];
  readonly #workerWakers: Waker[];
  readonly #setsPerWorker: number;
  readonly #engines: SimEngine[];
  #nextTickMs = 0;

  constructor(network: SimNetwork, options: SimHostOptions) {
    const { workers = 1, setsPerWorker = 1, seats = 100, port = 1025, seed = 1, ringEntries = 64 } = options;
    this.#network = network;
    this.#setsPerWorker = setsPerWorker;
    const ids = idSpaceOf(options.hostNumber ?? 0);
    this.ledger = options.ledger ?? new MemoryLedger(undefined, undefined, ids.hostNumber);
    const { clock } = network;
    const { ledger } = this;
    this.time = new HostTime(clock, ledger instanceof StoredLedger ? ledger.durableTime : undefined);
    const eventLagMs = clock.wallMs() - this.time.now().eventMs;
    const random = new Random(seed);
    const plugins = options.plugins.map(({ plugin, config }) => ({
      plugin,
      choice: { source: plugin.name, config: plugin.config.parse(config ?? {}) },
    }));
    const setCount = workers * setsPerWorker;
    const metrics = Object.assign(
      {},
      SET_METRICS,
      WORKER_METRICS,
      LEDGER_METRICS,
      PROJECTION_METRICS,
      ...plugins.map(({ plugin }) => plugin.metrics),
    );
    this.counters = new Counters(new MetricLayout(metrics), setCount + 1);
    this.board = new HostBoard(new SharedArrayBuffer(boardBytes(workers)));
    const memories = (bytes: number) => Array.from({ length: workers }, () => new SharedArrayBuffer(bytes));
    this.#inboxes = memories(mailboxBytes(1 << 14)).map((memory) => new Mailbox(memory));
    this.#outboxes = memories(mailboxBytes(1 << 14)).map((memory) => new Mailbox(memory));
    this.#workerWakers = Array.from({ length: workers }, () => new Waker());
    const rings = memories(ledgerRingBytes(ringEntries));
    const hostRing = new SharedArrayBuffer(ledgerRingBytes(64));
    this.#engines = this.#workerWakers.map((waker) =>
      new SimEngine({
        capacity: setsPerWorker * seats,
        clock,
        waker,
        network,
        ...(options.readsPerMs === undefined ? {} : { readsPerMs: options.readsPerMs }),
      })
    );
    const peers = {
      mailboxes: makePeerMailboxes(workers),
      wakers: this.#workerWakers.map((waker) => waker.words.buffer),
      firstSets: Array.from({ length: workers }, (_, worker) => worker * setsPerWorker),
    };
    this.loops = this.#engines.map((engine, worker) =>
      new AccessLoop({
        engine,
        clock,
        random: random.fork(),
        counters: this.counters,
        plugins: plugins.map(({ plugin, choice }) => ({ plugin, config: choice.config })),
        worker,
        firstSet: worker * setsPerWorker,
        sets: setsPerWorker,
        setCount,
        seats,
        board: this.board,
        inbox: this.#inboxes[worker],
        outbox: this.#outboxes[worker],
        hostWaker: this.#waker,
        ring: new LedgerRing(rings[worker]),
        ledgerWaker: this.#ledgerWaker,
        ledgerBoard: this.ledgerBoard,
        verdictMs: options.verdictMs ?? 2_000,
        eventLagMs,
        peers: new Peers(worker, peers),
        logins: options.logins ?? { allowsVersion0: true, tokens: undefined },
        ...(options.limits === undefined ? {} : { limits: options.limits }),
        ...(options.proxies === undefined ? {} : { proxies: options.proxies }),
      })
    );
    // All workers take from one listening socket, as real ones do.
    this.#engines.forEach((engine) => engine.listen({ kind: "address", hostname: "127.0.0.1", port }));
    this.#ledgerLoop = new LedgerLoop(this.ledger, [
      { ring: new LedgerRing(hostRing), waker: this.#waker },
      ...rings.map((ring, i) => ({ ring: new LedgerRing(ring), waker: this.#workerWakers[i] })),
    ]);
    this.#entries = new HostEntries(hostRing, this.#ledgerWaker);
    const orders = this.ledger.orders(); // as they are now, before anybody wins
    this.halves = new PluginHalves(plugins, {
      clock,
      time: this.time,
      log: (_level, event, fields) => void this.logged.push(`${event} ${JSON.stringify(fields)}`),
      counters: this.counters,
      setCount,
      random: random.fork(),
      entries: this.#entries,
      ledger: { nextPacketId: Math.max(this.ledger.nextPacketId, ids.firstGenerated), orders: () => orders },
      ids,
      oldNote: (plugin) => options.oldNotes?.[plugin],
      hasTickets: options.tickets !== undefined,
      tickets: () => options.tickets,
      packetDue: () => {},
      limitAccepts: (perS, connections) => this.board.limitAccepts(perS, connections),
      ledgerState: () => this.ledgerBoard.state,
      post: (set, plugin, words, count) => this.#postToSet(set, plugin, words, count),
      wakeUp: () => this.#waker.wake(),
    });
    this.ledgerBoard.state = LedgerState.awarding;
    this.halves.start();
  }

  turn(): void {
    this.#waker.awake();
    this.#outboxes.forEach((outbox) => outbox.drain((...message) => this.#onMessage(...message)));
    this.#entries.drain();
    const nowMs = this.#network.clock.monotonicMs();
    this.time.now();
    this.#nextTickMs = this.halves.tick(nowMs);
    for (const loop of this.loops) {
      if (!loop.isStopped) void loop.pass();
    }
    this.#ledgerWaker.awake();
    if (this.isLedgerStuck) return;
    const isInDoubt = this.#ledgerLoop.step() === Step.inDoubt;
    this.ledgerBoard.state = isInDoubt ? LedgerState.failing : LedgerState.awarding;
  }

  nextDueMs(): number {
    const nowMs = this.#network.clock.monotonicMs();
    const wakers = [this.#waker, ...this.#workerWakers];
    if (!this.isLedgerStuck) wakers.push(this.#ledgerWaker);
    if (wakers.some((waker) => !waker.maySleep())) return nowMs;
    const loops = this.loops.filter(({ isStopped }) => !isStopped);
    const isFailing = this.ledgerBoard.state === LedgerState.failing;
    return Math.min(
      isFailing ? nowMs + LEDGER_RETRY_MS : Infinity,
      this.#nextTickMs,
      ...loops.map((loop) => loop.nextDueMs()),
      ...this.#engines.map((e) => e.nextDueMs()),
    );
  }

  /** Tells every worker something, as the main thread does. */
  order(order: WorkerOrder): void {
    const words = encodeControl(order);
    this.#inboxes.forEach((inbox, i) => {
      inbox.post(MessageKind.control, 0, 0, words, words.length);
      this.#workerWakers[i].wake();
    });
  }

  /** Asks a plugin's route, as an operator does. */
  async request(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    const route = this.halves.routes.find((route) => route.method === method && route.path === path)!;
    const parsed = route.body === undefined ? undefined : route.body.parse(body);
    return await route.handle({ body: parsed, header: (name) => headers[name] });
  }

  /** The process dies: all its connections and its memory are gone; what the ledger made durable is not. */
  kill(): void {
    for (const engine of this.#engines) engine.shutdown();
  }

  #onMessage(kind: number, set: number, plugin: number, words: Int32Array, at: number, count: number): void {
    if (kind === MessageKind.plugin) return this.halves.onMessage(set, plugin, words, at, count);
    this.reports.push(decodeControl(words, at) as WorkerReport);
  }

  #postToSet(set: number, plugin: number, words: Int32Array, count: number): boolean {
    const worker = Math.floor(set / this.#setsPerWorker);
    const isPosted = this.#inboxes[worker].post(MessageKind.plugin, set, plugin, words, count);
    if (isPosted) this.#workerWakers[worker].wake();
    return isPosted;
  }
}
