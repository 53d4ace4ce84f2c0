import { assert } from "../assert.ts";
import type { Counters } from "../counters/counters.ts";
import { record } from "../counters/histogram.ts";
import type { Engine } from "../engine/engine.ts";
import { Numbers } from "../engine/slots.ts";
import { EntryKind, EntryWord, HELD, Verdict } from "../ledger/entry.ts";
import type { LedgerRing } from "../ledger/ledger_ring.ts";
import {
  type AnyPlugin,
  type AwardProposal,
  DEFER,
  DROP,
  type FrameWriter,
  MAX_REPLY_BYTES,
  NO_REPLY,
  type SetContext,
} from "../plugin/plugin.ts";
import type { Random } from "../random/random.ts";
import { closedMetric } from "../server/metrics.ts";
import { CloseCode, closeCodeName, Opcode, Opcode1, PLUGIN_OPCODES } from "../wire/codes.ts";
import { type FrameCursor, WHOLE_FRAME } from "../wire/frame_cursor.ts";
import type { FrameTable } from "../wire/frame_table.ts";
import { Field } from "../wire/version0.ts";
import { fixedBytes1 } from "../wire/version1.ts";
import { SessionField, writePong } from "../wire/version1_session.ts";
import { readU64, TIMESTAMP_AT } from "../wire/version1.ts";
import { AwardDelivery } from "./award_delivery.ts";
import { type Connections, Phase } from "./connections.ts";
import { secondOf } from "./connection_watch.ts";
import { Entries, EntryCall } from "./entries.ts";
import {
  checkLogin,
  isOfVersion,
  type LoginRules,
  userOfLogin,
  versionOfLogin,
  writeLastFrame,
  writeLoginAnswer,
  writeLoginRefusal,
} from "./logins.ts";
import { SetPlugins } from "./set_plugins.ts";
import type { VerdictWatch } from "./verdict_watch.ts";

/** Metrics that a SET counts itself. */
const COUNTED = [
  "connections",
  "users",
  "connectionsOpened",
  "connectionsClosed",
  "logins",
  "framesIn",
  "framesOut",
  "bytesIn",
  "bytesOut",
  "framesRefused",
  "framesDropped",
  "repliesDeferred",
  "verdictsOrphaned",
  "verdictsLate",
  "awardsDelivered",
  "awardsRepeated",
  "pluginFailures",
] as const;

type Handles = Record<typeof COUNTED[number], number>;

/** The loop around the SETs of one worker, as a SET sees it. */
export interface SetHost {
  readonly engine: Engine;
  readonly connections: Connections;
  readonly cursor: FrameCursor;
  /** What the cursor accepts; the plugins add their frames. */
  readonly frames: FrameTable;
  readonly ring: LedgerRing;
  readonly watch: VerdictWatch;
  /** Whether the ledger takes awards now. */
  readonly canAward: boolean;
  readonly counters: Counters;
  readonly plugins: readonly { readonly plugin: AnyPlugin; readonly config: unknown }[];
  /** Readings of the present pass. */
  readonly nowMs: number;
  readonly unixMs: number;
  readonly logins: LoginRules;
  /** The pass's `secondOf`. */
  readonly second: number;
  /** How long what is new of that which is being handled has waited to be read, at most. */
  readonly waitedMs: number;
  /** For how long it was left unread on purpose, 0 if it wasn't; the last of it may be newer. */
  leftMs(isLast: boolean): number;
  /** A SET wants its loop to read so many connections a pass at most. */
  readLess(local: number, perPass: number): boolean;
  /** A plugin wants to be called at this monotonic time. */
  tickBy(monotonicMs: number): void;
  /** Words to a plugin's half on the main thread. */
  postToHost(set: number, plugin: number, words: Int32Array, count: number): boolean;
  /** Words to a plugin's instance in any SET. */
  postToSet(set: number, plugin: number, words: Int32Array, count: number): boolean;
  /** A plugin has thrown; it is disabled in this SET. */
  pluginFailed(set: number, plugin: number, error: unknown): void;
}

