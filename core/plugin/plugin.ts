/**
 * The plugin contract: all that business logic may know of the core. A plugin imports this module and nothing else of
 * `core/`; a user's plugin file needs no runtime import at all, since it is handed the same things as `api`.
 */
import type { z } from "zod";
import { PAYLOAD_WORDS } from "../ledger/record/entry.ts";
import type { MetricDefinition } from "../counters/counters.ts";
import type { OrderState } from "../ledger/record/order_state.ts";
import type { Random } from "../base/random.ts";
import type { Tickets } from "../seed/file/tickets.ts";

export { z } from "zod";
export {
  CloseCode,
  Opcode,
  PLUGIN_CLOSE_CODES,
  PLUGIN_OPCODES,
  Result,
  SendMode,
  ShakeResult,
} from "../wire/codes.ts";
export {
  Field,
  FRAME_BYTES,
  writeClaimResponse,
  writeSendNotice,
  writeShakeResponse,
} from "../wire/version0.ts";
export { lengthOf, positionalWriter, readFrame, writeFrame } from "../wire/frame_codec.ts";
export { bytes, count, fromClient, fromServer, list, optional, u32, u64, utf8 } from "../wire/schema.ts";
export { DETAILS_PER_FRAME, frames, MOST_CHAT_BYTES, MOST_RECIPIENTS, Opcode1 } from "../wire/v1/frames.ts";
export {
  writeChatResult,
  writeClaimResult,
  writeNotice,
  writeOpenResult,
  writeShakeGreeting,
  writeShakeResult,
} from "../wire/v1/writers.ts";
export { EntryKind, Refusal, refusalName, Verdict } from "../ledger/record/entry.ts";
export { isTaken, type OpenPart, type OrderState, untakenOf } from "../ledger/record/order_state.ts";
export { type SendBody, sendBodyWords } from "../ledger/record/send_body.ts";
export { hasUser, HeadBit, HeadWord } from "../ledger/record/sent_packet.ts";
export { ownerSet } from "../base/owner_set.ts";
export { assert } from "../base/assert.ts";
export type { MetricDefinition } from "../counters/counters.ts";
export type { Random } from "../base/random.ts";
export {
  type TicketGreeting,
  type TicketGroup,
  type Tickets,
  type TicketWave,
  TicketWord,
} from "../seed/file/tickets.ts";

/** A handler's intent: no reply now, the verdict of a proposed entry brings one. A positive intent is a reply's size. */
export const DEFER = -1;
/** A handler's intent: no reply at all. */
export const NO_REPLY = 0;

/** What `admit` says of a frame that is neither handled nor answered: refusing costs as much as answering. */
export const DROP = 2;
/** True: handle it; false: answer it with its rule's `refuse`; `DROP`: do as if it had never come. */
export type Admission = boolean | typeof DROP;

/** A handler's intent: end this connection for a reason, a `CloseCode` or one of the plugin's own. */
export function closeWith(code: number): number {
  return -code;
}

/**
 * Handles one frame: reads `request` from offset `at`, writes at most {@linkcode MAX_REPLY_BYTES} to `reply` from offset
 * `replyAt`, and returns its intent: the reply's size in bytes, `NO_REPLY`, `DEFER`, or `closeWith(code)`.
 *
 * Synchronous; keeps neither view. `nowMs` is the pass's monotonic reading.
 */
export type FrameHandler = (
  connection: number,
  request: DataView,
  at: number,
  reply: DataView,
  replyAt: number,
  nowMs: number,
) => number;

/** Room that a handler has for its reply. */
export const MAX_REPLY_BYTES = 256;

/** A frame kind that a plugin handles. */
export interface FrameRule {
  /** Size in bytes of the frame, header included; a number, or the least and the most. */
  readonly bytes: number | readonly [min: number, max: number];
  readonly handle: FrameHandler;
  /** Answers the frame when a plugin's `admit` has refused it. Without it a refused frame gets no reply. */
  readonly refuse?: FrameHandler;
}

/** What came back from the ledger for an entry that this instance proposed. */
export interface VerdictCall {
  /** One of `EntryKind`, `Verdict` and `Refusal`. */
  readonly kind: number;
  readonly verdict: number;
  readonly detail: number;
  readonly user: number;
  readonly packetId: number;
  readonly amountFen: number;
  readonly sponsor: number;
  readonly tag: number;
  readonly count: number;
  /** Of a question: what it asked, and the words of its answer. Of a send: `asked` and `askedFrom` are its deadline. */
  readonly asked: number;
  readonly askedFrom: number;
  readonly payload: Int32Array;
}

