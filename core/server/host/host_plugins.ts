import type { Route } from "../../admin/api.ts";
import type { Log } from "../../cli/log.ts";
import { UserError } from "../../base/user_error.ts";
import type { HostMemory } from "../worker/host_memory.ts";
import type { IdSpace } from "../../base/id_space.ts";
import type { LoadedPlugin } from "../../plugin/loader.ts";
import type { HostContext, PluginControl, ShowDocument, Tickets } from "../../plugin/plugin.ts";
import { LedgerState } from "../../ledger/ring/ledger_board.ts";
import type { OrderState } from "../../ledger/record/order_state.ts";
import { Random } from "../../base/random.ts";
import type { Clock } from "../../base/clock.ts";
import type { HostEntries } from "./host_entries.ts";
import type { HostTime } from "./host_time.ts";
import { PlacedOrders } from "./placed_orders.ts";

interface HalvesParts {
  readonly clock: Clock;
  readonly time: HostTime;
  readonly log: Log;
  readonly memory: HostMemory;
  readonly random: Random;
  readonly entries: HostEntries;
  readonly ledger: {
    readonly nextPacketId: number;
    /** What was ordered before this start; known once it is ready. */
    orders(): readonly OrderState[];
    readonly ledgerState: LedgerState;
  };
  readonly ids: IdSpace;
  /** What a plugin of an older redpkt has noted in a file, if anything. */
  oldNote(plugin: string): unknown;
  /** Whether this host has a seed file, and its tickets once they are proven. */
  readonly hasTickets: boolean;
  tickets(): Tickets | undefined;
  packetDue(packetId: number, amountFen: number, sponsor: number): void;
}

/** The plugins' halves on the main thread: who they are, what is due for them, and what they can reach. */
export class PluginHalves {
  readonly plugins: readonly LoadedPlugin[];
  /** What operators have ordered of any plugin. */
  readonly orders: PlacedOrders;
  /** Packets are held, whoever wants them released: this host's clock is off. */
  isHolding = false;
  /** Opens a packet of another host; a host that is told of none has no other. */
  openElsewhere: HostContext["openElsewhere"] = () => undefined;
  readonly #parts: HalvesParts;
  #halves: (PluginControl | undefined)[] = [];
  #nextTickMs: Float64Array;

  constructor(plugins: readonly LoadedPlugin[], parts: HalvesParts) {
    this.plugins = plugins;
    this.#parts = parts;
    this.#nextTickMs = new Float64Array(plugins.length).fill(Infinity);
    const { entries, log, clock, memory: { counters, setCount } } = parts;
    const own = counters.block(setCount);
    this.orders = new PlacedOrders({
      entries,
      log,
      states: () => parts.ledger.orders(),
      ledgerState: () => parts.ledger.ledgerState,
      wallMs: () => Math.floor(clock.wallMs()),
      isHeld: () => this.isHolding,
      count: (metric, by) => {
        own[counters.layout.handle(metric)] += by;
      },
    });
  }

  /** Makes the halves. */
  start(): void {
    this.#halves = this.plugins.map(({ plugin, choice }, i) =>
      plugin.control?.(this.#contextFor(i), choice.config)
    );
    this.#nextTickMs = Float64Array.from(this.#halves, (half) => half?.onTick === undefined ? Infinity : 0);
  }

  get routes(): Route[] {
    return this.#halves.flatMap((half) => half?.routes ?? []);
  }

