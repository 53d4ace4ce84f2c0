import type { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { Counters } from "../../counters/counters.ts";
import { CloseCause, type Engine, type EngineHandler } from "../../engine/common/engine.ts";
import { closedMetric } from "../../set/common/metrics.ts";
import { CloseCode, closeCodeName, WEB_SOCKET_CODES } from "../../wire/codes.ts";
import { writeFrame } from "../../wire/frame_codec.ts";
import { PROXY_HEADER_BYTES, writeProxyHeader } from "../../wire/proxy_protocol.ts";
import { frames, Opcode1 } from "../../wire/v1/frames.ts";
import { type MessageTaker, SocketCode } from "../door/message_reader.ts";
import { binaryMessage, closeMessage, pongMessage } from "../door/message_writer.ts";
import type { PluginDoor } from "../../plugin/plugin.ts";
import { type GatewayHandles, gatewayHandles, type GatewayMetric } from "./metrics.ts";
import { countFrames, type FrameCount, opcodeOf } from "./relayed_frames.ts";
import { PeerPhase, RelayedPeer } from "./relayed_peer.ts";
import type { ServerHosts } from "./server_hosts.ts";

/** What peers may take their time and memory for. */
export interface RelayLimits {
  /** Most bytes of one message of a user. */
  readonly messageBytes: number;
  /** Most bytes that wait for a user who doesn't read. */
  readonly queueBytes: number;
  /** From the upgrade to the login, in seconds. */
  readonly loginS: number;
  /** How long a user may leave unread what waits, in seconds; 0 for ever. */
  readonly readS: number;
}

/** Told of users and what they say, for whoever shows it; what it does with that is its own affair. */
export interface RelayWatch {
  /** A user has logged in. */
  came(user: number): void;
  /** A connection that had logged in is gone. */
  went(user: number): void;
  /** A user's message begins with a frame of this opcode. */
  said(user: number, opcode: number): void;
}

export interface RelayParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly hosts: ServerHosts;
  readonly limits: RelayLimits;
  /** Who may log in. */
  readonly door: Required<PluginDoor>;
  readonly watch?: RelayWatch | undefined;
  /** This gateway as servers see it, if they are to be told of clients by the PROXY protocol. */
  readonly proxiedTo: { readonly address: number; readonly port: number } | undefined;
}

/** When a peer that was closed for a reason of 100 to 199 should come again, in ms. */
const RETRY_MS = 2_000;
/** How long a connection to a server may take to come up, and a peer to answer a close, in seconds. */
const DIAL_S = 3;
const LINGER_S = 2;
/** What a user may say before their server is reached. */
const MOST_EARLY_BYTES = 16 * 1024;
/** A dead phone's connection is noticed by the kernel. */
const KEEP_ALIVE_MS = 60_000;
const NOTHING = new Uint8Array(0);

/**
 * Brings frames from WebSockets to servers and back, as they are: a message is whole frames. It knows of the protocol
 * what a login is, whom it names, and how a connection ends; the rest is between users and servers.
 */
export class Relay implements EngineHandler, MessageTaker<RelayedPeer> {
  readonly #parts: RelayParts;
  readonly #block: Float64Array;
  readonly #at: GatewayHandles;
  /** By connection to a server. */
  readonly #byConnection: (RelayedPeer | undefined)[];
  readonly #peers = new Set<RelayedPeer>();
  readonly #count: FrameCount = { frames: 0, lastAt: -1, moveAt: -1, end: 0 };
  readonly #closeBytes = new Uint8Array(frames.close.bytes[0]);
  /** Something happened since this was last cleared: whoever drives the relay looks again soon. */
  isBusy = false;

  constructor(parts: RelayParts) {
    this.#parts = parts;
    this.#block = parts.counters.block(0);
    this.#at = gatewayHandles(parts.counters);
    this.#byConnection = new Array(parts.engine.capacity);
    parts.engine.attach(this);
    this.#tellHosts();
  }

  /** WebSockets that are open. */
  get size(): number {
    return this.#peers.size;
  }

  count(metric: GatewayMetric, by = 1): void {
    this.#block[this.#at[metric]] += by;
  }

