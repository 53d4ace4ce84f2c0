import type { Counters } from "../../counters/counters.ts";
import { AcceptMode, type CloseCause, type Engine, type EngineHandler } from "../../engine/common/engine.ts";
import { record } from "../../counters/histogram.ts";
import { EntryKind, kindOf } from "../../ledger/kinds/entry_kinds.ts";
import { EntryWord } from "../../ledger/record/entry.ts";
import { type LedgerBoard, LedgerState } from "../../ledger/ring/ledger_board.ts";
import type { HoldingsBoard } from "../../ledger/ring/holdings_board.ts";
import type { LedgerRing } from "../../ledger/ring/ledger_ring.ts";
import type { AnyPlugin } from "../../plugin/plugin.ts";
import type { Random } from "../../base/random.ts";
import { AccessSet } from "../../set/access_set.ts";
import { ConnectionWatch, secondOf } from "../../set/common/connection_watch.ts";
import { Connections, Phase } from "../../set/common/connections.ts";
import type { LoginRules } from "../../set/common/logins.ts";
import type { SetHost } from "../../set/common/set_host.ts";
import { VerdictWatch } from "../../set/common/verdict_watch.ts";
import type { Passes } from "../../token/pass.ts";
import type { Waker } from "../../threads/waker.ts";
import {
  decodeControl,
  encodeControl,
  type Mailbox,
  MessageKind,
  type MessageReader,
} from "../../threads/mailbox.ts";
import type { Clock } from "../../base/clock.ts";
import { EventTime } from "../../base/event_time.ts";
import { FrameCursor } from "../../wire/frame_cursor.ts";
import { CloseCode, Opcode } from "../../wire/codes.ts";
import { FrameTable } from "../../wire/frame_table.ts";
import { FRAME_BYTES } from "../../wire/version0.ts";
import { frames } from "../../wire/v1/frames.ts";
import { AcceptPace } from "./accept_pace.ts";
import type { ClientHosts } from "./client_hosts.ts";
import type { HostBoard } from "./host_board.ts";
import type { HostSettings } from "./host_settings.ts";
import type { WorkerShare } from "./worker_share.ts";
import type { Peers } from "./peers.ts";
import { type LeaveOrder, Leaving } from "./leaving.ts";
import { HEADER_BAD, HEADER_INCOMPLETE, ProxyHeaders } from "./proxy_headers.ts";

/** How long a loop sleeps at most, so that its heartbeat shows. */
const MAX_SLEEP_MS = 1_000;
/** How soon a loop looks again whether it may accept, while it leaves peers to others. */
const ACCEPT_RECHECK_MS = 5;
/**
 * A pass doesn't read all verdicts, so that those who win nothing don't wait behind the winners of a whole commit: so
 * many, or this share of those that have piled up.
 */
const VERDICTS_PER_PASS = 64;
const SHARE_PER_PASS = 1 / 8;
/** How long a stopping loop tells its users, and after how many it looks at the clock. */
const FAREWELL_MS = 500;
const FAREWELLS_PER_LOOK = 256;
/** A step of the wall clock against the monotonic one that is counted. */
const WALL_STEP_MS = 100;

/** Control messages from the main thread to a worker, as JSON through its mailbox. */
export type WorkerOrder =
  | { readonly type: "drain" }
  | ({ readonly type: "move" } & LeaveOrder)
  | { readonly type: "stop" }
  | { readonly type: "ping"; readonly sentMs: number };

/** Control messages from a worker to the main thread. */
export type WorkerReport =
  | { readonly type: "pong"; readonly sentMs: number }
  | { readonly type: "drained"; readonly connections: number }
  | {
    readonly type: "pluginFailed";
    readonly set: number;
    readonly plugin: number;
    readonly error: string;
  };