/** Where a SET stands. */
export interface SetPlace {
  /** Its number on the host, and how many SETs there are. */
  readonly index: number;
  readonly setCount: number;
  /** Its number within its worker. */
  readonly local: number;
  /** Most connections. */
  readonly seats: number;
}

/**
 * A SET: a partition of connections that owns all it touches. It cuts what its users send into frames, asks the plugins
 * whether a frame may cost anything, lets its handler write the reply, and does what the handler intends. Nothing else
 * sends or closes. A frame allocates nothing and waits for nothing.
 */
export class AccessSet {
  /** Number on the host, and within the worker. */
  readonly index: number;
  readonly #local: number;
  readonly #host: SetHost;
  readonly #engine: Engine;
  readonly #connections: Connections;
  readonly #counters: Float64Array;
  readonly #seats: Numbers;
  readonly #plugins: SetPlugins;
  readonly #entries: Entries;
  readonly #delivery: AwardDelivery;
  /** The plugin that says pending awards again, -1 if none does. */
  readonly #pendingPlugin: number;
  readonly #call = new EntryCall();
  readonly #m: Handles;
  readonly #histograms: Uint32Array[] = [];
  #retryAfterMs = 0;

  constructor(host: SetHost, place: SetPlace, random: Random) {
    this.index = place.index;
    this.#local = place.local;
    this.#seats = new Numbers(place.seats);
    this.#host = host;
    this.#engine = host.engine;
    this.#connections = host.connections;
    this.#counters = host.counters.block(place.index);
    const { layout } = host.counters;
    this.#m = Object.fromEntries(COUNTED.map((name) => [name, layout.handle(name)])) as Handles;
    this.#entries = new Entries(host.engine, host.ring, host.watch, place.local);
    this.#plugins = new SetPlugins({
      plugins: host.plugins,
      frames: host.frames,
      create: (i, tickAt) => {
        const { plugin, config } = host.plugins[i];
        return plugin.create(this.#contextFor(i, place.setCount, random.fork(), tickAt), config);
      },
      failed: (plugin, error) => {
        this.#counters[this.#m.pluginFailures]++;
        host.pluginFailed(this.index, plugin, error);
      },
    });
    this.#pendingPlugin = this.#plugins.indexOf("onPendingAward");
    this.#delivery = new AwardDelivery({
      engine: host.engine,
      connections: host.connections,
      ring: host.ring,
      entries: this.#entries,
      plugin: this.#pendingPlugin,
      canAward: () => host.canAward,
      delivered: () => void this.#counters[this.#m.awardsDelivered]++,
    });
  }

  /** Open connections of this SET. */
  get size(): number {
    return this.#counters[this.#m.connections];
  }

  onAccept(connection: number): void {
    const seat = this.#seats.take();
    assert(seat >= 0, "a connection goes to a SET that has a seat");
    this.#connections.reset(connection, this.#local, seat, secondOf(this.#host.nowMs));
    this.#counters[this.#m.connections]++;
    this.#counters[this.#m.connectionsOpened]++;
    this.#plugins.each("onOpen", (instance) => instance.onOpen!(connection));
  }

  onBytes(connection: number, start: number, end: number): void {
    const { cursor, engine } = this.#host;
    this.#counters[this.#m.bytesIn] += end - start;
    cursor.load(connection, engine.input.bytes, engine.input.view, start, end);
    for (;;) {
      const step = cursor.next();
      if (step !== WHOLE_FRAME) {
        if (step < 0) this.closeFor(connection, -step);
        else if (cursor.isPartial(connection)) this.#noteHalf(connection);
        return;
      }
      this.#connections.heardAtS[connection] = this.#host.second;
      if (this.#connections.partialAtS[connection] !== 0) this.#connections.partialAtS[connection] = 0;
      this.#counters[this.#m.framesIn]++;
      const code = this.#connections.phase[connection] === Phase.loggedIn
        ? this.#handle(connection, cursor.opcode, cursor.view, cursor.at)
        : this.#login(connection, cursor.opcode, cursor.view, cursor.at);
      if (code !== 0) return this.closeFor(connection, code);
    }
  }

  onEnd(connection: number): void {
    this.#connections.hasEnded[connection] = 1;
    if (this.#connections.deferred[connection] === 0) this.#engine.close(connection);
  }

  onClose(connection: number): void {
    const wasLoggedIn = this.#connections.hasLoggedIn[connection] === 1;
    this.#host.cursor.forget(connection);
    this.#delivery.forget(connection);
    this.#connections.phase[connection] = Phase.free;
    this.#counters[this.#m.connections]--;
    this.#counters[this.#m.connectionsClosed]++;
    if (wasLoggedIn) this.#counters[this.#m.users]--;
    this.#plugins.each("onClose", (instance) => instance.onClose!(connection));
    this.#seats.giveBack(this.#connections.seat[connection]);
  }

  /**
   * The ledger has judged an entry of this SET; see {@linkcode PluginInstance.onVerdict}.
   *
   * @param wasLate whoever waited has been answered already
   */
  onVerdict(words: Int32Array, at: number, wasLate: boolean): void {
    const connection = this.#waitingFor(words, at);
    const call = this.#call;
    if (call.kind === EntryKind.pendingOf) {
      if (connection >= 0) this.#repeatAward(connection);
      return;
    }
    const plugin = words[at + EntryWord.plugin];
    if (words[at + EntryWord.connection] < 0) return this.#answerVerdict(plugin, -1);
    if (connection < 0 || wasLate) {
      this.#counters[this.#m.verdictsOrphaned]++;
      this.#answerVerdict(plugin, -1);
      return;
    }
    this.#connections.deferred[connection]--;
    this.#answerVerdict(plugin, connection);
    this.#closeIfDone(connection);
  }

  /** The verdict on an award of this SET takes too long: whoever waits is answered without. */
  onLateVerdict(words: Int32Array, at: number): void {
    const connection = this.#waitingFor(words, at);
    this.#call.verdict = Verdict.inDoubt;
    if (words[at + EntryWord.connection] < 0) return this.#answerVerdict(words[at + EntryWord.plugin], -1);
    if (connection < 0) return;
    this.#counters[this.#m.verdictsLate]++;
    this.#connections.deferred[connection]--;
    this.#answerVerdict(words[at + EntryWord.plugin], connection);
    this.#closeIfDone(connection);
  }

  /** Words from a plugin's half on the main thread. */
  onMessage(plugin: number, words: Int32Array, at: number, count: number): void {
    this.#plugins.call(plugin, (instance) => instance.onMessage?.(words, at, count, this.#host.nowMs));
  }

  /** Words from a plugin's instance in another SET. */
  onSetMessage(plugin: number, words: Int32Array, at: number, count: number): void {
    this.#plugins.call(
      plugin,
      (instance) => instance.onSetMessage?.(words, at, count, this.#host.nowMs),
    );
  }

  /** Calls what is due; returns the monotonic time of the next call. */
  tick(nowMs: number): number {
    return Math.min(this.#delivery.retry(nowMs), this.#plugins.tick(nowMs));
  }

  drain(nowMs: number): void {
    this.#plugins.each("onDrain", (instance) => instance.onDrain!(nowMs));
  }

  /** Ends a connection for a reason, which is counted. */
  closeFor(connection: number, code: number): void {
    this.#sayWhy(connection, code);
    this.#connections.phase[connection] = Phase.closing;
    const name = code >= 300 ? "plugin" : closeCodeName(code);
    this.#counters[this.#host.counters.layout.handle(closedMetric(name))]++;
    this.#engine.close(connection);
  }

  /** Tells a version 1 peer why its connection ends; a slow reader has no room for it. */
  #sayWhy(connection: number, code: number): void {
    if (this.#connections.version[connection] === 0 || code === CloseCode.slowReader) return;
    const at = this.#engine.reserve(connection, fixedBytes1(Opcode1.close));
    if (at < 0) return;
    this.#sent(connection, writeLastFrame(this.#engine.output.view, at, this.#host.unixMs, code));
  }

  /** The first frame. Returns 0 or a close code. */
  #login(connection: number, opcode: number, view: DataView, at: number): number {
    const { unixMs, logins } = this.#host;
    const version = versionOfLogin(opcode);
    if (this.#connections.phase[connection] !== Phase.open || version < 0) return CloseCode.loginExpected;
    this.#connections.version[connection] = version;
    const code = checkLogin(logins, version, view, at, unixMs);
    if (code !== 0) return code;
    const user = userOfLogin(version, view, at);
    const replyAt = this.#engine.reserve(connection, MAX_REPLY_BYTES);
    if (replyAt < 0) return CloseCode.slowReader;
    const { view: reply } = this.#engine.output;
    if (!this.#plugins.admitsLogin(connection, user, this.#host.nowMs)) {
      if (version === 0) this.#sent(connection, writeLoginRefusal(reply, replyAt, unixMs, user));
      return CloseCode.tooManyLogins;
    }
    this.#sent(connection, writeLoginAnswer(version, reply, replyAt, unixMs, user));
    this.#connections.user[connection] = user;
    this.#connections.phase[connection] = Phase.loggedIn;
    this.#connections.hasLoggedIn[connection] = 1;
    this.#counters[this.#m.logins]++;
    this.#counters[this.#m.users]++;
    this.#plugins.each("onLogin", (instance) => instance.onLogin!(connection, user));
    this.#askPending(connection, 0);
    return 0;
  }

  /** A frame of a user who is logged in. Returns 0 or a close code. */
  #handle(connection: number, opcode: number, request: DataView, at: number): number {
    if (versionOfLogin(opcode) >= 0) return CloseCode.secondLogin;
    const user = this.#connections.user[connection];
    const version = this.#connections.version[connection];
    if (!isOfVersion(version, opcode)) return CloseCode.unknownOpcode;
    if (version !== 0) {
      if (opcode === Opcode1.ping) return this.#pong(connection, request, at);
      if (opcode === Opcode1.delivered) return this.#delivered(connection, user, request, at);
    } else if (opcode < PLUGIN_OPCODES.from) {
      const named = request.getUint32(at + Field.userId);
      // The prototype's client leaves the user of a claim 0; the user is always the login's.
      if (named !== user && !(named === 0 && opcode === Opcode.claimRequest)) return CloseCode.wrongUser;
    }
    if (this.#connections.hasUndelivered[connection] === 1) {
      this.#delivery.received(connection, user, this.#host.nowMs);
    }
    const { nowMs } = this.#host;
    let handler = this.#plugins.handlerOf(opcode);
    const { waitedMs } = this.#host;
    const leftMs = this.#host.leftMs(this.#host.cursor.isLast);
    const admission = this.#plugins.admits(connection, opcode, nowMs, waitedMs, leftMs);
    if (admission !== true) {
      if (admission === DROP) {
        this.#counters[this.#m.framesDropped]++;
        return 0;
      }
      this.#counters[this.#m.framesRefused]++;
      handler = this.#plugins.refusalOf(opcode);
    }
    if (handler === undefined) return 0; // its plugin was disabled, or refuses without words
    const replyAt = this.#engine.reserve(connection, MAX_REPLY_BYTES);
    if (replyAt < 0) return CloseCode.slowReader;
    const { view } = this.#engine.output;
    const intent = this.#plugins.answer(handler, connection, opcode, request, at, view, replyAt, nowMs);
    return this.#act(connection, intent ?? NO_REPLY);
  }

  #pong(connection: number, ping: DataView, at: number): number {
    const replyAt = this.#engine.reserve(connection, MAX_REPLY_BYTES);
    if (replyAt < 0) return CloseCode.slowReader;
    const { view } = this.#engine.output;
    this.#sent(connection, writePong(view, replyAt, this.#host.unixMs, readU64(ping, at + TIMESTAMP_AT)));
    return 0;
  }

  #delivered(connection: number, user: number, frame: DataView, at: number): number {
    const packetId = frame.getUint32(at + SessionField.deliveredPacketId);
    this.#delivery.confirmed(connection, user, packetId, this.#host.nowMs);
    return 0;
  }

  /** A connection is in the middle of a frame: since when, is known from its first byte on. */
  #noteHalf(connection: number): void {
    const { partialAtS } = this.#connections;
    if (partialAtS[connection] === 0) partialAtS[connection] = this.#host.second;
  }

  /** Does what a handler intends. Returns 0 or a close code. */
  #act(connection: number, intent: number): number {
    if (intent > 0) this.#sent(connection, intent);
    else if (intent === DEFER) {
      this.#connections.deferred[connection]++;
      this.#counters[this.#m.repliesDeferred]++;
    } else if (intent < DEFER) return -intent;
    return 0;
  }

  #sent(connection: number, bytes: number): void {
    assert(bytes <= MAX_REPLY_BYTES, "a reply fits MAX_REPLY_BYTES");
    this.#engine.commit(connection, bytes);
    this.#counters[this.#m.framesOut]++;
    this.#counters[this.#m.bytesOut] += bytes;
  }

  #answerVerdict(plugin: number, connection: number): void {
    const replyAt = connection < 0 ? -1 : this.#engine.reserve(connection, MAX_REPLY_BYTES);
    const target = replyAt < 0 ? -1 : connection;
    const intent = this.#plugins.call(
      plugin,
      (instance) =>
        instance.onVerdict?.(this.#call, target, this.#engine.output.view, replyAt, this.#host.nowMs),
    ) ?? NO_REPLY;
    if (connection < 0) return;
    if (replyAt < 0) return this.closeFor(connection, CloseCode.slowReader);
    const { kind, verdict, packetId } = this.#call;
    const isWon = kind === EntryKind.award && (verdict === Verdict.done || verdict === Verdict.doneBefore);
    if (intent > 0 && isWon) this.#delivery.sent(connection, packetId, this.#host.nowMs);
    const code = this.#act(connection, intent);
    if (code !== 0) this.closeFor(connection, code);
  }

  /** Reads an entry into `#call`; returns the connection that it belongs to, -1 if that is gone. */
  #waitingFor(words: Int32Array, at: number): number {
    this.#call.read(words, at);
    const connection = words[at + EntryWord.connection];
    const isSame = this.#engine.generation[connection] === words[at + EntryWord.generation];
    return isSame && this.#connections.phase[connection] === Phase.loggedIn ? connection : -1;
  }

  #closeIfDone(connection: number): void {
    if (this.#connections.hasEnded[connection] === 1 && this.#connections.deferred[connection] === 0) {
      this.#engine.close(connection);
    }
  }

  /** Asks the ledger for the user's next pending award. */
  #askPending(connection: number, after: number): void {
    this.#host.tickBy(this.#delivery.ask(connection, after, this.#host.nowMs));
  }

  /** The ledger has named an award that may not have reached its user. */
  #repeatAward(connection: number): void {
    const { packetId } = this.#call;
    if (packetId === 0) return; // that was all
    const replyAt = this.#engine.reserve(connection, MAX_REPLY_BYTES);
    if (replyAt < 0) return this.closeFor(connection, CloseCode.slowReader);
    const intent = this.#plugins.call(
      this.#pendingPlugin,
      (instance) =>
        instance.onPendingAward?.(
          this.#call,
          connection,
          this.#engine.output.view,
          replyAt,
          this.#host.nowMs,
        ),
    ) ?? NO_REPLY;
    if (intent > 0) {
      this.#counters[this.#m.awardsRepeated]++;
      this.#delivery.sent(connection, packetId, this.#host.nowMs);
      if (this.#call.count === HELD) this.#delivery.openFor(connection, packetId, this.#host.nowMs);
    }
    const code = this.#act(connection, intent);
    if (code !== 0) return this.closeFor(connection, code);
    this.#askPending(connection, packetId);
  }

  #contextFor(
    plugin: number,
    setCount: number,
    random: Random,
    tickAt: (monotonicMs: number) => void,
  ): SetContext {
    // deno-lint-ignore no-this-alias
    const set = this;
    const host = this.#host;
    return {
      index: set.index,
      setCount,
      random,
      get unixSeconds() {
        return Math.floor(host.unixMs / 1000);
      },
      get unixMs() {
        return host.unixMs;
      },
      get users() {
        return set.#counters[set.#m.users];
      },
      seats: set.#seats.capacity,
      userOf: (connection) => host.connections.user[connection],
      versionOf: (connection) => host.connections.version[connection],
      seatOf: (connection) => host.connections.seat[connection],
      metric: (name) => host.counters.layout.handle(name),
      count: (metric, by = 1) => {
        set.#counters[metric] += by;
      },
      canPropose: () => host.canAward && host.ring.hasRoom,
      proposeAward: (award) => set.#propose(plugin, award),
      canProposeAll: (places) => host.canAward && host.ring.open + places <= host.ring.capacity,
      propose: (entry, body) => {
        if (body !== undefined) set.#entries.addParts(body, host.nowMs);
        set.#entries.addProposal(plugin, entry, host.nowMs);
      },
      generationOf: (connection) => host.engine.generation[connection],
      push: (connection, generation, write) => set.#push(connection, generation, false, write),
      awaitReceipt: (connection, packetId) => set.#delivery.sent(connection, packetId, host.nowMs),
      answer: (connection, generation, write) => set.#push(connection, generation, true, write),
      postToSet: (to, words, count) => host.postToSet(to, plugin, words, count),
      tickAt: (monotonicMs) => {
        tickAt(monotonicMs);
        host.tickBy(monotonicMs);
      },
      post: (words, count) => host.postToHost(set.index, plugin, words, count),
      record: (metric, value) => record(set.#histogram(metric), value),
      get retryAfterMs() {
        return set.#retryAfterMs;
      },
      set retryAfterMs(ms) {
        set.#retryAfterMs = ms;
      },
      readLess: (perPass) => host.readLess(set.#local, perPass),
      get leftUnread() {
        return host.engine.stats.leftUnread;
      },
      rest: (connection) => host.engine.reads?.rest(connection),
    };
  }

  /** Sends a frame that isn't the reply to the frame at hand. False if its connection is gone. */
  #push(connection: number, generation: number, isAnswer: boolean, write: FrameWriter): boolean {
    const isThere = this.#engine.generation[connection] === generation &&
      this.#connections.phase[connection] === Phase.loggedIn;
    if (!isThere) return false;
    if (isAnswer) this.#connections.deferred[connection]--;
    const at = this.#engine.reserve(connection, MAX_REPLY_BYTES);
    if (at < 0) {
      this.closeFor(connection, CloseCode.slowReader);
      return false;
    }
    const bytes = write(this.#engine.output.view, at);
    if (bytes > 0) this.#sent(connection, bytes);
    if (isAnswer) this.#closeIfDone(connection);
    return true;
  }

  #histogram(metric: number): Uint32Array {
    return this.#histograms[metric] ??= this.#host.counters.histogram(this.index, metric);
  }

  #propose(plugin: number, award: Readonly<AwardProposal>): void {
    const { connection, user, packetId, amountFen, sponsor, tag = 0, isHeld = false } = award;
    const { nowMs, ring } = this.#host;
    const kind = EntryKind.award;
    const at = this.#entries.add(kind, plugin, connection, user, packetId, nowMs, amountFen, sponsor, tag);
    if (isHeld) ring.words[at + EntryWord.count] = HELD;
  }
}
