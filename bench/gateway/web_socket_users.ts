import { systemClock } from "../../core/base/clock.ts";
import { openEngine } from "../../core/engine/choose.ts";
import type { Engine, EngineHandler, EngineName } from "../../core/engine/common/engine.ts";
import { BUCKET_COUNT, record } from "../../core/counters/histogram.ts";
import { Waker } from "../../core/threads/waker.ts";
import { Opcode1 } from "../../core/wire/v1/frames.ts";
import { frames } from "../../core/wire/v1/frames.ts";
import { writeLogin, writeShake } from "../../core/wire/v1/writers.ts";

/** A user of the load. */
const State = { none: 0, dialing: 1, upgrading: 2, loggingIn: 3, ready: 4 } as const;

/** Header of a masked binary message below 126 bytes. The mask is 0, so the payload stays as it is. */
const HEADER_BYTES = 6;
const FINAL_BINARY = 0x82;
const MASKED = 0x80;
const LONGEST_SHORT = 125;
const MOST_DIALS_A_PASS = 20;
const MOST_SHAKES_A_PASS = 200;
const LOOPBACK = 0x7f00_0001;
const encoder = new TextEncoder();

/** Most that is written at once: an upgrade. */
const ROOM_BYTES = 512;

export interface WebSocketUsersOptions {
  readonly engine: EngineName;
  readonly users: number;
  readonly port: number;
  readonly token: Uint8Array;
  readonly firstUser?: number;
}

/**
 * Users who shake through a gateway, as lean as can be: one thread, an engine, no object a message. They connect as fast
 * as they are answered, and shake by an absolute schedule, so that a stall shows in the latencies.
 */
export class WebSocketUsers implements EngineHandler {
  readonly engine: Engine;
  ready = 0;
  lost = 0;
  sent = 0;
  answered = 0;
  won = 0;
  others = 0;
  readonly latencyUs = new Uint32Array(BUCKET_COUNT);
  readonly #options: WebSocketUsersOptions;
  readonly #state: Uint8Array;
  readonly #userOf: Int32Array;
  readonly #connectionOf: Int32Array;
  /** By user: when the shake that they wait for was due; 0 for none. */
  readonly #dueMs: Float64Array;
  readonly #partial = new Map<number, Uint8Array>();
  #nextDial = 0;
  #dialing = 0;
  #nextShaker = 0;
  #perS = 0;
  #startMs = 0;
  #scheduled = 0;

  constructor(options: WebSocketUsersOptions) {
    const { engine, users } = options;
    this.#options = options;
    this.engine = openEngine(engine, { capacity: users, clock: systemClock, waker: new Waker() });
    this.engine.attach(this);
    this.#state = new Uint8Array(users);
    this.#userOf = new Int32Array(users);
    this.#connectionOf = new Int32Array(users).fill(-1);
    this.#dueMs = new Float64Array(users);
  }

  /** From now on so many shakes a second are due. */
  shakeAt(perS: number): void {
    this.#perS = perS;
    this.#scheduled = 0;
    this.#startMs = systemClock.monotonicMs();
  }

  /** One turn: dials, shakes that are due, and what came. */
  async pass(waitMs: number): Promise<void> {
    this.#dialSome();
    this.#shakeDue();
    await this.engine.poll(waitMs);
  }

  onWake(): void {}
  onAccept(): void {}
  onDrain(): void {}