  /** What each plugin says of itself, by name. */
  status(): Record<string, unknown> {
    const entries = this.plugins.map(({ plugin }, i) => [plugin.name, this.#halves[i]?.status?.()] as const);
    return Object.fromEntries(entries.filter(([, status]) => status !== undefined));
  }

  /** Why this host can't play a show; undefined if a plugin can't say yet. */
  checkShow(show: ShowDocument): readonly string[] | undefined {
    const said = this.#halves.map((half) => half?.checkShow === undefined ? [] : half.checkShow(show));
    return said.includes(undefined) ? undefined : said.flatMap((problems) => problems!);
  }

  /** A show counts from now on. */
  onShow(show: ShowDocument): void {
    for (const half of this.#halves) half?.onShow?.(show);
  }

  onMessage(set: number, plugin: number, words: Int32Array, at: number, count: number): void {
    this.#halves[plugin]?.onMessage?.(set, words, at, count);
    this.#askTick(plugin);
  }

  drain(): void {
    this.orders.isDraining = true;
    for (const half of this.#halves) half?.onDrain?.();
  }

  /** Calls what is due; returns the monotonic time of the next call. */
  tick(nowMs: number): number {
    let next = Infinity;
    this.#halves.forEach((half, i) => {
      if (this.#nextTickMs[i] <= nowMs) {
        this.#nextTickMs[i] = Infinity;
        const asked = half!.onTick!(nowMs);
        this.#nextTickMs[i] = Math.min(this.#nextTickMs[i], asked);
      }
      next = Math.min(next, this.#nextTickMs[i]);
    });
    return next;
  }

  /** The first reason of a plugin for which the host isn't ready. */
  whyNotReady(): string | undefined {
    for (const half of this.#halves) {
      const why = half?.whyNotReady?.();
      if (why !== undefined) return why;
    }
    return undefined;
  }

  #packetSource(wanted: string | undefined): PluginControl["packets"] {
    const at = this.plugins.findIndex(({ plugin }, i) =>
      wanted === undefined ? this.#halves[i]?.packets !== undefined : plugin.name === wanted
    );
    const source = this.#halves[at]?.packets;
    if (wanted === undefined || source !== undefined) return source;
    throw new UserError(`no plugin ${wanted} offers packets on this host`);
  }

  #askTick(plugin: number): void {
    if (this.#halves[plugin]?.onTick !== undefined) this.#nextTickMs[plugin] = 0;
  }

  #contextFor(plugin: number): HostContext {
    const { clock, time, log, memory, random, entries, ledger, ids } = this.#parts;
    const { counters, setCount } = memory;
    const { name } = this.plugins[plugin].plugin;
    const tickets = () => this.#parts.tickets();
    const { layout } = counters;
    const own = counters.block(setCount);
    return {
      setCount,
      random: random.fork(),
      randomOf: (seed, part) => Random.ofPart(seed, part),
      monotonicMs: () => clock.monotonicMs(),
      hasTickets: this.#parts.hasTickets,
      get tickets() {
        return tickets();
      },
      packetSource: (wanted) => this.#packetSource(wanted),
      oldNote: () => this.#parts.oldNote(name),
      placeOrder: (request, fix = () => ({})) => this.orders.place(name, request, fix),
      checkOrders: () => this.orders.check(),
      orders: () => this.orders.of(name),
      post: (set, words, count) => memory.postToSet(set, plugin, words, count),
      total: (metric) => counters.total(metric),
      valueOf: (set, metric) => counters.valueIn(set, metric),
      usersOf: (set) => counters.valueIn(set, "users"),
      count: (metric, by) => {
        own[layout.handle(metric)] += by;
      },
      gauge: (metric, value) => {
        own[layout.handle(metric)] = value;
      },
      packetDue: (packetId, amountFen, sponsor) => this.#parts.packetDue(packetId, amountFen, sponsor),
      limitAccepts: (perS, connections) => memory.board.limitAccepts(perS, connections),
      isLedgerReady: () => ledger.ledgerState !== LedgerState.starting,
      nextPacketId: () => ledger.nextPacketId,
      lastPacketId: ids.lastGenerated,
      mint: (firstPacketId, count, amountFen, sponsor, of) =>
        entries.mint(firstPacketId, count, amountFen, sponsor, of),
      enter: (entry, body) => entries.enter(entry, body),
      openElsewhere: (user, packetId) => this.openElsewhere(user, packetId),
      unixMs: () => Math.floor(clock.wallMs()),
      eventMs: () => time.now().eventMs,
      mayRelease: () => !this.isHolding,
      mayExpire: () => time.now().mayExpire,
      wakeUp: () => {
        this.#askTick(plugin);
        memory.waker.wake();
      },
      log: (event, fields, level = "info") => log(level, event, { plugin: name, ...fields }),
    };
  }
}
