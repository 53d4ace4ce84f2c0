import { assert } from "../../base/assert.ts";
import type { Waker } from "../../threads/waker.ts";
import { parseAddress } from "../../os/address.ts";
import {
  AcceptMode,
  type Area,
  CloseCause,
  DEFAULT_QUEUE_BYTES,
  type DialTarget,
  emptyStats,
  type Engine,
  type EngineOptions,
  type Listener,
  PASS_BUDGET_MS,
} from "../common/engine.ts";
import { Lifecycle, State } from "../common/lifecycle.ts";
import { ACCEPT_REST_MS, ACCEPTS_PER_PASS } from "../common/listening_socket.ts";
import { Outbox } from "../common/outbox.ts";
import type { SimActor } from "./agenda.ts";
import type { SimListener, SimNetwork } from "./network.ts";
import { SimPhase, type SimSocket } from "./socket.ts";
import { ReadScheduler } from "../common/read_scheduler.ts";

const INPUT_BYTES = 4 * 1024;
/** How many sockets are handled between two looks at the clock. */
const EVENTS_PER_LOOK = 32;
const LOOPBACK = 0x7f00_0001;

/** Where in the simulated world an engine is. Its `clock` must be the network's. */
export interface SimEngineOptions extends EngineOptions {
  readonly network: SimNetwork;
  /** This host's address, the source of what it dials; 127.0.0.1 if absent. */
  readonly address?: number;
  /** Reads a ms that this host manages; without it all that comes is read in no time. */
  readonly readsPerMs?: number;
}

/**
 * Bytes over a {@linkcode SimNetwork}. `poll` handles what is due at the present virtual time: it never waits, and lets
 * no time pass. Whoever drives the simulation does that.
 */
export class SimEngine extends Lifecycle implements Engine {
  readonly name = "sim";
  readonly maxReadBytes = INPUT_BYTES;
  readonly input: Area;
  readonly output: Area;
  readonly stats = emptyStats();
  readonly reads: ReadScheduler;
  /** Most descriptors that this host may have open; the simulation may change it at any time. */
  descriptorLimit = Infinity;

  readonly #waker: Waker;
  readonly #network: SimNetwork;
  readonly #address: number;
  readonly #outbox: Outbox;

  /** By connection. */
  readonly #hasPeerEnded: Uint8Array;
  readonly #sockets: (SimSocket | undefined)[];

  readonly #readsPerMs: number;
  /** Reads that the time since the last poll has room for; below 0 while one is still going on. */
  #readCredit = 1;
  #creditAtMs = 0;
  /** When no socket had news; what is new now came after `#sinceMs`. */
  #drainedMs = 0;
  #sinceMs = 0;
  #acceptsLeft = Infinity;

  /** Sockets with news. */
  #awake: SimSocket[] = [];
  /** Connections whose owner is to be told that nothing waits any more. */
  #drained: number[] = [];
  #listener: SimListener | undefined;
  #acceptMode: AcceptMode = AcceptMode.paused;
  #acceptRestUntilMs = 0;
  /** In whose turns it is polled: due as soon as there is something to poll for. */
  #actor: SimActor | undefined;

  constructor(options: SimEngineOptions) {
    super(options);
    const { capacity, network } = options;
    assert(options.clock === network.clock, "a simulated engine lives in its network's time");
    this.#network = network;
    this.#address = options.address ?? LOOPBACK;
    this.#waker = options.waker;
    this.#outbox = new Outbox(capacity, options.queueBytes ?? DEFAULT_QUEUE_BYTES, this.stats);
    this.output = this.#outbox.output;
    this.#readsPerMs = options.readsPerMs ?? Infinity;
    this.reads = new ReadScheduler(capacity, this.stats, (c) => this.state[c] === State.open);
    const bytes = new Uint8Array(INPUT_BYTES);
    this.input = { bytes, view: new DataView(bytes.buffer) };
    this.#hasPeerEnded = new Uint8Array(capacity);
    this.#sockets = new Array(capacity).fill(undefined);
  }

  listen(listener: Listener): number {
    assert(listener.kind === "address", "this engine binds its address itself");
    const address = parseAddress(listener.hostname);
    assert(address !== undefined, "an address to listen on is IPv4");
    this.#listener = this.#network.listen(this, address, listener.port);
    this.setAccepting(AcceptMode.open);
    return this.#listener.port;
  }

  setAccepting(mode: AcceptMode, most = Infinity): void {
    this.#acceptMode = mode;
    this.#acceptsLeft = most;
  }

  dial(target: DialTarget): number {
    const connection = this.startDial(target.address);
    if (connection < 0) return -1;
    this.#news();
    if (!this.#hasDescriptor(0)) {
      this.end(connection, CloseCause.noDescriptor);
      return connection;
    }
    const socket = this.#network.dial(this, target.source || this.#address, target.address, target.port);
    this.#sockets[connection] = socket;
    this.#hasPeerEnded[connection] = 0;
    socket.connection = connection;
    return connection;
  }