/** One instance of a plugin: it belongs to one SET and shares nothing. Every part is optional. */
export interface PluginInstance {
  /** By opcode. An opcode that two plugins claim is an error at boot. */
  readonly frames?: Readonly<Record<number, FrameRule>>;
  /**
   * Whether this frame may cost anything; a few integer operations. The first refusal of any plugin counts.
   *
   * @param waitedMs how long it has waited to be read, at most
   * @param leftMs how long it was left unread on purpose, 0 if it wasn't
   */
  admit?(connection: number, opcode: number, nowMs: number, waitedMs: number, leftMs: number): Admission;
  /** The same of a login, before the user is known to the others: a refused one is told to come again later. */
  admitLogin?(connection: number, user: number, nowMs: number): boolean;
  onOpen?(connection: number): void;
  /** The connection's user is known now. */
  onLogin?(connection: number, user: number): void;
  onClose?(connection: number): void;
  /** Called about when asked for. Returns the monotonic time of the next call, `Infinity` for none. */
  onTick?(nowMs: number): number;
  /**
   * The ledger has judged an entry. With `connection` -1 nobody waits for it any more; otherwise a reply may be written
   * and its size returned, as from a handler.
   *
   * With the verdict `inDoubt` it takes too long: whoever waits must be answered now, but nothing is decided. The verdict
   * comes later, with `connection` -1. A refused award may be proposed again with another packet: then the connection
   * goes on waiting, and `DEFER` is returned.
   */
  onVerdict?(
    call: VerdictCall,
    connection: number,
    reply: DataView,
    replyAt: number,
    nowMs: number,
  ): number;
  /**
   * The connection's user has just logged in, and has an award that may never have reached him: says it again, as a
   * handler replies. Called for each such award; the first plugin that has this is asked.
   */
  onPendingAward?(
    call: VerdictCall,
    connection: number,
    reply: DataView,
    replyAt: number,
    nowMs: number,
  ): number;
  /** Words from the plugin's half on the main thread; valid until the call returns. */
  onMessage?(words: Int32Array, at: number, count: number, nowMs: number): void;
  /** Words from another SET's instance, or from this one; valid until the call returns. */
  onSetMessage?(words: Int32Array, at: number, count: number, nowMs: number): void;
  /** The host is about to stop: draw nothing new, give back what is unused. */
  onDrain?(nowMs: number): void;
}

/** An award for the ledger to judge. */
export interface AwardProposal {
  connection: number;
  user: number;
  packetId: number;
  amountFen: number;
  sponsor: number;
  /** Comes back with the verdict; 0 if absent. */
  tag?: number;
  /** The user must open it before the money is his: an entry of the kind `open`. Not, if absent. */
  isHeld?: boolean;
}

/** Any entry for the ledger; fields that its kind doesn't use are 0. */
export interface EntryProposal {
  /** One of `EntryKind`. */
  kind: number;
  /** Whose handler returns `DEFER` for the verdict's reply; -1 if nobody's, or if `SetContext.answer` will reply. */
  connection: number;
  user: number;
  packetId: number;
  amountFen: number;
  sponsor: number;
  count: number;
  tag: number;
  asked: number;
  askedFrom: number;
}

/** What of an entry needn't be said, such as a question's amount; it is in the name of no connection. */
export const EMPTY_ENTRY: Readonly<Omit<EntryProposal, "kind">> = {
  connection: -1,
  user: 0,
  packetId: 0,
  amountFen: 0,
  sponsor: 0,
  count: 0,
  tag: 0,
  asked: 0,
  askedFrom: 0,
};

/** Places in the ledger's ring that an entry with so many body words takes. */
export function placesFor(bodyWords: number): number {
  return 1 + Math.ceil(bodyWords / PAYLOAD_WORDS);
}

/** Writes a frame to `reply` from `replyAt` on and returns its size in bytes, 0 for none. */
export type FrameWriter = (reply: DataView, replyAt: number) => number;