export interface AccessLoopParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly plugins: readonly { readonly plugin: AnyPlugin; readonly config: unknown }[];
  readonly settings: Pick<HostSettings, "seats" | "verdictMs" | "connectionLimits" | "proxies">;
  readonly share: WorkerShare;
  /** SETs of the host. */
  readonly setCount: number;
  readonly board: HostBoard;
  /** To and from the main thread. */
  readonly inbox: Mailbox;
  readonly outbox: Mailbox;
  readonly hostWaker: Waker;
  readonly ring: LedgerRing;
  readonly ledgerWaker: Waker;
  readonly ledgerBoard: LedgerBoard;
  readonly logins: LoginRules;
  /** Undefined if users get no passes. */
  readonly holdings: HoldingsBoard | undefined;
  readonly passes: Passes | undefined;
  /** The way to the SETs of all workers. */
  readonly peers: Peers;
  /** How far the host's event time is behind the wall clock at the start, in ms. */
  readonly eventLagMs: number;
  /** Counts connections by client host. */
  readonly clientHosts: ClientHosts;
}

/**
 * One worker's turn, over and over: bytes, verdicts of the ledger, messages, what is due. It knows neither threads nor
 * sockets, so the simulator runs the same loop in virtual time.
 */
export class AccessLoop implements EngineHandler, SetHost {
  readonly engine: Engine;
  readonly connections: Connections;
  readonly frames = new FrameTable();
  readonly cursor: FrameCursor;
  readonly ring: LedgerRing;
  readonly watch: VerdictWatch;
  readonly holdings: HoldingsBoard | undefined;
  readonly passes: Passes | undefined;
  readonly counters: Counters;
  readonly plugins: AccessLoopParts["plugins"];
  readonly logins: LoginRules;
  nowMs = 0;
  second = 0;
  unixMs = 0;
  unixSeconds = 0;
  eventMs = 0;
  waitedMs = 0;
  leftMs = 0;
  lastLeftMs = 0;
  /** Set by the order to stop: the caller ends the loop. */
  isStopped = false;