  onConnect(connection: number): void {
    this.#state[connection] = State.upgrading;
    const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${this.#options.port}\r\nConnection: Upgrade\r\n` +
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const bytes = encoder.encode(request);
    this.#write(connection, (_view, at) => {
      this.engine.output.bytes.set(bytes, at);
      return bytes.length;
    });
  }

  onBytes(connection: number, start: number, end: number): void {
    const kept = this.#partial.get(connection);
    if (kept === undefined) return this.#read(connection, this.engine.input.bytes, start, end);
    const joined = new Uint8Array(kept.length + end - start);
    joined.set(kept);
    joined.set(this.engine.input.bytes.subarray(start, end), kept.length);
    this.#partial.delete(connection);
    this.#read(connection, joined, 0, joined.length);
  }

  onEnd(connection: number): void {
    this.engine.close(connection);
  }

  onClose(connection: number): void {
    this.#partial.delete(connection);
    if (this.#state[connection] !== State.ready) this.#dialing--;
    else this.ready--;
    this.lost++;
    this.#state[connection] = State.none;
    this.#connectionOf[this.#userOf[connection]] = -1;
  }

  #dialSome(): void {
    const { users, port } = this.#options;
    while (this.#nextDial < users && this.#dialing < MOST_DIALS_A_PASS) {
      const connection = this.engine.dial({ address: LOOPBACK, port, source: 0 });
      if (connection < 0) return;
      this.#state[connection] = State.dialing;
      this.#userOf[connection] = this.#nextDial;
      this.#connectionOf[this.#nextDial] = connection;
      this.#nextDial++;
      this.#dialing++;
    }
  }

  #shakeDue(): void {
    const nowMs = systemClock.monotonicMs();
    const due = Math.floor((nowMs - this.#startMs) * this.#perS / 1_000);
    const until = Math.min(due, this.#scheduled + MOST_SHAKES_A_PASS);
    for (; this.#scheduled < until; this.#scheduled++) {
      const user = this.#nextShaker;
      this.#nextShaker = (user + 1) % this.#options.users;
      const connection = this.#connectionOf[user];
      if (connection < 0 || this.#state[connection] !== State.ready || this.#dueMs[user] !== 0) continue;
      this.#dueMs[user] = this.#startMs + this.#scheduled * 1_000 / this.#perS;
      this.#send(connection, (view, at) => writeShake(view, at, 0, 1));
      this.sent++;
    }
  }

  #read(connection: number, bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    if (this.#state[connection] === State.upgrading) {
      at = endOfHead(bytes, start, end);
      if (at < 0) return void this.#partial.set(connection, bytes.slice(start, end));
      this.#state[connection] = State.loggingIn;
      const user = (this.#options.firstUser ?? 0) + this.#userOf[connection];
      this.#send(connection, (view, to) => writeLogin(view, to, 0, user, this.#options.token));
    }
    while (at < end) {
      const size = at + 2 <= end ? bytes[at + 1] & 0x7f : 0;
      if (size > LONGEST_SHORT) return this.engine.abort(connection);
      if (at + 2 > end || at + 2 + size > end) {
        return void this.#partial.set(connection, bytes.slice(at, end));
      }
      if (bytes[at] === FINAL_BINARY) this.#readFrames(connection, bytes, at + 2, at + 2 + size);
      else this.others++;
      at += 2 + size;
    }
  }

  #readFrames(connection: number, bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at + 4 <= end; at += (bytes[at] << 8) | bytes[at + 1]) {
      const opcode = (bytes[at + 2] << 8) | bytes[at + 3];
      if (opcode === Opcode1.loginResult) {
        this.#state[connection] = State.ready;
        this.#dialing--;
        this.ready++;
      } else if (opcode === Opcode1.shakeResult) {
        if (bytes[at + frames.shakeResult.at.result + 3] === 0) this.won++;
        const user = this.#userOf[connection];
        record(this.latencyUs, (systemClock.monotonicMs() - this.#dueMs[user]) * 1_000);
        this.#dueMs[user] = 0;
        this.answered++;
      } else this.others++;
    }
  }

  #send(connection: number, write: (view: DataView, at: number) => number): void {
    this.#write(connection, (view, at) => {
      const size = write(view, at + HEADER_BYTES);
      view.setUint8(at, FINAL_BINARY);
      view.setUint8(at + 1, MASKED | size);
      view.setUint32(at + 2, 0);
      return HEADER_BYTES + size;
    });
  }

  #write(connection: number, write: (view: DataView, at: number) => number): void {
    const at = this.engine.reserve(connection, ROOM_BYTES);
    if (at >= 0) this.engine.commit(connection, write(this.engine.output.view, at));
  }
}

/** Where the head of an HTTP answer ends; -1 if it doesn't yet. */
function endOfHead(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 4 <= end; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) {
      return at + 4;
    }
  }
  return -1;
}
