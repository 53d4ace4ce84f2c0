import { listOfServers } from "../../core/gateway/relay/server_hosts.ts";
import assert from "node:assert/strict";
import { chooseEngine } from "../../core/engine/choose.ts";
import { ManualClock, sleep, systemClock } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { type GatewayOptions, RunningGateway } from "../../core/gateway/running_gateway.ts";
import type { DoorPlugin } from "../../core/plugin/doors.ts";
import throttle from "../../plugins/throttle/mod.ts";
import { HEADER_BYTES } from "../../core/wire/schema.ts";
import { type Values, writeFrame } from "../../core/wire/frame_codec.ts";
import type { Fields, Frame } from "../../core/wire/schema.ts";
import { frames } from "../../core/wire/v1/frames.ts";

const LOOPBACK = 0x7f00_0001;
const FIRST_CODE = 4_000;

/** A frame's bytes. */
export function frameOf<F extends Fields>(frame: Frame<F>, values: Values<F>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(frame.bytes[1]);
  return bytes.subarray(0, writeFrame(frame, new DataView(bytes.buffer), 0, 0, values));
}

export function loginOf(user: number): Uint8Array<ArrayBuffer> {
  return frameOf(frames.login, { version: 1, user, keyId: 0, expiresMs: 0, mac: new Uint8Array(32) });
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A server that a test plays by hand: it takes connections and says what it is told to. */
export class HandServer implements Disposable {
  readonly listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  readonly #waiting: Deno.TcpConn[] = [];

  get port(): number {
    return this.listener.addr.port;
  }

  /** The next connection. */
  async accept(): Promise<Deno.TcpConn> {
    const connection = await this.listener.accept();
    this.#waiting.push(connection);
    return connection;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#waiting) tryTo(() => connection.close());
    tryTo(() => this.listener.close());
  }
}

/** Reads so many bytes. */
export async function readBytes(connection: Deno.TcpConn, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = await connection.read(bytes.subarray(at));
    assert.notEqual(read, null, "the connection stands");
    at += read!;
  }
  return bytes;
}

/** The rates at the door that a test wants. */
export function throttleDoor(config: Record<string, number>): DoorPlugin[] {
  const { door: definition, name } = throttle;
  return [{ name, definition: definition!, config: definition!.config.parse(config) }];
}

/** A gateway in this process, whose clock stands until it is moved. */
export class GatewayWorld implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly gateway: RunningGateway;

  private constructor(clock: ManualClock, gateway: RunningGateway) {
    this.clock = clock;
    this.gateway = gateway;
  }

  static async start(ports: readonly number[], options: Partial<GatewayOptions> = {}): Promise<GatewayWorld> {
    const clock = new ManualClock(systemClock.wallMs());
    const gateway = await RunningGateway.start({
      listen: { hostname: "127.0.0.1", port: 0 },
      servers: listOfServers(ports.map((port) => ({ address: LOOPBACK, port }))),
      engine: chooseEngine("auto", () => {}),
      capacity: 20,
      limits: { messageBytes: 8_192, queueBytes: 65_536, loginS: 10, readS: 20 },
      origins: [],
      doorPlugins: throttleDoor({ addressAcceptsPerS: 0, userLoginsPerMinute: 1e6, userLoginBurst: 1e6 }),
      sendsProxyProtocol: false,
      clock,
      random: new Random(1),
      ...options,
    });
    return new GatewayWorld(clock, gateway);
  }

  get address(): string {
    return `127.0.0.1:${this.gateway.address.port}`;
  }

  total(metric: string): number {
    return this.gateway.counters.total(metric);
  }

  /** Time passes; what has taken too long by then ends. */
  pass(ms: number): void {
    this.clock.advance(ms);
    this.gateway.relay.look();
  }

  /** Waits until something is so: what the network does takes a moment. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await sleep(1);
  }

  async peer(headers: Record<string, string> = {}): Promise<SocketPeer> {
    const peer = new SocketPeer(`ws://${this.address}/`, headers);
    await peer.opened;
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.stop();
  }
}

/** A WebSocket that a test writes to by hand. */
export class SocketPeer {
  readonly socket: WebSocket;
  readonly opened: Promise<unknown>;
  /** How it ended: a code of the protocol, or of WebSockets as it is. */
  readonly closed: Promise<number>;
  readonly #messages: Uint8Array[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(address: string, headers: Record<string, string> = {}) {
    const { promise: opened, resolve: isOpen, reject: failed } = Promise.withResolvers<unknown>();
    const { promise: closed, resolve: isClosed } = Promise.withResolvers<number>();
    this.opened = opened;
    this.closed = closed;
    opened.catch(() => {});
    this.socket = new WebSocket(address, { headers } as unknown as string[]);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = isOpen;
    this.socket.onerror = () => failed(new Error("the WebSocket is refused"));
    this.socket.onclose = ({ code }) => isClosed(code > FIRST_CODE ? code - FIRST_CODE : code);
    this.socket.onmessage = ({ data }) => {
      this.#messages.push(new Uint8Array(data));
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    };
  }

  send(bytes: Uint8Array<ArrayBuffer> | string): this {
    this.socket.send(bytes);
    return this;
  }

  /** The next message. */
  async next(): Promise<Uint8Array> {
    while (this.#messages.length === 0) await this.#wake.promise;
    return this.#messages.shift()!;
  }

  /** What a `close` frame that comes next says, and that the connection then ends for it. */
  async refusal(): Promise<number> {
    const bytes = await this.next();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    assert.deepEqual([bytes.length, view.getUint16(2)], [HEADER_BYTES + 8, frames.close.opcode]);
    const code = view.getUint32(frames.close.at.code);
    assert.equal(await this.closed, code);
    return code;
  }
}

function tryTo(work: () => void): void {
  try {
    work();
  } catch {
    // closed already
  }
}