  readonly #parts: AccessLoopParts;
  readonly #eventTime: EventTime;
  readonly #sets: AccessSet[];
  readonly #block: Float64Array;
  readonly #handles: {
    passes: number;
    busyUs: number;
    wallSteps: number;
    peerMessages: number;
    peerMailboxFull: number;
  };
  readonly #awardWait: Uint32Array;
  readonly #engineHandles: [keyof Engine["stats"], number][];
  readonly #connectionWatch: ConnectionWatch;
  /** Absent where no proxy stands in front. */
  readonly #proxyHeaders: ProxyHeaders | undefined;
  readonly #acceptPace = new AcceptPace();
  readonly #leaving: Leaving;
  /** By SET of this worker: how many connections a pass it wants read at most. */
  readonly #readsWanted: Float64Array;
  /** When the pass before this one began: what comes now came after, on an engine that doesn't know better. */
  #lastWakeMs = 0;
  #wallOffsetMs: number;
  #nextTickMs = 0;
  #nextUpkeepMs = 0;
  #isDraining = false;
  #isStopping = false;
  #hasReportedDrain = false;
  #hasPosted = false;

  constructor(parts: AccessLoopParts) {
    const { settings, share: { worker, firstSet, sets } } = parts;
    this.#parts = parts;
    this.engine = parts.engine;
    this.ring = parts.ring;
    this.watch = new VerdictWatch(parts.ring, settings.verdictMs);
    this.holdings = parts.holdings;
    this.passes = parts.passes;
    this.counters = parts.counters;
    this.plugins = parts.plugins;
    this.connections = new Connections(parts.engine.capacity);
    this.logins = parts.logins;
    this.frames.allow(Opcode.loginRequest, FRAME_BYTES[Opcode.loginRequest]);
    for (const { opcode, bytes } of [frames.login, frames.ping, frames.delivered, frames.carry]) {
      this.frames.allow(opcode, ...bytes);
    }
    this.cursor = new FrameCursor(this.frames, parts.engine.capacity, parts.engine.maxReadBytes);
    this.#wallOffsetMs = parts.clock.wallMs() - parts.clock.monotonicMs();
    this.#readsWanted = new Float64Array(sets).fill(Infinity);
    const wallMs = parts.clock.wallMs();
    const state = { eventMs: wallMs - parts.eventLagMs, graceUntilMs: 0 };
    this.#eventTime = new EventTime(parts.clock.monotonicMs(), wallMs, state);
    this.onWake();
    const { seats, connectionLimits, proxies } = settings;
    this.#connectionWatch = new ConnectionWatch(parts.engine, this.connections, connectionLimits, this.nowMs);
    this.#proxyHeaders = proxies.length === 0 ? undefined : new ProxyHeaders(parts.engine, proxies);
    this.#leaving = new Leaving(parts.engine.capacity, {
      tell: (connection, { withinMs, scope }) =>
        this.#setOf(connection).tellToMove(connection, withinMs, scope),
      end: (connection) => this.#closeFor(connection, CloseCode.draining),
    });
    const { layout } = parts.counters;
    this.#block = parts.counters.block(firstSet);
    this.#handles = {
      passes: layout.handle("passes"),
      busyUs: layout.handle("busyUs"),
      wallSteps: layout.handle("wallSteps"),
      peerMessages: layout.handle("peerMessages"),
      peerMailboxFull: layout.handle("peerMailboxFull"),
    };
    this.#awardWait = parts.counters.histogram(firstSet, layout.handle("awardWaitUs"));
    const statNames = Object.keys(parts.engine.stats) as (keyof Engine["stats"])[];
    this.#engineHandles = statNames.map((
      name,
    ) => [name, layout.handle(`engine${name[0].toUpperCase()}${name.slice(1)}`)]);
    this.#sets = Array.from(
      { length: sets },
      (_, local) => {
        const place = { index: firstSet + local, setCount: parts.setCount, local, seats };
        return new AccessSet(this, place, parts.random.fork());
      },
    );
    this.engine.attach(this);
    parts.board.update(worker, 0, this.engine.capacity);
  }

  /** One turn. Sleeps at most until something is due; a promise only with an engine of the event kind. */
  pass(): void | Promise<void> {
    const polling = this.engine.poll(this.#sleepMs());
    return polling instanceof Promise ? polling.then(() => this.#afterPoll()) : this.#afterPoll();
  }

  /** When the next turn is due should nothing reach it before: for whoever drives several loops in one thread. */
  nextDueMs(): number {
    return this.nowMs + this.#sleepMs();
  }

  // EngineHandler

  onWake(): void {
    const { clock } = this.#parts;
    this.#lastWakeMs = this.nowMs;
    this.nowMs = clock.monotonicMs();
    this.second = secondOf(this.nowMs);
    const wallMs = clock.wallMs();
    this.unixMs = Math.floor(wallMs);
    this.unixSeconds = Math.floor(wallMs / 1000);
    this.#eventTime.read(this.nowMs, wallMs);
    this.eventMs = this.#eventTime.eventMs;
  }

  onAccept(connection: number): void {
    let smallest = this.#sets[0];
    let local = 0;
    for (let i = 1; i < this.#sets.length; i++) {
      if (this.#sets[i].size >= smallest.size) continue;
      smallest = this.#sets[i];
      local = i;
    }
    this.connections.setOf[connection] = local;
    this.#acceptPace.take();
    this.#parts.clientHosts.add(connection, this.engine.peerAddress[connection]);
    this.#proxyHeaders?.accepted(connection);
    smallest.onAccept(connection);
  }

  onConnect(_connection: number): void {} // a server dials nobody

  onBytes(connection: number, start: number, end: number): void {
    this.#readWaits();
    const set = this.#sets[this.connections.setOf[connection]];
    if (this.#proxyHeaders?.isExpected(connection)) {
      start += this.#takeProxyHeader(set, connection, start, end);
      if (start >= end) return;
    }
    set.onBytes(connection, start, end);
  }

  onEnd(connection: number): void {
    this.#sets[this.connections.setOf[connection]].onEnd(connection);
  }

  onDrain(_connection: number): void {} // nobody waits for room: a full queue closes its connection

  onClose(connection: number, cause: CloseCause): void {
    this.#parts.clientHosts.remove(connection);
    this.#proxyHeaders?.closed(connection);
    this.#sets[this.connections.setOf[connection]].onClose(connection, cause);
  }

  // SetHost

  get canAward(): boolean {
    return this.#parts.ledgerBoard.state === LedgerState.awarding;
  }

  readLess(local: number, perPass: number): boolean {
    const { reads } = this.engine;
    if (reads === undefined) return false;
    this.#readsWanted[local] = perPass;
    reads.budget = Math.min(...this.#readsWanted);
    return true;
  }

  tickBy(monotonicMs: number): void {
    if (monotonicMs < this.#nextTickMs) this.#nextTickMs = monotonicMs;
  }

  postToHost(set: number, plugin: number, words: Int32Array, count: number): boolean {
    this.#hasPosted = true;
    return this.#parts.outbox.post(MessageKind.plugin, set, plugin, words, count);
  }

  postToSet(set: number, plugin: number, words: Int32Array, count: number): boolean {
    const isPosted = this.#parts.peers.post(set, plugin, words, count);
    this.#block[isPosted ? this.#handles.peerMessages : this.#handles.peerMailboxFull]++;
    return isPosted;
  }

  pluginFailed(set: number, plugin: number, error: unknown): void {
    this.#report({
      type: "pluginFailed",
      set,
      plugin,
      error: error instanceof Error ? error.stack ?? error.message : String(error),
    });
  }

  /** Returns how many bytes are no frames'. */
  #takeProxyHeader(set: AccessSet, connection: number, start: number, end: number): number {
    // What comes behind a bad header, until the connection has ended, is nobody's.
    if (this.connections.phase[connection] !== Phase.open) return end - start;
    const bytes = this.#proxyHeaders!.take(connection, start, end);
    if (bytes === HEADER_BAD) set.closeFor(connection, CloseCode.badProxyHeader);
    if (bytes === HEADER_BAD || bytes === HEADER_INCOMPLETE) return end - start;
    const { clientHosts } = this.#parts;
    clientHosts.remove(connection);
    clientHosts.add(connection, this.engine.peerAddress[connection]);
    return bytes;
  }

  /** What the engine knows of the bytes at hand: read here once for all their frames. */
  #readWaits(): void {
    const { reads } = this.engine;
    if (reads === undefined) {
      this.waitedMs = this.nowMs - this.#lastWakeMs;
      return;
    }
    const { sinceMs, leftMs, lastLeftMs } = reads;
    this.waitedMs = Math.max(0, this.nowMs - sinceMs);
    this.leftMs = leftMs === 0 ? 0 : this.nowMs - leftMs;
    this.lastLeftMs = lastLeftMs === 0 ? 0 : this.nowMs - lastLeftMs;
  }

  #afterPoll(): void {
    const { clock, inbox, peers, ledgerWaker, hostWaker, board, share: { worker } } = this.#parts;
    // Once more round after the order to stop: then the last frames have left.
    if (this.#isStopping) this.isStopped = true;
    inbox.drain(this.#onMessage);
    peers.drain(this.#onMessage);
    this.ring.drain(this.#onVerdict, Math.max(VERDICTS_PER_PASS, this.ring.verdicts * SHARE_PER_PASS));
    // Whoever has a verdict isn't late, however long this loop has stood still.
    if (this.ring.verdicts === 0) this.watch.findLate(this.nowMs, this.#onLate);
    this.#connectionWatch.look(this.nowMs, this.#closeFor);
    if (this.nowMs >= this.#nextTickMs) this.#tick();
    this.#leaving.turn(this.nowMs, this.#isThere);
    if (this.#isDraining) this.#reportDrained();
    if (this.ring.publish()) ledgerWaker.wake();
    peers.wake();
    if (this.#hasPosted) {
      this.#hasPosted = false;
      hostWaker.wake();
    }
    board.update(worker, this.engine.used, this.engine.capacity);
    if (this.nowMs >= this.#nextUpkeepMs) this.#upkeep();
    this.#block[this.#handles.passes]++;
    this.#block[this.#handles.busyUs] += (clock.monotonicMs() - this.nowMs) * 1000;
  }

  #sleepMs(): number {
    const { board, share: { worker } } = this.#parts;
    const mode = this.#isDraining ? AcceptMode.paused : board.acceptMode(worker);
    const { acceptsPerS } = board;
    const allowed = this.#acceptPace.allowed(this.nowMs, acceptsPerS);
    const isTooSoon = mode === AcceptMode.open && allowed < 1;
    this.engine.setAccepting(isTooSoon ? AcceptMode.paused : mode, allowed);
    const dueMs = Math.min(this.#nextTickMs, this.watch.nextDueMs(), this.#leaving.nextDueMs);
    if (this.#isStopping || this.ring.verdicts > 0) return 0;
    let sleepMs = Math.max(0, Math.min(MAX_SLEEP_MS, dueMs - this.nowMs));
    if (mode === AcceptMode.paused && !this.#isDraining) sleepMs = Math.min(sleepMs, ACCEPT_RECHECK_MS);
    if (isTooSoon) sleepMs = Math.min(sleepMs, this.#acceptPace.waitMs(acceptsPerS));
    return sleepMs;
  }

  #tick(): void {
    let next = Infinity;
    for (const set of this.#sets) next = Math.min(next, set.tick(this.nowMs));
    this.#nextTickMs = next;
  }

  readonly #onMessage: MessageReader = (kind, set, plugin, words, at, count) => {
    if (kind === MessageKind.control) return this.#obey(decodeControl(words, at) as WorkerOrder);
    const target = this.#sets[set - this.#parts.share.firstSet];
    if (kind === MessageKind.set) target.onSetMessage(plugin, words, at, count);
    else target.onMessage(plugin, words, at, count);
    this.#nextTickMs = 0; // what came may be due sooner than what was known
  };

  readonly #onVerdict = (words: Int32Array, at: number): void => {
    if (words[at + EntryWord.plugin] < 0) return; // nobody wants to know
    if (words[at + EntryWord.kind] === EntryKind.award) {
      record(this.#awardWait, this.watch.waitedMs(at, this.nowMs) * 1000);
    }
    this.#sets[words[at + EntryWord.set]].onVerdict(words, at, this.watch.isLate(at));
    this.#nextTickMs = Math.min(this.#nextTickMs, this.nowMs);
  };

  readonly #isThere = (connection: number): boolean => this.connections.phase[connection] === Phase.loggedIn;

  #setOf(connection: number): AccessSet {
    return this.#sets[this.connections.setOf[connection]];
  }

  readonly #closeFor = (connection: number, code: CloseCode): void => {
    this.#sets[this.connections.setOf[connection]].closeFor(connection, code);
  };

  readonly #onLate = (words: Int32Array, at: number): void => {
    if (words[at + EntryWord.plugin] >= 0 && kindOf(words[at + EntryWord.kind])?.isAwaited) {
      this.#sets[words[at + EntryWord.set]].onLateVerdict(words, at);
    }
  };

  #obey(order: WorkerOrder): void {
    switch (order.type) {
      case "ping":
        return this.#report({ type: "pong", sentMs: order.sentMs });
      case "move":
        return this.#leaving.begin(order, this.nowMs);
      case "drain":
        this.#isDraining = true;
        for (const set of this.#sets) set.drain(this.nowMs);
        this.#nextTickMs = 0;
        return;
      case "stop":
        this.#isStopping = true;
        this.#dismissAll();
    }
  }

  /** Tells version 1 users that the host stops, as many as the time allows; version 0 just sees the end. */
  #dismissAll(): void {
    const { phase, version, setOf } = this.connections;
    const { clock } = this.#parts;
    const untilMs = clock.monotonicMs() + FAREWELL_MS;
    for (let connection = 0; connection < phase.length; connection++) {
      if (phase[connection] !== Phase.loggedIn || version[connection] === 0) continue;
      this.#sets[setOf[connection]].closeFor(connection, CloseCode.draining);
      if (connection % FAREWELLS_PER_LOOK === 0 && clock.monotonicMs() > untilMs) return;
    }
  }

  /** Drained: every winner has been answered. */
  #reportDrained(): void {
    if (this.#hasReportedDrain || this.ring.open > 0) return;
    this.#hasReportedDrain = true;
    this.#report({ type: "drained", connections: this.engine.used });
  }

  #report(report: WorkerReport): void {
    const words = encodeControl(report);
    this.#parts.outbox.post(MessageKind.control, 0, 0, words, words.length);
    this.#hasPosted = true;
  }

  /** Once a second: what needn't be exact to the moment. */
  #upkeep(): void {
    const { clock } = this.#parts;
    this.#nextUpkeepMs = this.nowMs + MAX_SLEEP_MS;
    for (const [name, handle] of this.#engineHandles) this.#block[handle] = this.engine.stats[name];
    const offsetMs = clock.wallMs() - clock.monotonicMs();
    if (Math.abs(offsetMs - this.#wallOffsetMs) > WALL_STEP_MS) this.#block[this.#handles.wallSteps]++;
    this.#wallOffsetMs = offsetMs;
  }
}
