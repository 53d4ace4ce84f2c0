import { assert, AssertionFailed } from "../assert.ts";
import { UserError } from "../cli/user_error.ts";
import type { Counters } from "../counters/counters.ts";
import type { Engine } from "../engine/engine.ts";
import { Slots } from "../engine/slots.ts";
import {
  ENTRY_WORDS,
  entryAmountFen,
  EntryKind,
  EntryWord,
  setEntryAmountFen,
  Verdict,
} from "../ledger/entry.ts";
import type { LedgerRing } from "../ledger/ledger_ring.ts";
import {
  type AnyPlugin,
  type AwardProposal,
  DEFER,
  type FrameHandler,
  MAX_REPLY_BYTES,
  NO_REPLY,
  type PluginInstance,
  type SetContext,
} from "../plugin/plugin.ts";
import type { Random } from "../random/random.ts";
import { closedMetric } from "../server/metrics.ts";
import { CloseCode, closeCodeName, FIRST_VERSION_1_OPCODE, LoginResult, Opcode } from "../wire/codes.ts";
import { type FrameCursor, WHOLE_FRAME } from "../wire/frame_cursor.ts";
import { type FrameTable, MAX_OPCODE } from "../wire/frame_table.ts";
import { Field, writeLoginResponse } from "../wire/version0.ts";
import { type Connections, Phase } from "./connections.ts";
import { Deliveries } from "./deliveries.ts";
import { PendingAsks } from "./pending_asks.ts";
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
  "repliesDeferred",
  "verdictsOrphaned",
  "verdictsLate",
  "awardsDelivered",
  "awardsRepeated",
  "pluginFailures",
] as const;

