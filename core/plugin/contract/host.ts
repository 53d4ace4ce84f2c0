import type { Random } from "../../base/random.ts";
import type { Tickets } from "../../seed/file/tickets.ts";
import type { ShowDocument } from "../../show/document.ts";
import type { EntryProposal } from "./entries.ts";
import type { NewOrder, OrderRequest, PlacedOrder, Placement } from "./orders.ts";
import type { PacketSource } from "./packets.ts";
import type { PluginRoute } from "./routes.ts";

/** What the ledger said of an entry of the main thread. */
export interface EntryVerdict {
  readonly verdict: number;
  readonly detail: number;
  readonly packetId: number;
  readonly amountFen: number;
  /** The words of an answer. */
  readonly payload: Int32Array;
}

/** What a packet's owner said to an open. */
export interface OpenedElsewhere {
  /** One of `Result`. */
  readonly result: number;
  readonly amountFen: number;
}

/** What the main thread gives to a plugin's other half. */
export interface HostContext {
  readonly setCount: number;
  readonly random: Random;
  /** A generator of its own: the same seed of 32 bits and number of a part draw the same in every run. */
  randomOf(seed: number, part: number): Random;
  monotonicMs(): number;
  /** Tickets that were made in advance; undefined while they aren't proven, and on a host without any. */
  readonly tickets: Tickets | undefined;
  /** Whether this host was given tickets, proven yet or not. */
  readonly hasTickets: boolean;
  /** The highest id that packets made on this host may have. */
  readonly lastPacketId: number;
  /**
   * The packets that a plugin of this host offers: of this name, or of the first that offers any. Ask from the first tick
   * on; a name that offers none is the user's mistake, and ends the host.
   */
  packetSource(plugin?: string): PacketSource | undefined;
  /** What this plugin of an older redpkt has noted in a file beside the ledger; undefined if nothing. */
  oldNote(): unknown;
  /**
   * Places an order: resolves when it is durable, and not before, however long the disk takes. Act on it afterwards only.
   * The same key with the same body is the order that there is, also after a restart.
   *
   * @param fix called at once if it is new; may throw a `RouteError`
   * @throws RouteError 409 if the key came with another body, 503 while nothing can be ordered
   */
  placeOrder(request: OrderRequest, fix?: () => NewOrder): Promise<Placement>;
  /** Throws the `RouteError` that a new order would get now, for whoever lets orders wait for each other. */
  checkOrders(): void;
  /** All orders of this plugin, oldest first, so that it can resume them; only once the ledger is ready. */
  orders(): readonly PlacedOrder[];
  /** Words to the plugin's instance in a SET. False if that worker's mailbox is full: keep them and try later. */
  post(set: number, words: Int32Array, count: number): boolean;
  /** Sum over all SETs of one of the plugin's counters or gauges, and the value of one SET. */
  total(metric: string): number;
  valueOf(set: number, metric: string): number;
  /** Users that are logged in to a SET now. */
  usersOf(set: number): number;
  /** Adds to a counter of this half's own; it shows beside the SETs' in every sum. */
  count(metric: string, by: number): void;
  /** Sets a gauge of this half's own. */
  gauge(metric: string, value: number): void;
  /** A packet can be won from now on: it shows as due in the table of money. */
  packetDue(packetId: number, amountFen: number, sponsor: number): void;
  /** Limits what the host takes: peers a second, and connections in all; `Infinity` for no limit. */
  limitAccepts(perS: number, connections: number): void;
  /** Whether the ledger has been read, so that packets can be made. */
  isLedgerReady(): boolean;
  /** The first packet id that the ledger has not used; only once it is ready. */
  nextPacketId(): number;
  /**
   * Makes packets of one sponsor in the ledger; resolves with the verdict once it is durable.
   *
   * @param of the order that they are made for, and which part of it they are: 0, 1, 2, ...
   */
  mint(
    firstPacketId: number,
    count: number,
    amountFen: number,
    sponsor: number,
    of?: { readonly order: number; readonly part: number },
  ): Promise<EntryVerdict>;
  /** Enters anything else, with the words that belong to it; `connection` is -1. Resolves once it is durable. */
  enter(entry: Readonly<EntryProposal>, body?: Uint32Array): Promise<EntryVerdict>;
  /**
   * Opens a packet of another host, which its owner does; undefined if no other host can have made it. Without an answer
   * in time the result says to try later.
   */
  openElsewhere(user: number, packetId: number): Promise<OpenedElsewhere> | undefined;
  /** The present wall time in unix ms. It may step: for what was planned in wall time, never for a wait. */
  unixMs(): number;
  /** See `SetContext.eventMs`. */
  eventMs(): number;
  /** False while what looks late by the wall clock has only been skipped by it. */
  mayExpire(): boolean;
  /** False while no packet may come, of a plan, a show or an order, since this host's clock is off. */
  mayRelease(): boolean;
  /** Asks for `onTick` at once. */
  wakeUp(): void;
  /** One line in the log, `info` if nothing else is said. */
  log(event: string, fields: Record<string, unknown>, level?: "info" | "warn" | "error"): void;
}

/** A plugin's half on the main thread, one a host: for what only a whole host can know. */
export interface PluginControl {
  readonly routes?: readonly PluginRoute[];
  /** Packets that it releases for another plugin to give away. */
  readonly packets?: PacketSource;
  /** Why the host isn't ready for new users because of this plugin, in a few words; undefined if it is. */
  whyNotReady?(): string | undefined;
  /** Words from an instance in a SET; valid until the call returns. */
  onMessage?(set: number, words: Int32Array, at: number, count: number): void;
  /** Called about when asked for; returns the monotonic time of the next call, `Infinity` for none. */
  onTick?(nowMs: number): number;
  /** Why this host can't play a show, a line each; undefined while that can't be said yet. Absent: it always can. */
  checkShow?(show: ShowDocument): readonly string[] | undefined;
  /**
   * This show counts from now on, whole; none before it matters. Called again with the same one after a restart, so what
   * it comes to must be idempotent.
   */
  onShow?(show: ShowDocument): void;
  /** What is shown under the plugin's name in the admin API's status. */
  status?(): unknown;
  onDrain?(): void;
}
