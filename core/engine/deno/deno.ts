import { assert } from "../../base/assert.ts";
import type { Waker } from "../../threads/waker.ts";
import type { Clock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { DenoAcceptor } from "./acceptor.ts";
import { formatAddress, formatIpv6, parseAddress } from "../../os/address.ts";
import {
  type AcceptMode,
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
import { Outbox } from "../common/outbox.ts";

/** One reused buffer of this size a connection: most of what a connection costs here. */
const READ_BYTES = 512;
/** Copied for each write, since the queue may move while the write is under way. */
const WRITE_BYTES = 16 * 1024;
/** How many events are handled between two looks at the clock. */
const EVENTS_PER_LOOK = 32;

const EventKind = { accepted: 0, connected: 1, bytes: 2, end: 3, drained: 4, gone: 5 } as const;

/** What an operation brought, kept until a `poll` may tell it. `size` counts for bytes only. */
interface FinishedOperation {
  readonly kind: number;
  readonly connection: number;
  readonly size: number;
}

/**
 * Bytes through `Deno.listen` and `Deno.connect`: everywhere, and without FFI permission, at a multiple of the cost.
 *
 * At most one read and one write are under way for a connection. What they bring is queued and told in `poll`; a
 * connection is told to be gone only when its last operation has come back, so that none can reach the next user of
 * its number. The next read starts when the last one was handled, which holds back a peer that sends too fast.
 *
 * Two things that Deno can't do: `abort` ends a connection at once, but the peer may see an ordinary end instead of a
 * reset; and `dial` from a chosen source address fails as unreachable.
 */
export class DenoEngine extends Lifecycle implements Engine {
  readonly name = "deno";
  readonly maxReadBytes = READ_BYTES;
  readonly input: Area;
  readonly output: Area;
  readonly stats = emptyStats();

  readonly #clock: Clock;
  readonly #waker: Waker;
  readonly #outbox: Outbox;
  readonly #acceptor: DenoAcceptor;

  /** By connection. */
  readonly #hasPeerEnded: Uint8Array;
  readonly #isWriting: Uint8Array;
  /** By connection: operations under way. */
  readonly #pending: Uint8Array;
  readonly #sockets: (Deno.TcpConn | undefined)[];
  readonly #dials: (AbortController | undefined)[];
  readonly #buffers: (Uint8Array<ArrayBuffer> | undefined)[];

  #finished: FinishedOperation[] = [];
  #finishedAt = 0;
  #isShut = false;

  constructor(options: EngineOptions) {
    super(options);
    const { capacity } = options;
    this.#clock = options.clock;
    this.#waker = options.waker;
    this.#outbox = new Outbox(capacity, options.queueBytes ?? DEFAULT_QUEUE_BYTES, this.stats);
    this.#acceptor = new DenoAcceptor({
      stats: this.stats,
      clock: options.clock,
      waker: options.waker,
      hasRoom: () => this.slots.free > 0,
      take: (socket) => this.#take(socket),
    });
    this.output = this.#outbox.output;
    const bytes = new Uint8Array(READ_BYTES);
    this.input = { bytes, view: new DataView(bytes.buffer) };
    this.#hasPeerEnded = new Uint8Array(capacity);
    this.#isWriting = new Uint8Array(capacity);
    this.#pending = new Uint8Array(capacity);
    this.#sockets = new Array(capacity).fill(undefined);
    this.#dials = new Array(capacity).fill(undefined);
    this.#buffers = new Array(capacity).fill(undefined);
  }

  listen(listener: Listener): number {
    assert(listener.kind === "address", "this engine binds its address itself");
    return this.#acceptor.listen(listener.hostname, listener.port);
  }

  setAccepting(mode: AcceptMode): void {
    this.#acceptor.mode = mode;
  }

  dial(target: DialTarget): number {
    const connection = this.startDial(target.address);
    if (connection < 0) return -1;
    this.#hasPeerEnded[connection] = 0;
    const { address, ipv6, port, source } = target;
    const hostname = ipv6 === undefined ? formatAddress(address) : formatIpv6(ipv6);
    if (source === 0) this.#connect(connection, hostname, port);
    else this.end(connection, CloseCause.unreachable);
    return connection;
  }

  reserve(connection: number, size: number): number {
    return this.#outbox.reserve(connection, size);
  }

  commit(connection: number, size: number): void {
    this.#outbox.commit(connection, size, this.state[connection] === State.open);
  }

  close(connection: number): void {
    const state = this.state[connection];
    if (state === State.dialing) return this.end(connection, CloseCause.closed);
    if (state !== State.open) return;
    this.startClosing(connection, this.#clock.monotonicMs());
    if (this.#outbox.isEmpty(connection) && this.#isWriting[connection] === 0) this.#endSending(connection);
  }

  abort(connection: number): void {
    if (this.state[connection] !== State.free) this.end(connection, CloseCause.aborted);
  }

  queuedBytes(connection: number): number {
    return this.#outbox.queuedBytes(connection);
  }

  async poll(maxWaitMs: number): Promise<void> {
    this.#write();
    this.#acceptor.accept(this.#clock.monotonicMs());
    await this.#wait(maxWaitMs);
    this.#waker.awake();
    if (this.#isShut) return;
    this.handler!.onWake();
    this.#tell();
    this.endLingering(this.#clock.monotonicMs());
    this.#write();
  }

  shutdown(): void {
    this.#isShut = true;
    this.#acceptor.shutdown();
    for (let i = 0; i < this.capacity; i++) {
      this.state[i] = State.broken;
      this.#sockets[i]?.close();
      this.#dials[i]?.abort();
    }
    this.#sockets.fill(undefined);
    this.#waker.wake();
  }

  /** Lets the runtime finish operations; sleeps only when nothing was finished before. */
  async #wait(maxWaitMs: number): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    let waitMs = Math.min(maxWaitMs, this.nextLingerMs - nowMs);
    if (this.#acceptor.restUntilMs > nowMs) waitMs = Math.min(waitMs, this.#acceptor.restUntilMs - nowMs);
    const hasWork = this.#finishedAt < this.#finished.length;
    // Not sleeping must not mean never letting the runtime have its turn.
    if (hasWork || waitMs <= 0 || !this.#waker.maySleep()) await nextTurn();
    else await this.#waker.sleep(waitMs);
  }

  /** Handles what came for one budget; the rest waits for the next call, and so does what the handlers cause. */
  #tell(): void {
    const end = this.#finished.length;
    const untilMs = this.#clock.monotonicMs() + PASS_BUDGET_MS;
    let handled = 0;
    while (this.#finishedAt < end) {
      this.#handleFinished(this.#finished[this.#finishedAt++]);
      if (++handled % EVENTS_PER_LOOK === 0 && this.#clock.monotonicMs() >= untilMs) break;
    }
    if (this.#finishedAt === this.#finished.length) {
      this.#finished.length = 0;
      this.#finishedAt = 0;
    } else if (this.#finishedAt > 1024) {
      this.#finished.splice(0, this.#finishedAt);
      this.#finishedAt = 0;
    }
  }

  #handleFinished({ kind, connection, size }: FinishedOperation): void {
    const handler = this.handler!;
    const state = this.state[connection];
    if (kind === EventKind.gone) {
      this.tellEnd(connection);
      return;
    }
    if (state === State.broken) return;
    switch (kind) {
      case EventKind.connected:
        this.state[connection] = State.open;
        handler.onConnect(connection);
        return this.#read(connection);
      case EventKind.accepted:
        handler.onAccept(connection);
        return this.#read(connection);
      case EventKind.bytes:
        // A connection that this side has closed is read only so that the kernel doesn't reset it.
        if (state === State.open) {
          this.input.bytes.set(this.#buffers[connection]!.subarray(0, size));
          handler.onBytes(connection, 0, size);
        }
        return this.#read(connection);
      case EventKind.end:
        this.#hasPeerEnded[connection] = 1;
        if (state === State.open) handler.onEnd(connection);
        else if (state === State.lingering) this.end(connection, CloseCause.closed);
        return;
      case EventKind.drained:
        if (state === State.open) handler.onDrain(connection);
    }
  }

  #queue(kind: number, connection: number, size = 0): void {
    this.#finished.push({ kind, connection, size });
    this.#waker.wake();
  }

  #read(connection: number): void {
    const socket = this.#sockets[connection];
    if (socket === undefined) return; // ended by the handler just now
    const buffer = this.#buffers[connection] ??= new Uint8Array(READ_BYTES);
    this.#pending[connection]++;
    socket.read(buffer).then(
      (size) => {
        if (this.#settle(connection)) return;
        if (size === null) this.#queue(EventKind.end, connection);
        else this.#queue(EventKind.bytes, connection, size);
      },
      (error) => this.#fail(connection, error),
    );
  }

  /** Starts to write what was committed since the last time. */
  #write(): void {
    for (const connection of this.#outbox.takeDue()) {
      if (this.#isWriting[connection] === 1) this.#outbox.noteWait(connection);
      else this.#writeNext(connection);
    }
  }

  #writeNext(connection: number): void {
    const socket = this.#sockets[connection];
    const waiting = this.#outbox.peek(connection);
    if (socket === undefined || waiting.length === 0) return;
    const chunk = waiting.slice(0, WRITE_BYTES);
    this.#isWriting[connection] = 1;
    this.#pending[connection]++;
    socket.write(chunk).then(
      (size) => {
        this.#isWriting[connection] = 0;
        if (this.#settle(connection)) return;
        if (size < chunk.length) this.#outbox.noteWait(connection);
        if (this.#outbox.advance(connection, size)) this.#queue(EventKind.drained, connection);
        if (!this.#outbox.isEmpty(connection)) this.#writeNext(connection);
        else if (this.state[connection] === State.closing) this.#endSending(connection);
      },
      (error) => {
        this.#isWriting[connection] = 0;
        this.#fail(connection, error);
      },
    );
  }

  /** Everything is sent: says so to the peer, and reads on until it ends too. */
  #endSending(connection: number): void {
    this.state[connection] = State.lingering;
    if (this.#hasPeerEnded[connection] === 1) return this.end(connection, CloseCause.closed);
    this.#pending[connection]++;
    this.#sockets[connection]!.closeWrite().then(
      () => void this.#settle(connection),
      (error) => this.#fail(connection, error),
    );
  }

  #connect(connection: number, hostname: string, port: number): void {
    const dial = new AbortController();
    this.#dials[connection] = dial;
    this.#pending[connection]++;
    Deno.connect({ hostname, port, signal: dial.signal, autoSelectFamily: false }).then(
      (socket) => {
        if (this.#isShut || this.state[connection] !== State.dialing) socket.close();
        if (this.#settle(connection)) return;
        this.#dials[connection] = undefined;
        socket.setNoDelay(true);
        this.#sockets[connection] = socket;
        this.#queue(EventKind.connected, connection);
      },
      (error) => this.#fail(connection, error),
    );
  }

  #take(socket: Deno.TcpConn): boolean {
    if (this.slots.free === 0) return false;
    socket.setNoDelay(true);
    const connection = this.startAccepted(parseAddress(socket.remoteAddr.hostname) ?? 0);
    this.#sockets[connection] = socket;
    this.#hasPeerEnded[connection] = 0;
    this.#queue(EventKind.accepted, connection);
    return true;
  }

  /** An operation came back. True if its connection is broken, so that what it brought counts no more. */
  #settle(connection: number): boolean {
    this.#pending[connection]--;
    if (this.state[connection] !== State.broken) return false;
    if (this.#pending[connection] === 0) this.#queue(EventKind.gone, connection);
    return true;
  }

  #fail(connection: number, error: unknown): void {
    if (!this.#settle(connection)) this.end(connection, causeOf(error));
  }

  /** Gives the descriptor back; the handler is told when no operation is under way any more. */
  protected end(connection: number, cause: CloseCause): void {
    if (!this.markBroken(connection, cause)) return;
    this.#outbox.clear(connection);
    this.#sockets[connection]?.close();
    this.#sockets[connection] = undefined;
    this.#dials[connection]?.abort();
    this.#dials[connection] = undefined;
    if (this.#pending[connection] === 0) this.#queue(EventKind.gone, connection);
  }
}

function causeOf(error: unknown): CloseCause {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ECONNREFUSED":
      return CloseCause.refused;
    case "EADDRNOTAVAIL":
    case "EADDRINUSE":
    case "EAGAIN":
      return CloseCause.noPort;
    case "EMFILE":
    case "ENFILE":
      return CloseCause.noDescriptor;
    case "ENOMEM":
    case "ENOBUFS":
      return CloseCause.noMemory;
    case "ETIMEDOUT":
      return CloseCause.timeout;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return CloseCause.unreachable;
    default:
      return CloseCause.reset;
  }
}
