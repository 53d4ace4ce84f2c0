import type { Waker } from "../../threads/waker.ts";
import type { Clock } from "../../base/clock.ts";
import type { ReadControl } from "./read_control.ts";

/**
 * The contract between bytes and meaning. An engine moves bytes for many connections on one thread; it listens and
 * dials alike. It is drawn for completion (io_uring) as well as readiness (epoll) and events (Deno): nobody asks a
 * connection whether it is readable, and nobody learns from a write whether it went out.
 *
 * Rules that every engine keeps, proven by `test/engine/engine_conformance.ts`:
 *
 * 1. Handler methods are called only from inside {@linkcode Engine.poll}, never from `dial`, `commit` or `close`.
 * 2. A connection is a number below `capacity` and a generation. The number is free for the next connection only after
 *    `onClose` has returned, and the generation grows by one there. What the kernel says about an older generation is
 *    dropped and counted.
 * 3. Bytes leave in the order of their commits. What the kernel did not take waits in the connection's bounded queue.
 * 4. After `close` or `abort` no `onBytes` comes for the connection, and exactly one `onClose` does.
 * 5. `reserve` and `commit` on a connection that is closing or broken are harmless: the bytes go nowhere.
 */

/** Memory in which received or outgoing bytes lie: the same bytes twice. */
export interface Area {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** How a connection ended, as {@linkcode EngineHandler.onClose} is told. */
export const CloseCause = {
  /** This side called `close`, or the peer ended and everything was sent. */
  closed: 0,
  /** This side called `abort`. */
  aborted: 1,
  /** The peer or the network reset the connection. */
  reset: 2,
  /** Dialing: nobody listens there. */
  refused: 3,
  /** Dialing: no local port is left for this pair of addresses. */
  noPort: 4,
  /** The process may open no more descriptors. */
  noDescriptor: 5,
  /** The kernel has no memory for it. */
  noMemory: 6,
  /** No answer in time: to a dial, or from a peer that didn't read what a `close` had still to send. */
  timeout: 7,
  /** Dialing: no way there, or the source address isn't this host's. */
  unreachable: 8,
} as const;
export type CloseCause = typeof CloseCause[keyof typeof CloseCause];

const causeNames = Object.keys(CloseCause);

/** The metric label of a cause, such as `reset`. */
export function closeCauseName(cause: CloseCause): string {
  return causeNames[cause];
}

/** What an engine tells its owner. Called only from inside `poll`. */
export interface EngineHandler {
  /** A poll's wait is over, and something may follow: the moment to read the clock. Once in every poll, first. */
  onWake(): void;
  /** A peer connected to the listening socket. */
  onAccept(connection: number): void;
  /** A dialed connection is up. */
  onConnect(connection: number): void;
  /** Bytes came: `input.bytes[start, end)`, valid until the call returns. */
  onBytes(connection: number, start: number, end: number): void;
  /** The peer will send no more; sending to it still works. Normally answered by `close`. */
  onEnd(connection: number): void;
  /** Everything that had to wait in the connection's queue is out. */
  onDrain(connection: number): void;
  /** The connection is gone, or the dial failed. Its number is free when this returns. */
  onClose(connection: number, cause: CloseCause): void;
}

/** What to do with peers that knock. */
export const AcceptMode = {
  /** Take them. With no free connection number they wait in the kernel's backlog. */
  open: 0,
  /** Leave them in the kernel's backlog, for another worker or for later. */
  paused: 1,
  /** Accept just to close at once, in good order, and count it: the host is full. */
  refuse: 2,
} as const;
export type AcceptMode = typeof AcceptMode[keyof typeof AcceptMode];

/** Plain numbers that an engine counts up; its owner copies them into the shared counters. */
export interface EngineStats {
  /** Peers accepted just to be closed. */
  refusedPeers: number;
  /** Events of an earlier user of a connection number, dropped. */
  staleEvents: number;
  /** Sends of which the kernel took only a part or nothing, so that bytes had to wait. */
  queuedSends: number;
  /** Replies that a full queue could not take. */
  overfullQueues: number;
  /** Accepts that failed for lack of descriptors or memory. */
  failedAccepts: number;
  /** Receives that found no free buffer and were armed again later. */
  bufferShortages: number;
  /** Times that a connection with news was left unread. */
  leftUnread: number;
}

/** A fresh set of zeroes. */
export function emptyStats(): EngineStats {
  return {
    refusedPeers: 0,
    staleEvents: 0,
    queuedSends: 0,
    overfullQueues: 0,
    failedAccepts: 0,
    bufferShortages: 0,
    leftUnread: 0,
  };
}

/** Where to dial. */
export interface DialTarget {
  /** IPv4 address as a number, such as 0x7f000001; 0 with `ipv6`. */
  readonly address: number;
  /** The 16 bytes of an IPv6 address; its source is the kernel's choice. */
  readonly ipv6?: readonly number[] | undefined;
  readonly port: number;
  /** IPv4 source address to bind, 0 to let the kernel choose. `deno` can't bind one: it tells `unreachable`. */
  readonly source: number;
}

export interface Engine {
  readonly name: EngineName;
  /** Connection numbers are 0 to `capacity` - 1. */
  readonly capacity: number;
  /** Connections that are not free: open, dialing or closing. */
  readonly used: number;
  /** By connection: how often the number was freed. With the number it names one connection for ever. */
  readonly generation: Int32Array;
  /** By connection: the peer's IPv4 address as a number, 0 if unknown. */
  readonly peerAddress: Uint32Array;
  /** Where `onBytes` finds what came. */
  readonly input: Area;
  /** Most bytes that one `onBytes` brings. */
  readonly maxReadBytes: number;
  /** Where replies are written, between `reserve` and `commit`. */
  readonly output: Area;
  readonly stats: EngineStats;
  /** Absent where an engine can't read less: then all that comes is read, and its age is guessed from the loop's. */
  readonly reads?: ReadControl;

