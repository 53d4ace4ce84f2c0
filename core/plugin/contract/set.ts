import type { Random } from "../../base/random.ts";
import type { AwardProposal, EntryProposal, VerdictCall } from "./entries.ts";
import type { Admission, FrameRule, FrameWriter } from "./frames.ts";

/** One instance of a plugin: it belongs to one SET and shares nothing. Every part is optional. */
export interface PluginInstance {
  /** By opcode. An opcode that two plugins claim is an error at boot. */
  readonly frames?: Readonly<Record<number, FrameRule>>;
  /**
   * Whether this frame may cost anything; a few integer operations. What the first plugin says that doesn't admit it,
   * counts.
   *
   * @param waitedMs how long it has waited to be read, at most
   * @param leftMs how long it was left unread on purpose, 0 if it wasn't
   */
  admit?(connection: number, opcode: number, nowMs: number, waitedMs: number, leftMs: number): Admission;
  /**
   * The same of a login, before the user is known to the others: 0, or the `CloseCode` for which it is refused. Version 0
   * is told to come again later.
   */
  admitLogin?(connection: number, user: number, nowMs: number): number;
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
   * The connection's user has just logged in, and has an award that may never have reached them: says it again, as a
   * handler replies. Called for each such award; the first plugin that has this is asked.
   */
  onPendingAward?(
    call: VerdictCall,
    connection: number,
    reply: DataView,
    replyAt: number,
    nowMs: number,
  ): number;
  /**
   * While it has asked for that by `followAnswers`: a frame of a logged-in user has just been answered, or its answer was
   * deferred. Writes what is to go with the answer and returns its size, 0 for nothing.
   */
  onAnswer?(connection: number, reply: DataView, replyAt: number, nowMs: number): number;
  /** Words from the plugin's half on the main thread; valid until the call returns. */
  onMessage?(words: Int32Array, at: number, count: number, nowMs: number): void;
  /** Words from another SET's instance, or from this one; valid until the call returns. */
  onSetMessage?(words: Int32Array, at: number, count: number, nowMs: number): void;
  /** The host is about to stop: draw nothing new, give back what is unused. */
  onDrain?(nowMs: number): void;
}

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
  /**
   * Whether the ledger takes awards now and its ring has a place. Ask before drawing a packet.
   *
   * @param connection who is to win it: not before the ledger knows what they have won elsewhere
   */
  canPropose(connection?: number): boolean;
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
  /** Ends a connection of this SET for a reason, which is counted, unless it is gone or somebody else's by now. */
  close(connection: number, generation: number, code: number): void;
  /**
   * A frame that tells the connection's user of their share of a packet was just sent. Once it has arrived, as far as
   * one can know, the ledger's `pendingShare` doesn't tell of it any more.
   */
  awaitReceipt(connection: number, packetId: number): void;
  /** Whether this plugin's `onAnswer` is called. Nobody pays for it while no plugin asks. */
  followAnswers(isFollowing: boolean): void;
  /** Words to this plugin's instance in a SET of the host. False if the mailbox is full: try again at a later tick. */
  postToSet(set: number, words: Int32Array, count: number): boolean;
  /** Asks for `onTick` at this monotonic time or soon after. */
  tickAt(monotonicMs: number): void;
  /** Words to the plugin's half on the main thread. False if the mailbox is full: try again at a later tick. */
  post(words: Int32Array, count: number): boolean;
  /** Counts a value in a histogram of this plugin. */
  record(metric: number, value: number): void;
  /**
   * Most connections that this SET's loop reads in a pass; the rest waits in the kernel. `Infinity`: all are read.
   *
   * @returns false where the engine reads all that comes
   */
  readLess(perPass: number): boolean;
  /** How often this SET's loop left a connection with news unread, ever. */
  readonly leftUnread: number;
  /**
   * Leaves a connection unread for a moment, whatever it sends, where the engine can.
   *
   * @returns false if it rests already
   */
  rest(connection: number): boolean;
}