/** What a SET gives to a plugin's instance. */
export interface SetContext {
  /** Number of this SET on the host, and how many there are. */
  readonly index: number;
  readonly setCount: number;
  /** Most connections of this SET; their seats are 0 to this - 1. */
  readonly seats: number;
  readonly random: Random;
  /** The pass's wall time in whole unix seconds, for a frame's timestamp. */
  readonly unixSeconds: number;
  /** The same in ms, for version 1. */
  readonly unixMs: number;
  /**
   * The pass's event time in ms: wall time as this host has seen it pass, which nobody can jump. For every promise that the
   * host makes; see `EventTime`.
   */
  readonly eventMs: number;
  /** Users that are logged in to this SET now. */
  readonly users: number;
  /** The user of a connection that has logged in. */
  userOf(connection: number): number;
  /** The protocol's version that a connection has logged in with, 0 or 1. */
  versionOf(connection: number): number;
  /** The place of a connection within this SET, for a plugin's own columns; the next connection may get it again. */
  seatOf(connection: number): number;
  /** The number of a metric of this plugin. Once, at creation. */
  metric(name: string): number;
  /** Adds to a counter or gauge. */
  count(metric: number, by?: number): void;
  /** Whether the ledger takes awards now and its ring has a place. Ask before drawing a packet. */
  canPropose(): boolean;
  /** Proposes an award; `onVerdict` is called later. The connection's handler returns `DEFER`. */
  proposeAward(award: Readonly<AwardProposal>): void;
  /** The same for an entry that takes several places; see {@linkcode placesFor}. */
  canProposeAll(places: number): boolean;
  /** Proposes an entry of any kind, with the words that belong to it; `onVerdict` is called later. */
  propose(entry: Readonly<EntryProposal>, body?: Uint32Array): void;
  /** Which user of a connection's number this is, for whoever answers later. */
  generationOf(connection: number): number;
  /** Sends a frame to a connection of this SET, unless it is gone or somebody else's by now. */
  push(connection: number, generation: number, write: FrameWriter): boolean;
  /** The same for the reply that a handler has deferred. */
  answer(connection: number, generation: number, write: FrameWriter): boolean;
  /**
   * A frame that tells the connection's user of his share of a packet was just sent. Once it has arrived, as far as one can
   * know, the ledger's `pendingShare` doesn't tell of it any more.
   */
  awaitReceipt(connection: number, packetId: number): void;
  /** Words to this plugin's instance in a SET of the host. False if the mailbox is full: try again at a later tick. */
  postToSet(set: number, words: Int32Array, count: number): boolean;
  /** Asks for `onTick` at this monotonic time or soon after. */
  tickAt(monotonicMs: number): void;
  /** Words to the plugin's half on the main thread. False if the mailbox is full: try again at a later tick. */
  post(words: Int32Array, count: number): boolean;
  /** Counts a value in a histogram of this plugin. */
  record(metric: number, value: number): void;
  /** In how many ms a frame that is being refused may come again: from whoever refuses to whoever writes the refusal. */
  retryAfterMs: number;
  /**
   * Most connections that this SET's loop reads in a pass; the rest waits in the kernel. `Infinity`: all are read.
   *
   * @returns false where the engine reads all that comes
   */
  readLess(perPass: number): boolean;
  /** How often this SET's loop left a connection with news unread, ever. */
  readonly leftUnread: number;
  /** Leaves a connection unread for a moment, whatever it sends, where the engine can. */
  rest(connection: number): void;
}

/** An HTTP route that a plugin adds to the admin API. */
export interface PluginRoute {
  readonly method: "get" | "post" | "put" | "delete";
  /** Such as `/packets`. */
  readonly path: string;
  readonly summary: string;
  /** Checked before `handle` is called; all errors are reported at once. */
  readonly body?: z.ZodType;
  /** It places an order, which an `Idempotency-Key` names; see `HostContext.placeOrder`. */
  readonly isOrder?: boolean;
  /** Returns what is sent as JSON; throws `RouteError` for a refusal. */
  handle(request: { body: unknown; header(name: string): string | undefined }): unknown;
}

/** A refusal of a route, with its HTTP status. */
export class RouteError extends Error {
  override name = "RouteError";
  constructor(readonly status: 400 | 404 | 409 | 422 | 503, message: string) {
    super(message);
  }
}