  /** Says who is told. Once, before the first `poll`. */
  attach(handler: EngineHandler): void;
  /** Starts to take peers from a listening socket. Returns the port that is bound. */
  listen(listener: Listener): number;
  /** @param most peers to take at most until the next call; without it as many as come */
  setAccepting(mode: AcceptMode, most?: number): void;
  /**
   * Starts to connect; `onConnect` or `onClose` tells how it went.
   *
   * @returns the connection number, or -1 when none is free
   */
  dial(target: DialTarget): number;
  /**
   * Makes room for at most `size` bytes to one connection. Only one reservation is open at a time.
   *
   * @returns the offset in `output` to write at, or -1 if the connection's send queue can't hold them
   */
  reserve(connection: number, size: number): number;
  /** Sends the first `size` bytes of the reservation, soon and in order. Adjacent commits leave as one send. */
  commit(connection: number, size: number): void;
  /** Ends a connection in good order: what was committed leaves first, which may take {@linkcode LINGER_MS} in all. */
  close(connection: number): void;
  /** Ends a connection at once with a reset (on `deno`: or an end); what was not sent is lost. */
  abort(connection: number): void;
  /** Bytes that wait in a connection's queue. */
  queuedBytes(connection: number): number;
  /**
   * Sends what is due, waits at most `maxWaitMs` for something to happen and tells the handler. Returns within about
   * {@linkcode PASS_BUDGET_MS} once something happens; what is left comes in the next call.
   * Only engines of the event kind return a promise.
   */
  poll(maxWaitMs: number): void | Promise<void>;
  /** Ends every connection without ceremony and frees all memory and descriptors. No handler is called. */
  shutdown(): void;
}

export const ENGINE_NAMES = ["uring", "epoll", "deno", "sim"] as const;
export type EngineName = typeof ENGINE_NAMES[number];

/** A bound and listening socket: a descriptor shared by all workers, or an address that the engine binds itself. */
export type Listener =
  | { readonly kind: "descriptor"; readonly fd: number; readonly port: number }
  | { readonly kind: "address"; readonly hostname: string; readonly port: number };

/** How long one pass may go on handling what has already come. Keeps control waiting for less than 10 ms. */
export const PASS_BUDGET_MS = 2;

/** Most bytes that wait for a slow reader before its connection is closed. */
export const DEFAULT_QUEUE_BYTES = 64 * 1024;

/** How long a connection that this side closed may take to read its last bytes and end too. */
export const LINGER_MS = 2_000;

/** What every engine is made with. */
export interface EngineOptions {
  /** Most connections at once. */
  readonly capacity: number;
  readonly clock: Clock;
  /** Used by other threads to end a `poll` early. The engine sleeps only as `Waker` says, and calls `awake` itself. */
  readonly waker: Waker;
  /** Bound of each connection's send queue; {@linkcode DEFAULT_QUEUE_BYTES} if absent. */
  readonly queueBytes?: number;
  /** {@linkcode LINGER_MS} if absent. */
  readonly lingerMs?: number;
}