/** How soon to ask the ledger again for what is pending. */
const ASK_AGAIN_MS = 50;

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
  readonly unixSeconds: number;
  /** A plugin wants to be called at this monotonic time. */
  tickBy(monotonicMs: number): void;
  /** Words to a plugin's half on the main thread. */
  postToHost(set: number, plugin: number, words: Int32Array, count: number): boolean;
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
  readonly #seats: Slots;
  readonly #instances: (PluginInstance | null)[];
  readonly #handlers: (FrameHandler | undefined)[] = new Array(MAX_OPCODE).fill(undefined);
  readonly #refusals: (FrameHandler | undefined)[] = new Array(MAX_OPCODE).fill(undefined);
  readonly #pluginOfOpcode = new Int8Array(MAX_OPCODE).fill(-1);
  #admitting: { readonly plugin: number; readonly instance: PluginInstance }[] = [];
  readonly #nextTickMs: Float64Array;
  readonly #deliveries = new Deliveries();
  readonly #asks = new PendingAsks();
  /** The plugin that says pending awards again, -1 if none does. */
  readonly #pendingPlugin: number;
  /** The plugin that runs now, for blame. */
  #running = -1;
  readonly #call = {
    kind: 0,
    verdict: 0,
    detail: 0,
    user: 0,
    packetId: 0,
    amountFen: 0,
    sponsor: 0,
  };

  readonly #m: Handles;

  constructor(host: SetHost, place: SetPlace, random: Random) {
    this.index = place.index;
    this.#local = place.local;
    this.#seats = new Slots(place.seats);
    this.#host = host;
    this.#engine = host.engine;
    this.#connections = host.connections;
    this.#counters = host.counters.block(place.index);
    const { layout } = host.counters;
    this.#m = Object.fromEntries(COUNTED.map((name) => [name, layout.handle(name)])) as Handles;
    this.#nextTickMs = new Float64Array(host.plugins.length).fill(Infinity);
    this.#instances = host.plugins.map(({ plugin, config }, i) => {
      const instance = plugin.create(this.#contextFor(i, place.setCount, random.fork()), config);
      if (instance.onTick !== undefined) this.#nextTickMs[i] = 0;
      return instance;
    });
    this.#instances.forEach((instance, i) => this.#bind(instance!, i));
    this.#pendingPlugin = this.#instances.findIndex((instance) => instance!.onPendingAward !== undefined);
  }

  /** Open connections of this SET. */
  get size(): number {
    return this.#counters[this.#m.connections];
  }

  onAccept(connection: number): void {
    const seat = this.#seats.take();
    assert(seat >= 0, "a connection goes to a SET that has a seat");
    this.#connections.reset(connection, this.#local, seat);
    this.#counters[this.#m.connections]++;
    this.#counters[this.#m.connectionsOpened]++;
    this.#each("onOpen", (instance) => instance.onOpen!(connection));
  }

  onBytes(connection: number, start: number, end: number): void {
    const { cursor, engine } = this.#host;
    this.#counters[this.#m.bytesIn] += end - start;
    cursor.load(connection, engine.input.bytes, engine.input.view, start, end);
    for (;;) {
      const step = cursor.next();
      if (step !== WHOLE_FRAME) {
        if (step < 0) this.#closeFor(connection, -step);
        return;
      }
      this.#counters[this.#m.framesIn]++;
      const code = this.#connections.phase[connection] === Phase.loggedIn
        ? this.#handle(connection, cursor.opcode, cursor.view, cursor.at)
        : this.#login(connection, cursor.opcode, cursor.view, cursor.at);
      if (code !== 0) return this.#closeFor(connection, code);
    }
  }

  onEnd(connection: number): void {
    this.#connections.hasEnded[connection] = 1;
    if (this.#connections.deferred[connection] === 0) this.#engine.close(connection);
  }

  onClose(connection: number): void {
    const wasLoggedIn = this.#connections.hasLoggedIn[connection] === 1;
    this.#host.cursor.forget(connection);
    if (this.#connections.hasUndelivered[connection] === 1) this.#deliveries.forget(connection);
    this.#connections.phase[connection] = Phase.free;
    this.#counters[this.#m.connections]--;
    this.#counters[this.#m.connectionsClosed]++;
    if (wasLoggedIn) this.#counters[this.#m.users]--;
    this.#each("onClose", (instance) => instance.onClose!(connection));
    this.#seats.release(this.#connections.seat[connection]);
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
    if (connection < 0) return;
    this.#call.verdict = Verdict.inDoubt;
    this.#counters[this.#m.verdictsLate]++;
    this.#connections.deferred[connection]--;
    this.#answerVerdict(words[at + EntryWord.plugin], connection);
    this.#closeIfDone(connection);
  }

  /** Words from a plugin's half on the main thread. */
  onMessage(plugin: number, words: Int32Array, at: number, count: number): void {
    this.#try(plugin, (instance) => instance.onMessage?.(words, at, count, this.#host.nowMs));
  }

  /** Calls what is due; returns the monotonic time of the next call. */
  tick(nowMs: number): number {
    if (this.#asks.size > 0) this.#asks.retry(this.#ask);
    let next = this.#asks.size > 0 ? nowMs + ASK_AGAIN_MS : Infinity;
    for (let i = 0; i < this.#instances.length; i++) {
      if (this.#nextTickMs[i] <= nowMs) {
        this.#nextTickMs[i] = Infinity;
        const asked = this.#try(i, (instance) => instance.onTick!(nowMs)) ?? Infinity;
        // A tick may ask for itself by `tickAt` too.
        this.#nextTickMs[i] = Math.min(this.#nextTickMs[i], asked);
      }
      next = Math.min(next, this.#nextTickMs[i]);
    }
    return next;
  }

  drain(nowMs: number): void {
    this.#each("onDrain", (instance) => instance.onDrain!(nowMs));
  }

  /** Ends a connection for a reason, which is counted. */
  #closeFor(connection: number, code: number): void {
    this.#connections.phase[connection] = Phase.closing;
    const name = code >= 300 ? "plugin" : closeCodeName(code);
    this.#counters[this.#host.counters.layout.handle(closedMetric(name))]++;
    this.#engine.close(connection);
  }

  /** The first frame. Returns 0 or a close code. */
  #login(connection: number, opcode: number, view: DataView, at: number): number {
    if (this.#connections.phase[connection] !== Phase.open || opcode !== Opcode.loginRequest) {
      return CloseCode.loginExpected;
    }
    const user = view.getUint32(at + Field.userId);
    const replyAt = this.#engine.reserve(connection, MAX_REPLY_BYTES);
    if (replyAt < 0) return CloseCode.slowReader;
    const { view: reply } = this.#engine.output;
    this.#sent(connection, writeLoginResponse(reply, replyAt, this.#host.unixSeconds, user, LoginResult.ok));
    this.#connections.user[connection] = user;
    this.#connections.phase[connection] = Phase.loggedIn;
    this.#connections.hasLoggedIn[connection] = 1;
    this.#counters[this.#m.logins]++;
    this.#counters[this.#m.users]++;
    this.#each("onLogin", (instance) => instance.onLogin!(connection, user));
    this.#askPending(connection, 0);
    return 0;
  }

  /** A frame of a user who is logged in. Returns 0 or a close code. */
  #handle(connection: number, opcode: number, request: DataView, at: number): number {
    if (opcode === Opcode.loginRequest) return CloseCode.secondLogin;
    const user = this.#connections.user[connection];
    if (opcode < FIRST_VERSION_1_OPCODE) {
      const named = request.getUint32(at + Field.userId);
      // The prototype's client leaves the user of a claim 0; the user is always the login's.
      if (named !== user && !(named === 0 && opcode === Opcode.claimRequest)) return CloseCode.wrongUser;
    }
    if (this.#connections.hasUndelivered[connection] === 1) this.#noteDelivered(connection, user);
    let handler = this.#handlers[opcode];
    if (!this.#admits(connection, opcode)) {
      this.#counters[this.#m.framesRefused]++;
      handler = this.#refusals[opcode];
    }
    if (handler === undefined) return 0; // its plugin was disabled, or refuses without words
    const replyAt = this.#engine.reserve(connection, MAX_REPLY_BYTES);
    if (replyAt < 0) return CloseCode.slowReader;
    return this.#act(connection, this.#reply(handler, connection, opcode, request, at, replyAt));
  }

  #admits(connection: number, opcode: number): boolean {
    const { nowMs } = this.#host;
    for (let i = 0; i < this.#admitting.length; i++) {
      const { plugin, instance } = this.#admitting[i];
      try {
        if (!instance.admit!(connection, opcode, nowMs)) return false;
      } catch (error) {
        this.#fail(plugin, error);
      }
    }
    return true;
  }

  #reply(
    handler: FrameHandler,
    connection: number,
    opcode: number,
    request: DataView,
    at: number,
    replyAt: number,
  ): number {
    try {
      this.#running = this.#pluginOfOpcode[opcode];
      return handler(connection, request, at, this.#engine.output.view, replyAt, this.#host.nowMs);
    } catch (error) {
      this.#fail(this.#running, error);
      return NO_REPLY;
    }
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
    const intent = this.#try(
      plugin,
      (instance) =>
        instance.onVerdict?.(this.#call, target, this.#engine.output.view, replyAt, this.#host.nowMs),
    ) ?? NO_REPLY;
    if (connection < 0) return;
    if (replyAt < 0) return this.#closeFor(connection, CloseCode.slowReader);
    if (intent > 0) this.#noteSent(connection);
    const code = this.#act(connection, intent);
    if (code !== 0) this.#closeFor(connection, code);
  }

  /** Reads an entry into `#call`; returns the connection that it belongs to, -1 if that is gone. */
  #waitingFor(words: Int32Array, at: number): number {
    const call = this.#call;
    call.kind = words[at + EntryWord.kind];
    call.verdict = words[at + EntryWord.verdict];
    call.detail = words[at + EntryWord.detail];
    call.user = words[at + EntryWord.user] >>> 0;
    call.packetId = words[at + EntryWord.packetId] >>> 0;
    call.amountFen = entryAmountFen(words, at);
    call.sponsor = words[at + EntryWord.sponsor];
    const connection = words[at + EntryWord.connection];
    const isSame = this.#engine.generation[connection] === words[at + EntryWord.generation];
    return isSame && this.#connections.phase[connection] === Phase.loggedIn ? connection : -1;
  }

  #closeIfDone(connection: number): void {
    if (this.#connections.hasEnded[connection] === 1 && this.#connections.deferred[connection] === 0) {
      this.#engine.close(connection);
    }
  }

  /** A reply that carries an award is on its way. */
  #noteSent(connection: number): void {
    const { verdict, packetId } = this.#call;
    if (verdict !== Verdict.done && verdict !== Verdict.doneBefore) return;
    this.#deliveries.add(connection, packetId, this.#host.nowMs);
    this.#connections.hasUndelivered[connection] = 1;
  }

  /** A frame shows that what was sent to its connection a while ago has arrived, once nothing waits in its queue. */
  #noteDelivered(connection: number, user: number): void {
    if (this.#engine.queuedBytes(connection) > 0) return;
    const { ring, nowMs } = this.#host;
    // Marks never take the places that winners need.
    while (ring.open < ring.capacity / 2) {
      const packetId = this.#deliveries.takeDelivered(connection, nowMs);
      if (packetId === 0) break;
      this.#counters[this.#m.awardsDelivered]++;
      this.#enter(EntryKind.delivered, -1, connection, user, packetId);
    }
    if (!this.#deliveries.has(connection)) this.#connections.hasUndelivered[connection] = 0;
  }

  /** Asks the ledger for the user's next pending award; soon, if it isn't possible now. */
  #askPending(connection: number, after: number): void {
    if (this.#pendingPlugin < 0) return;
    const generation = this.#engine.generation[connection];
    if (this.#asks.size === 0 && this.#ask(connection, generation, after)) return;
    this.#asks.add(connection, generation, after);
    this.#host.tickBy(this.#host.nowMs + ASK_AGAIN_MS);
  }

  readonly #ask = (connection: number, generation: number, after: number): boolean => {
    if (this.#engine.generation[connection] !== generation) return true; // gone
    if (!this.#host.canAward || !this.#host.ring.hasRoom) return false;
    this.#enter(
      EntryKind.pendingOf,
      this.#pendingPlugin,
      connection,
      this.#connections.user[connection],
      after,
    );
    return true;
  };

  /** The ledger has named an award that may not have reached its user. */
  #repeatAward(connection: number): void {
    const { packetId } = this.#call;
    if (packetId === 0) return; // that was all
    const replyAt = this.#engine.reserve(connection, MAX_REPLY_BYTES);
    if (replyAt < 0) return this.#closeFor(connection, CloseCode.slowReader);
    const intent = this.#try(
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
      this.#noteSent(connection);
    }
    const code = this.#act(connection, intent);
    if (code !== 0) return this.#closeFor(connection, code);
    this.#askPending(connection, packetId);
  }

  /** Writes the next entry of the ring. Returns where its words begin. */
  #enter(kind: number, plugin: number, connection: number, user: number, packetId: number): number {
    const { ring, watch, nowMs } = this.#host;
    const at = ring.next();
    const { words } = ring;
    words.fill(0, at, at + ENTRY_WORDS);
    words[at + EntryWord.kind] = kind;
    words[at + EntryWord.plugin] = plugin;
    words[at + EntryWord.set] = this.#local;
    words[at + EntryWord.connection] = connection;
    words[at + EntryWord.generation] = this.#engine.generation[connection];
    words[at + EntryWord.user] = user;
    words[at + EntryWord.packetId] = packetId;
    watch.proposed(at, nowMs);
    return at;
  }

  #contextFor(plugin: number, setCount: number, random: Random): SetContext {
    // deno-lint-ignore no-this-alias
    const set = this;
    const host = this.#host;
    return {
      index: set.index,
      setCount,
      random,
      get unixSeconds() {
        return host.unixSeconds;
      },
      get users() {
        return set.#counters[set.#m.users];
      },
      seats: set.#seats.capacity,
      userOf: (connection) => host.connections.user[connection],
      seatOf: (connection) => host.connections.seat[connection],
      metric: (name) => host.counters.layout.handle(name),
      count: (metric, by = 1) => {
        set.#counters[metric] += by;
      },
      canPropose: () => host.canAward && host.ring.hasRoom,
      proposeAward: (award) => set.#propose(plugin, award),
      tickAt: (monotonicMs) => {
        set.#nextTickMs[plugin] = Math.min(set.#nextTickMs[plugin], monotonicMs);
        host.tickBy(monotonicMs);
      },
      post: (words, count) => host.postToHost(set.index, plugin, words, count),
    };
  }

  #propose(plugin: number, award: Readonly<AwardProposal>): void {
    const at = this.#enter(EntryKind.award, plugin, award.connection, award.user, award.packetId);
    const { words } = this.#host.ring;
    setEntryAmountFen(words, at, award.amountFen);
    words[at + EntryWord.sponsor] = award.sponsor;
  }

  #bind(instance: PluginInstance, plugin: number): void {
    for (const [key, rule] of Object.entries(instance.frames ?? {})) {
      const opcode = Number(key);
      const name = this.#host.plugins[plugin].plugin.name;
      if (this.#handlers[opcode] !== undefined || opcode === Opcode.loginRequest) {
        const other = this.#host.plugins[this.#pluginOfOpcode[opcode]]?.plugin.name ?? "the core";
        throw new UserError(`plugin ${name}: opcode ${opcode} belongs to ${other} already. Choose another`);
      }
      const [minBytes, maxBytes] = typeof rule.bytes === "number" ? [rule.bytes, rule.bytes] : rule.bytes;
      this.#host.frames.allow(opcode, minBytes, maxBytes);
      this.#handlers[opcode] = rule.handle;
      this.#refusals[opcode] = rule.refuse;
      this.#pluginOfOpcode[opcode] = plugin;
    }
    if (instance.admit !== undefined) this.#admitting.push({ plugin, instance });
  }

  #each(hook: keyof PluginInstance, run: (instance: PluginInstance) => void): void {
    for (let i = 0; i < this.#instances.length; i++) {
      if (this.#instances[i]?.[hook] !== undefined) this.#try(i, run);
    }
  }

  #try<T>(plugin: number, run: (instance: PluginInstance) => T): T | undefined {
    const instance = this.#instances[plugin];
    if (instance === null) return undefined;
    try {
      return run(instance);
    } catch (error) {
      this.#fail(plugin, error);
      return undefined;
    }
  }

  /** A plugin threw: it goes, its users stay. */
  #fail(plugin: number, error: unknown): void {
    if (error instanceof AssertionFailed) throw error; // our own fault stops loudly
    this.#instances[plugin] = null;
    this.#nextTickMs[plugin] = Infinity;
    this.#admitting = this.#admitting.filter((entry) => entry.plugin !== plugin);
    for (let opcode = 0; opcode < MAX_OPCODE; opcode++) {
      if (this.#pluginOfOpcode[opcode] !== plugin) continue;
      this.#handlers[opcode] = this.#refusals[opcode] = undefined;
    }
    this.#counters[this.#m.pluginFailures]++;
    this.#host.pluginFailed(this.index, plugin, error);
  }
}
