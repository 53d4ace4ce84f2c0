import type { AddressRange } from "../../os/address_ranges.ts";
import { idSpaceOf } from "../../base/id_space.ts";
import { Random } from "../../base/random.ts";
import type { Clock } from "../../base/clock.ts";
import type { Counters } from "../../counters/counters.ts";
import type { SimActor } from "../../engine/sim/agenda.ts";
import type { SimNetwork } from "../../engine/sim/network.ts";
import { SimEngine } from "../../engine/sim/sim.ts";
import { MemoryLedger } from "../../ledger/judge/memory_ledger.ts";
import type { Ledger } from "../../ledger/record/ledger.ts";
import { LedgerBoard, LedgerState } from "../../ledger/ring/ledger_board.ts";
import { HoldingsBoard } from "../../ledger/ring/holdings_board.ts";
import { LedgerRing } from "../../ledger/ring/ledger_ring.ts";
import { StoredLedger } from "../../ledger/store/stored_ledger.ts";
import { LedgerLoop, Step } from "../../ledger/thread/ledger_loop.ts";
import type { AnyPlugin, EntryProposal, EntryVerdict, Tickets } from "../../plugin/plugin.ts";
import { HostEntries } from "../../server/host/host_entries.ts";
import { hostMetrics } from "../../server/host/host_metrics.ts";
import { PluginHalves } from "../../server/host/host_plugins.ts";
import { HostTime } from "../../server/host/host_time.ts";
import type { AccessLoop, WorkerOrder, WorkerReport } from "../../server/worker/access_loop.ts";
import type { HostBoard } from "../../server/worker/host_board.ts";
import { HostMemory } from "../../server/worker/host_memory.ts";
import type { HostSettings } from "../../server/worker/host_settings.ts";
import { openLoop } from "../../server/worker/open_loop.ts";
import { type ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from "../../set/common/connection_watch.ts";
import { decodeControl, MessageKind } from "../../threads/mailbox.ts";
import { Waker } from "../../threads/waker.ts";
import type { TokenRules } from "../../token/token_keys.ts";

/** How often a ledger in doubt is tried again. */
const LEDGER_RETRY_MS = 50;

export interface SimHostOptions {
  readonly plugins: readonly { readonly plugin: AnyPlugin; readonly config?: unknown }[];
  readonly workers?: number;
  readonly setsPerWorker?: number;
  /** Most connections of one SET. */
  readonly seats?: number;
  /** Where it listens; 127.0.0.1 if absent. */
  readonly hostname?: string;
  readonly port?: number;
  readonly seed?: number;
  /** Its own: as monotonic as the network's, and with another wall time perhaps. */
  readonly clock?: Clock;
  readonly ledger?: Ledger;
  /** Whose packet ids its packets get. */
  readonly hostNumber?: number;
  /** How long a winner waits for the ledger. */
  readonly verdictMs?: number;
  readonly allowsVersion0?: boolean;
  /** What version 1's tokens are checked with. */
  readonly tokenRules?: TokenRules;
  readonly limits?: ConnectionLimits;
  /** Proxies that say whose a connection is. */
  readonly proxies?: readonly AddressRange[];
  /** Reads a ms that each worker manages; without it, in no time. */
  readonly readsPerMs?: number;
  /** Words of each mailbox between its main thread and a worker. */
  readonly mailboxWords?: number;
  /** Whether its ledger is carried to books. */
  readonly hasBooks?: boolean;
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
  readonly memory: HostMemory;
  readonly halves: PluginHalves;
  readonly ledger: Ledger;
  readonly time: HostTime;
  readonly loops: readonly AccessLoop[];
  readonly reports: WorkerReport[] = [];
  /** Lines that the plugins' halves logged. */
  readonly logged: string[] = [];
  /** While set, the ledger thread does nothing. */
  isLedgerStuck = false;
  readonly ledgerBoard = new LedgerBoard();
  /** In its last turn a verdict may have come that somebody waits for: promises are to be given their turn. */
  hadEntries = false;

  readonly #network: SimNetwork;
  readonly #ledgerWaker = new Waker();
  readonly #ledgerLoop: LedgerLoop;
  readonly #entries: HostEntries;
  readonly #engines: readonly SimEngine[];
  #nextTickMs = 0;
  /** By worker, as it said after its last turn. */
  readonly #loopDueMs: Float64Array;

  constructor(network: SimNetwork, options: SimHostOptions) {
    const { workers = 1, setsPerWorker = 1, seats = 100, port = 1025, seed = 1, ringEntries = 64 } = options;
    const { clock = network.clock, hostname = "127.0.0.1", mailboxWords = 1 << 14 } = options;
    this.#network = network;
    this.#loopDueMs = new Float64Array(workers);
    const ids = idSpaceOf(options.hostNumber ?? 0);
    const ledger = this.ledger = options.ledger ?? new MemoryLedger(undefined, undefined, ids.hostNumber);
    this.time = new HostTime(clock, ledger instanceof StoredLedger ? ledger.durableTime : undefined);
    const random = new Random(seed);
    const plugins = options.plugins.map(({ plugin, config }) => ({
      plugin,
      choice: { source: plugin.name, config: plugin.config.parse(config ?? {}) },
    }));
    const settings: HostSettings = {
      engine: "deno", // the engine is the simulator's own
      workers,
      capacity: workers * setsPerWorker * seats,
      seats,
      randomSeed: seed,
      verdictMs: options.verdictMs ?? 2_000,
      allowsVersion0: options.allowsVersion0 ?? true,
      tokenRules: options.tokenRules,
      connectionLimits: options.limits ?? DEFAULT_CONNECTION_LIMITS,
      proxies: options.proxies ?? [],
      priority: "normal",
    };
    const memory = this.memory = new HostMemory(settings, hostMetrics(plugins, options.hasBooks === true), {
      mailboxWords,
      ringEntries,
    });
    const { links, shares, setCount } = memory;
    this.#engines = links.map(({ waker }) => {
      const { readsPerMs } = options;
      const pace = readsPerMs === undefined ? {} : { readsPerMs };
      const capacity = setsPerWorker * seats;
      return new SimEngine({ capacity, clock: network.clock, waker, network, ...pace });
    });
    const common = {
      settings,
      setCount,
      eventLagMs: clock.wallMs() - this.time.now().eventMs,
      shared: memory.shared({ waker: this.#ledgerWaker, board: this.ledgerBoard }),
    };
    const configured = plugins.map(({ plugin, choice }) => ({ plugin, config: choice.config }));
    this.loops = this.#engines.map((engine, i) => {
      const own = { share: shares[i], link: links[i].memory, randomSeed: random.forkSeed() };
      return openLoop({ ...common, ...own }, { engine, clock, plugins: configured });
    });
    // All workers take from one listening socket, as real ones do.
    this.#engines.forEach((engine) => engine.listen({ kind: "address", hostname, port }));
    const wakers = [memory.waker, ...links.map(({ waker }) => waker)];
    this.#ledgerLoop = new LedgerLoop(
      ledger,
      memory.ledgerClients.map(({ ring, holdings }, i) => ({
        ring: new LedgerRing(ring),
        waker: wakers[i],
        holdings: holdings && new HoldingsBoard(holdings),
      })),
    );
    this.#entries = new HostEntries(memory.ring, this.#ledgerWaker);
    const orders = ledger.orders(); // as they are now, before anybody wins
    const { ledgerBoard } = this;
    this.halves = new PluginHalves(plugins, {
      clock,
      time: this.time,
      log: (_level, event, fields) => void this.logged.push(`${event} ${JSON.stringify(fields)}`),
      memory,
      random: random.fork(),
      entries: this.#entries,
      ledger: {
        nextPacketId: Math.max(ledger.nextPacketId, ids.firstGenerated),
        orders: () => orders,
        get ledgerState() {
          return ledgerBoard.state;
        },
      },
      ids,
      oldNote: (plugin) => options.oldNotes?.[plugin],
      hasTickets: options.tickets !== undefined,
      tickets: () => options.tickets,
      packetDue: () => {},
    });
    this.ledgerBoard.state = LedgerState.awarding;
    this.halves.start();
  }

  get counters(): Counters {
    return this.memory.counters;
  }

  get board(): HostBoard {
    return this.memory.board;
  }

  turn(): void {
    this.memory.waker.awake();
    for (const link of this.memory.links) link.drain((...message) => this.#onMessage(...message));
    this.hadEntries = this.#entries.isOpen;
    this.#entries.drain();
    const nowMs = this.#network.clock.monotonicMs();
    this.time.now();
    this.#nextTickMs = this.halves.tick(nowMs);
    this.loops.forEach((loop, i) => {
      if (loop.isStopped || !this.#isLoopDue(i, nowMs)) return;
      void loop.pass();
      this.#loopDueMs[i] = Infinity; // what it wants next is asked below
    });
    this.#ledgerWaker.awake();
    if (this.isLedgerStuck) return;
    this.ledgerBoard.beat();
    const isInDoubt = this.#ledgerLoop.step() === Step.inDoubt;
    this.ledgerBoard.state = isInDoubt ? LedgerState.failing : LedgerState.awarding;
  }

  nextDueMs(): number {
    const nowMs = this.#network.clock.monotonicMs();
    const wakers = [this.memory.waker, ...this.memory.links.map(({ waker }) => waker)];
    if (!this.isLedgerStuck) wakers.push(this.#ledgerWaker);
    if (wakers.some((waker) => !waker.maySleep())) return nowMs;
    // An engine says how soon it wants to look again, from now on: what it has said before its turn counts too.
    this.loops.forEach((loop, i) => {
      this.#loopDueMs[i] = loop.isStopped
        ? Infinity
        : Math.min(this.#loopDueMs[i], loop.nextDueMs(), this.#engines[i].nextDueMs());
    });
    const isFailing = this.ledgerBoard.state === LedgerState.failing;
    return Math.min(
      isFailing ? nowMs + LEDGER_RETRY_MS : Infinity,
      this.#nextTickMs,
      ...this.#loopDueMs,
    );
  }

  /** Enters something into the ledger, as the main thread does. */
  enter(entry: EntryProposal): Promise<EntryVerdict> {
    return this.#entries.enter(entry);
  }

  /** Whether a worker's thread would be awake: something has come, or is due. */
  #isLoopDue(worker: number, nowMs: number): boolean {
    return this.#loopDueMs[worker] <= nowMs || this.#engines[worker].nextDueMs() <= nowMs ||
      !this.memory.links[worker].waker.maySleep();
  }

  /** Tells every worker something, as the main thread does. */
  order(order: WorkerOrder): void {
    for (const link of this.memory.links) link.order(order);
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
}