/** What the ledger said of an entry of the main thread. */
export interface EntryVerdict {
  readonly verdict: number;
  readonly detail: number;
  readonly packetId: number;
  /** The words of an answer. */
  readonly payload: Int32Array;
}

/** What an operator asks for. */
export interface OrderRequest {
  /** Method and path of the route, such as `POST /packets`. */
  readonly route: string;
  /** The request's `Idempotency-Key`. It belongs to the route. */
  readonly key: string | undefined;
  /** As the route's schema has read it; JSON of a few KiB at most. */
  readonly body: unknown;
}

/** What a plugin fixes when it accepts an order, so that whoever resumes it does the same: JSON. */
export interface NewOrder {
  readonly fixed?: unknown;
  /** Most packets that are made for it; the ledger refuses more. None if absent. */
  readonly packets?: number;
  /** Users who each get money for it, and how much in fen; the ledger gives no other. Nobody if absent. */
  readonly funds?: { readonly first: number; readonly last: number; readonly amountFen: number };
}

/** An operator's order that is durable, on a host whose ledger lasts. */
export interface PlacedOrder {
  /** Names it in entries: the `order` of a mint, the `tag` of a funding. */
  readonly number: number;
  readonly route: string;
  readonly key: string | undefined;
  readonly body: unknown;
  readonly fixed: unknown;
  /** How far it had come when this process started; undefined if it was placed later. */
  readonly before: OrderState | undefined;
  /** `failed`: the ledger refuses what it wants; the next start tries again. `stopped`: by an operator, for good. */
  readonly state: "running" | "done" | "failed" | "stopped";
  /** What is shown besides, such as how much is done. */
  progress: () => Record<string, unknown>;
  finish(): void;
  /** Logs and counts it. */
  fail(reason: string): void;
}

/** How a request for an order went. */
export interface Placement {
  readonly order: PlacedOrder;
  /** It was placed before: nothing is to be begun. */
  readonly isRepeated: boolean;
}

/** What a shaker who wins no packet is shown: a sponsor's number, and a number that sponsor and app have agreed on. */
export interface Greeting {
  readonly sponsor: number;
  readonly resource: number;
  /** Most of them a second. */
  readonly perS: number;
}

/** Packets that one plugin releases and another gives away. They are in the ledger before they are released. */
export interface PacketSource {
  /** Greetings that it releases too; once there are any, they stay the same. */
  readonly greetings?: readonly Greeting[];
  /**
   * Hands over what is due.
   *
   * @param greet called for every greeting, by index, whose time it is: so many are due, 0 or more. Returns how many are
   * taken; the others are gone, and so is what was taken before once a greeting is no longer offered
   */
  release(
    nowMs: number,
    give: (packetId: number, amountFen: number, sponsor: number) => void,
    greet: (greeting: number, due: number) => number,
  ): void;
  /** The monotonic time at which more may be due; `Infinity` if nothing is to come. */
  nextDueMs(nowMs: number): number;
  /** Whether everything has been handed over, and nothing is to come. */
  readonly isDone: boolean;
  /** Whether a packet that was handed over may still be won. */
  isOpen(packetId: number): boolean;
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
  /** The present wall time in unix ms. It may step: for what was planned in wall time, never for a wait. */
  unixMs(): number;
  /** See `SetContext.eventMs`. */
  eventMs(): number;
  /** False while what looks late by the wall clock has only been skipped by it. */
  mayExpire(): boolean;
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
  /** What is shown under the plugin's name in the admin API's status. */
  status?(): unknown;
  onDrain?(): void;
}

export interface PluginDefinition<Config> {
  readonly name: string;
  /** A strict object with a default for every field; all errors are reported at once, with their paths. */
  readonly config: z.ZodType<Config>;
  /** Names are unique on a host, so begin them with the plugin's. */
  readonly metrics?: Readonly<Record<string, MetricDefinition>>;
  /** It draws or holds packets: if it fails, the host stops awarding, since half a change may stand. */
  readonly holdsMoney?: boolean;
  create(set: SetContext, config: Config): PluginInstance;
  control?(host: HostContext, config: Config): PluginControl;
}

/** Any plugin, whatever its config's type. */
// deno-lint-ignore no-explicit-any
export type AnyPlugin = PluginDefinition<any>;

/** Gives a plugin's definition its types. */
export function definePlugin<Config>(definition: PluginDefinition<Config>): PluginDefinition<Config> {
  return definition;
}