  /** A WebSocket of a client is open. */
  join(socket: Socket, address: number, head: Uint8Array): void {
    const peer = new RelayedPeer(socket, address, socket.remotePort ?? 0, this.#nowS());
    this.#peers.add(peer);
    this.count("connections");
    this.count("connectionsOpened");
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setTimeout(0);
    const { messageBytes } = this.#parts.limits;
    socket.on("data", (chunk: Uint8Array) => {
      if (peer.phase < PeerPhase.closing) peer.reader.take(chunk, messageBytes, peer, this);
    });
    socket.on("end", () => this.#left(peer));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#left(peer));
    if (head.length > 0) peer.reader.take(head, messageBytes, peer, this);
  }

  /** Ends what has taken too long. Once a second. */
  look(): void {
    const { limits } = this.#parts;
    const nowS = this.#nowS();
    for (const peer of this.#peers) {
      const seconds = nowS - peer.sinceS;
      if (peer.phase === PeerPhase.closing) {
        if (seconds > LINGER_S) peer.socket.destroy();
      } else if (peer.phase === PeerPhase.open && limits.loginS > 0 && seconds > limits.loginS) {
        this.close(peer, CloseCode.loginTimeout);
      } else if (peer.phase === PeerPhase.dialing && seconds > DIAL_S) {
        this.#parts.engine.abort(peer.connection);
      }
      if (peer.socket.writableLength === 0) peer.unreadSinceS = 0;
      else if (peer.unreadSinceS === 0) peer.unreadSinceS = nowS;
      else if (limits.readS > 0 && nowS - peer.unreadSinceS > limits.readS) this.#tooSlow(peer);
    }
    this.#tellHosts();
  }

  /** Ends some connections for a reason; returns whether any is left. */
  closeSome(most: number, code: CloseCode): boolean {
    let closed = 0;
    for (const peer of this.#peers) {
      if (peer.phase >= PeerPhase.closing) continue;
      if (closed++ === most) return true;
      this.close(peer, code);
    }
    return false;
  }

  /** Ends every connection without ceremony. */
  destroyAll(): void {
    for (const peer of this.#peers) peer.socket.destroy();
  }

  /** Tells a peer why their connection ends, and ends it. */
  close(peer: RelayedPeer, code: CloseCode, retryMs = RETRY_MS): void {
    if (peer.phase >= PeerPhase.closing) return;
    this.#countClosed(code);
    const values = { code, retryMs: code < 200 ? retryMs : 0 };
    const view = new DataView(this.#closeBytes.buffer);
    writeFrame(frames.close, view, 0, Math.floor(this.#parts.clock.wallMs()), values);
    peer.socket.write(binaryMessage(this.#closeBytes, NOTHING));
    this.#end(peer, WEB_SOCKET_CODES + code, closeCodeName(code));
  }

  // MessageTaker

  message(peer: RelayedPeer, bytes: Uint8Array): void {
    if (peer.phase >= PeerPhase.closing) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const problem = countFrames(view, 0, bytes.length, this.#count);
    if (problem !== 0) return this.close(peer, problem as CloseCode);
    const { frames: count, end } = this.#count;
    if (count === 0 || end < bytes.length) return this.close(peer, CloseCode.badMessage);
    this.count("framesIn", count);
    this.count("bytesIn", bytes.length);
    this.isBusy = true;
    if (peer.isLoggedIn) this.#parts.watch?.said(peer.user, opcodeOf(view, 0));
    if (peer.phase === PeerPhase.relaying) return this.#toServer(peer, bytes);
    if (peer.phase === PeerPhase.open && !this.#admit(peer, view)) return;
    peer.earlyBytes += bytes.length;
    if (peer.earlyBytes > MOST_EARLY_BYTES) return this.close(peer, CloseCode.serverLost);
    peer.early.push(bytes.slice());
    if (peer.phase === PeerPhase.open) this.#dial(peer);
  }

  pinged(peer: RelayedPeer, bytes: Uint8Array): void {
    this.#toUser(peer, pongMessage(bytes));
  }

  ended(peer: RelayedPeer): void {
    if (peer.phase >= PeerPhase.closing) return;
    this.count("peerEnded");
    this.#end(peer, SocketCode.normal);
  }

  broken(peer: RelayedPeer, code: number): void {
    if (peer.phase >= PeerPhase.closing) return;
    // A program that speaks WebSockets wrongly may not understand a frame either: its own code is all that it is told.
    this.#countClosed(CloseCode.badMessage);
    this.#end(peer, code);
  }

  // EngineHandler

  onWake(): void {}
  onAccept(): void {}
  onDrain(): void {}

  onConnect(connection: number): void {
    const peer = this.#byConnection[connection]!;
    const { engine, hosts, proxiedTo } = this.#parts;
    hosts.reached(peer.host);
    peer.phase = PeerPhase.relaying;
    if (proxiedTo !== undefined) {
      const at = engine.reserve(connection, PROXY_HEADER_BYTES);
      writeProxyHeader(engine.output.bytes, at, {
        source: peer.address,
        sourcePort: peer.port,
        destination: proxiedTo.address,
        destinationPort: proxiedTo.port,
      });
      engine.commit(connection, PROXY_HEADER_BYTES);
    }
    for (const bytes of peer.early) this.#toServer(peer, bytes);
    this.isBusy = true;
  }

  onBytes(connection: number, start: number, end: number): void {
    const peer = this.#byConnection[connection];
    if (peer === undefined || peer.phase !== PeerPhase.relaying) return;
    const { bytes, view } = this.#parts.engine.input;
    this.isBusy = true;
    if (peer.partial === undefined) return this.#fromServer(peer, bytes, view, start, end);
    const whole = new Uint8Array(peer.partial.length + end - start);
    whole.set(peer.partial);
    whole.set(bytes.subarray(start, end), peer.partial.length);
    peer.partial = undefined;
    this.#fromServer(peer, whole, new DataView(whole.buffer), 0, whole.length);
  }

  onEnd(connection: number): void {
    this.#parts.engine.close(connection);
  }

  onClose(connection: number, cause: CloseCause): void {
    const peer = this.#byConnection[connection];
    this.#byConnection[connection] = undefined;
    if (peer === undefined) return;
    peer.connection = -1;
    if (peer.phase === PeerPhase.dialing) return this.#dialFailed(peer, cause);
    if (peer.phase !== PeerPhase.relaying) return;
    this.count("serverClosed");
    // A server that ends a connection before the login, without a word, takes nobody: another one may.
    if (!peer.isLoggedIn && peer.serverCode === 0) return this.#dialFailed(peer, cause);
    if (peer.serverCode === 0) return this.close(peer, CloseCode.serverLost);
    // The server has said why, by a frame that is on its way already.
    this.#end(peer, WEB_SOCKET_CODES + peer.serverCode, closeCodeName(peer.serverCode));
  }

  /** Whether a first message may begin a connection to a server: it is a login, and not one of too many. */
  #admit(peer: RelayedPeer, view: DataView): boolean {
    const { login } = frames;
    if (opcodeOf(view, 0) !== login.opcode || view.getUint16(0) !== login.bytes[0]) {
      this.close(peer, CloseCode.loginExpected);
      return false;
    }
    peer.user = view.getUint32(login.at.user);
    const { door, clock } = this.#parts;
    const waitMs = door.login(peer.user, view.getUint32(login.at.mac), clock.monotonicMs());
    if (waitMs > 0) this.close(peer, CloseCode.tooManyLogins, Math.max(RETRY_MS, waitMs));
    return waitMs === 0;
  }

  #dial(peer: RelayedPeer): void {
    const { engine, hosts, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    const host = hosts.choose(peer.user, nowMs);
    if (host < 0) return this.close(peer, CloseCode.serverLost, Math.max(RETRY_MS, hosts.waitMs(nowMs)));
    const connection = engine.dial({ ...hosts.addressOf(host, peer.user), source: 0 });
    if (connection < 0) return this.close(peer, CloseCode.hostFull);
    this.count("serverDials");
    peer.host = host;
    peer.connection = connection;
    peer.phase = PeerPhase.dialing;
    peer.sinceS = this.#nowS();
    this.#byConnection[connection] = peer;
  }

  /** Another host is tried at once: this one is left out from now on. */
  #dialFailed(peer: RelayedPeer, cause: CloseCause): void {
    const { hosts, clock } = this.#parts;
    this.count("serverDialsFailed");
    // What this side lacks is no fault of the host.
    const isHosts = cause !== CloseCause.noDescriptor && cause !== CloseCause.noPort &&
      cause !== CloseCause.noMemory;
    if (isHosts) hosts.failed(peer.host, clock.monotonicMs());
    peer.phase = PeerPhase.open;
    if (!isHosts || ++peer.failedDials > hosts.all.length) return this.close(peer, CloseCode.serverLost);
    this.#dial(peer);
  }

  #toServer(peer: RelayedPeer, bytes: Uint8Array): void {
    if (peer.phase !== PeerPhase.relaying) return;
    const { engine } = this.#parts;
    const at = engine.reserve(peer.connection, bytes.length);
    if (at < 0) return this.close(peer, CloseCode.serverLost);
    engine.output.bytes.set(bytes, at);
    engine.commit(peer.connection, bytes.length);
  }

  #fromServer(peer: RelayedPeer, bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const count = this.#count;
    if (countFrames(view, start, end, count) !== 0) return this.close(peer, CloseCode.serverLost);
    if (count.end < end) peer.partial = bytes.slice(count.end, end);
    if (count.frames === 0) return;
    if (!peer.isLoggedIn && opcodeOf(view, start) === Opcode1.loginResult) {
      peer.isLoggedIn = true;
      peer.early = [];
      this.#parts.watch?.came(peer.user);
      this.count("users");
      this.count("logins");
    }
    // Whoever logs in again because of it must not come back to the same host.
    if (count.moveAt >= 0) this.#parts.hosts.leaves(peer.host, this.#parts.clock.monotonicMs());
    if (opcodeOf(view, count.lastAt) === Opcode1.close) {
      peer.serverCode = view.getUint32(count.lastAt + frames.close.at.code);
    }
    this.count("framesOut", count.frames);
    this.count("bytesOut", count.end - start);
    this.#toUser(peer, binaryMessage(bytes.subarray(start, count.end), NOTHING));
  }

  #toUser(peer: RelayedPeer, message: Uint8Array): void {
    if (peer.phase >= PeerPhase.closing) return;
    if (peer.socket.writableLength + message.length > this.#parts.limits.queueBytes) {
      return this.#tooSlow(peer);
    }
    peer.socket.write(message);
  }

  /** There is no room to tell them anything. */
  #tooSlow(peer: RelayedPeer): void {
    if (peer.phase < PeerPhase.closing) this.#countClosed(CloseCode.slowReader);
    peer.socket.destroy();
    this.#left(peer);
  }

  /** The last message is sent; the socket follows when it is read, or soon. */
  #end(peer: RelayedPeer, socketCode: number, reason?: string): void {
    peer.phase = PeerPhase.closing;
    peer.sinceS = this.#nowS();
    peer.socket.end(closeMessage(socketCode, reason));
    this.#leaveServer(peer);
  }

  /** The socket is gone, or its peer says no more. */
  #left(peer: RelayedPeer): void {
    if (peer.phase === PeerPhase.gone) return;
    peer.phase = PeerPhase.gone;
    this.#leaveServer(peer);
    this.#peers.delete(peer);
    this.count("connections", -1);
    this.count("connectionsClosed");
    peer.socket.destroy();
  }

  #leaveServer(peer: RelayedPeer): void {
    peer.early = [];
    peer.partial = undefined;
    if (peer.isLoggedIn) {
      peer.isLoggedIn = false;
      this.#parts.watch?.went(peer.user);
      this.count("users", -1);
    }
    if (peer.connection < 0) return;
    this.#byConnection[peer.connection] = undefined;
    this.#parts.engine.close(peer.connection);
    peer.connection = -1;
    this.isBusy = true;
  }

  #countClosed(code: CloseCode): void {
    this.count(closedMetric(closeCodeName(code)) as GatewayMetric);
  }

  #tellHosts(): void {
    const { up, all } = this.#parts.hosts;
    this.#block[this.#at.serversUp] = up;
    this.#block[this.#at.serversDown] = all.length - up;
  }

  #nowS(): number {
    return Math.floor(this.#parts.clock.monotonicMs() / 1_000);
  }
}