  reserve(connection: number, size: number): number {
    return this.#outbox.reserve(connection, size);
  }

  commit(connection: number, size: number): void {
    this.#news();
    this.#outbox.commit(connection, size, this.state[connection] === State.open);
  }

  close(connection: number): void {
    this.#news();
    const state = this.state[connection];
    if (state === State.dialing) return this.end(connection, CloseCause.closed);
    if (state !== State.open) return;
    this.startClosing(connection, this.#network.clock.monotonicMs());
    if (this.#outbox.isEmpty(connection)) this.#endSending(connection);
  }

  abort(connection: number): void {
    this.#news();
    if (this.state[connection] !== State.free) this.end(connection, CloseCause.aborted);
  }

  queuedBytes(connection: number): number {
    return this.#outbox.queuedBytes(connection);
  }

  poll(_maxWaitMs: number): void {
    this.#actor = this.#network.agenda.current;
    this.#write();
    this.#network.deliver();
    this.#waker.awake();
    this.handler!.onWake();
    this.#accept();
    this.#handleAwake();
    this.#tellDrained();
    this.endLingering(this.#network.clock.monotonicMs());
    this.tellEnds();
    this.#write();
  }

  shutdown(): void {
    if (this.#listener !== undefined) this.#network.unlisten(this, this.#listener);
    for (const socket of this.#sockets) socket?.close();
    this.#sockets.fill(undefined);
    this.state.fill(State.broken);
    this.#awake = [];
  }

  /** For the driver of the simulation: when this engine has something to do, should nothing reach it before. */
  nextDueMs(): number {
    const nowMs = this.#network.clock.monotonicMs();
    const { hasUnread } = this.reads;
    if (this.hasEnds || this.#drained.length > 0 || this.#outbox.hasDue) return nowMs;
    if (this.#awake.length > 0 || hasUnread) {
      // From when the credit was counted last: whoever asks again before is given the same time.
      return this.#readCredit > 0 ? nowMs : this.#creditAtMs + (1 - this.#readCredit) / this.#readsPerMs;
    }
    const lookMs = nowMs + this.reads.lookMs;
    const acceptMs = this.#canAccept() ? Math.max(nowMs, this.#acceptRestUntilMs) : Infinity;
    return Math.min(acceptMs, this.nextLingerMs, lookMs);
  }

  /** For the network: a socket has news. */
  wake(socket: SimSocket): void {
    if (socket.isAwake) return;
    socket.isAwake = true;
    this.#awake.push(socket);
    this.#news();
  }

  /** For the network: somebody waits in front of the listener. */
  knocked(): void {
    this.#news();
  }

  #news(): void {
    if (this.#actor !== undefined) this.#network.agenda.wake(this.#actor);
  }

  #canAccept(): boolean {
    if (this.#listener === undefined || this.#listener.backlog.length === 0) return false;
    if (this.#acceptMode === AcceptMode.open) return this.slots.free > 0 && this.#acceptsLeft >= 1;
    return this.#acceptMode === AcceptMode.refuse;
  }

  #accept(): void {
    const nowMs = this.#network.clock.monotonicMs();
    for (let i = 0; i < ACCEPTS_PER_PASS && nowMs >= this.#acceptRestUntilMs && this.#canAccept(); i++) {
      if (!this.#hasDescriptor(1)) {
        this.stats.failedAccepts++;
        this.#acceptRestUntilMs = nowMs + ACCEPT_REST_MS;
        return;
      }
      const socket = this.#listener!.backlog.shift()!;
      if (this.#acceptMode === AcceptMode.refuse) {
        this.#refuse(socket);
        continue;
      }
      this.#acceptsLeft--;
      const connection = this.startAccepted(socket.remoteAddress);
      this.#sockets[connection] = socket;
      this.#hasPeerEnded[connection] = 0;
      socket.connection = connection;
      socket.owner = this;
      this.wake(socket); // it may have news from before
      this.handler!.onAccept(connection);
    }
  }

  /** Ends a peer for whom there is no room. What it sent already is read, or the close would be a reset. */
  #refuse(socket: SimSocket): void {
    this.stats.refusedPeers++;
    while (socket.read(this.input.bytes) > 0);
    socket.close();
  }

  /** @param more numbers about to be taken; a dial has taken its own already */
  #hasDescriptor(more: number): boolean {
    return this.slots.used + more <= this.descriptorLimit;
  }

  /** Handles sockets with news for one budget; the rest waits for the next call, and so does what is new. */
  #handleAwake(): void {
    const nowMs = this.#network.clock.monotonicMs();
    this.#earnReads(nowMs);
    const awake = this.#awake;
    this.#awake = [];
    if (awake.length > 0) this.#sinceMs = this.#drainedMs;
    const untilMs = nowMs + PASS_BUDGET_MS;
    const { reads } = this;
    reads.startPass(nowMs);
    let handled = 0;
    while (handled < awake.length && this.#readCredit > 0 && !reads.isSpent) {
      const socket = awake[handled++];
      socket.isAwake = false;
      this.#handleSocket(socket);
      if (handled % EVENTS_PER_LOOK === 0 && this.#network.clock.monotonicMs() >= untilMs) break;
    }
    if (reads.isLimited) {
      for (; handled < awake.length; handled++) this.#leave(awake[handled]);
    }
    if (reads.unread > 0) this.#readOld();
    if (handled < awake.length) this.#awake = awake.slice(handled).concat(this.#awake);
    else this.#drainedMs = nowMs;
  }

  #earnReads(nowMs: number): void {
    if (this.#readsPerMs === Infinity) {
      this.#readCredit = Infinity;
      return;
    }
    const earned = this.#readCredit + (nowMs - this.#creditAtMs) * this.#readsPerMs;
    this.#readCredit = Math.min(Math.max(1, this.#readsPerMs * PASS_BUDGET_MS), earned);
    this.#creditAtMs = nowMs;
  }

  #leave(socket: SimSocket): void {
    socket.isAwake = false;
    const { connection } = socket;
    const isPlain = this.#sockets[connection] === socket && socket.phase === SimPhase.up && !socket.isReset &&
      this.state[connection] === State.open && !socket.isAtEnd;
    if (isPlain) this.reads.leave(connection);
    else this.#handleSocket(socket);
  }

  #readOld(): void {
    this.reads.startOld();
    while (this.#readCredit > 0) {
      const connection = this.reads.nextOld(true);
      if (connection < 0) return;
      this.#receive(connection, this.#sockets[connection]!);
    }
  }

  #handleSocket(socket: SimSocket): void {
    const { connection } = socket;
    if (this.#sockets[connection] !== socket) {
      this.stats.staleEvents++;
      return;
    }
    if (socket.phase === SimPhase.failed) return this.end(connection, socket.failure);
    if (socket.phase === SimPhase.connecting) return;
    if (this.state[connection] === State.dialing) {
      this.state[connection] = State.open;
      this.handler!.onConnect(connection);
      if (this.#sockets[connection] !== socket) return; // ended by the handler
    }
    if (socket.isReset) return this.end(connection, CloseCause.reset);
    this.#writeNext(connection);
    if (this.reads.isResting(connection) && !socket.isAtEnd) return this.reads.ignore();
    this.reads.sinceMs = this.#sinceMs;
    this.reads.choose(connection);
    this.#receive(connection, socket);
  }

  #receive(connection: number, socket: SimSocket): void {
    const state = this.state[connection];
    if (state === State.broken) return;
    const size = socket.read(this.input.bytes);
    this.#readCredit--;
    if (size > 0) {
      if (state === State.open) this.handler!.onBytes(connection, 0, size);
    } else if (socket.isAtEnd && this.#hasPeerEnded[connection] === 0) {
      this.#hasPeerEnded[connection] = 1;
      if (state === State.open) this.handler!.onEnd(connection);
      else if (state === State.lingering) this.end(connection, CloseCause.closed);
    }
    const hasMore = socket.hasBytes || (socket.isAtEnd && this.#hasPeerEnded[connection] === 0);
    if (hasMore && this.#sockets[connection] === socket) this.wake(socket);
  }

  /** Sends what was committed since the last time. */
  #write(): void {
    for (const connection of this.#outbox.takeDue()) this.#writeNext(connection);
  }

  #writeNext(connection: number): void {
    const socket = this.#sockets[connection];
    const waiting = this.#outbox.peek(connection);
    if (socket === undefined || waiting.length === 0) return;
    const sent = socket.write(waiting);
    if (sent < 0) return this.end(connection, CloseCause.reset);
    if (sent < waiting.length) this.#outbox.noteWait(connection);
    const isDrained = this.#outbox.advance(connection, sent);
    if (!this.#outbox.isEmpty(connection)) return;
    if (this.state[connection] === State.closing) this.#endSending(connection);
    else if (isDrained) this.#drained.push(connection);
  }

  #tellDrained(): void {
    const drained = this.#drained;
    this.#drained = [];
    for (const connection of drained) {
      // None was freed since it was noted: that happens after this, and the list is empty then.
      if (this.state[connection] === State.open) this.handler!.onDrain(connection);
    }
  }

  /** Everything is sent: says so to the peer, and reads on until it ends too. */
  #endSending(connection: number): void {
    this.state[connection] = State.lingering;
    if (this.#hasPeerEnded[connection] === 1) return this.end(connection, CloseCause.closed);
    this.#sockets[connection]!.end();
  }

  /** Gives the socket back now; the handler is told, and the number freed, at the end of a poll. */
  protected end(connection: number, cause: CloseCause): void {
    if (!this.markBroken(connection, cause)) return;
    const socket = this.#sockets[connection];
    if (cause === CloseCause.aborted) socket?.reset();
    else socket?.close();
    this.#sockets[connection] = undefined;
    this.reads.forget(connection);
    this.#outbox.clear(connection);
    this.noteEnd(connection);
  }
}
