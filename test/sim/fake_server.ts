/** A server of a few lines for tests of the fleet: it answers every login and shake at once, or as a test says. */
import { assert } from "../../core/base/assert.ts";
import type { CloseCause, Engine, EngineHandler } from "../../core/engine/common/engine.ts";
import { LoginResult, Opcode, ShakeResult } from "../../core/wire/codes.ts";
import { FrameCursor, WHOLE_FRAME } from "../../core/wire/frame_cursor.ts";
import {
  Field,
  requestFrames,
  writeClaimResponse,
  writeLoginResponse,
  writeSendNotice,
  writeShakeResponse,
} from "../../core/wire/version0.ts";

const MAX_REPLY_BYTES = 256;
const UNIX_SECONDS = 1_700_000_000;

/** Writes frames to a connection at an offset and returns their size in bytes. */
export type Writer = (view: DataView, at: number) => number;

/** What the server does beside the ordinary. */
export interface Behaviour {
  /** Answers a shake: a result, a packet of so many fen, or nothing at all (`undefined`). */
  shake?(userId: number): number | { packetId: number; amountFen: number } | undefined;
  /** What follows a login's answer, or comes instead of it. */
  afterLogin?(userId: number, connection: number): Writer | undefined;
  instead?(userId: number): Writer | undefined;
  /** What a claim brings. */
  claim?(userId: number, packetId: number): number;
}

/** See the top of the file. */
export class FakeServer implements EngineHandler {
  readonly logins: number[] = [];
  readonly claims: [user: number, packet: number][] = [];
  /** User ids in the order of their shakes. */
  readonly shakes: number[] = [];
  open = 0;
  readonly #engine: Engine;
  readonly #behaviour: Behaviour;
  readonly #cursor: FrameCursor;
  readonly #userOf = new Map<number, number>();

  constructor(engine: Engine, behaviour: Behaviour = {}) {
    this.#engine = engine;
    this.#behaviour = behaviour;
    this.#cursor = new FrameCursor(requestFrames(), engine.capacity, engine.maxReadBytes);
    engine.attach(this);
  }

  onWake(): void {}
  onDrain(): void {}

  onAccept(): void {
    this.open++;
  }

  onConnect(): void {
    assert(false, "a server dials nobody");
  }

  onEnd(connection: number): void {
    this.#engine.close(connection);
  }

  onClose(connection: number, _cause: CloseCause): void {
    this.open--;
    this.#cursor.forget(connection);
    this.#userOf.delete(connection);
  }

  onBytes(connection: number, start: number, end: number): void {
    const { input } = this.#engine;
    this.#cursor.load(connection, input.bytes, input.view, start, end);
    while (this.#cursor.next() === WHOLE_FRAME) this.#onFrame(connection);
  }

  /** Sends something to a connection. */
  send(connection: number, write: Writer): void {
    const at = this.#engine.reserve(connection, MAX_REPLY_BYTES);
    assert(at >= 0, "the fleet reads its answers");
    this.#engine.commit(connection, write(this.#engine.output.view, at));
  }

  #onFrame(connection: number): void {
    const { view, at, opcode } = this.#cursor;
    const userId = view.getUint32(at + Field.userId);
    if (opcode === Opcode.loginRequest) return this.#onLogin(connection, userId);
    assert(this.#userOf.get(connection) === userId, "a frame carries its connection's user, after the login");
    if (opcode === Opcode.shakeRequest) this.#onShake(connection, userId);
    else this.#onClaim(connection, userId, view.getUint32(at + Field.claimPacketId));
  }

  #onLogin(connection: number, userId: number): void {
    assert(!this.#userOf.has(connection), "a connection has one login, its first frame");
    this.#userOf.set(connection, userId);
    this.logins.push(userId);
    const instead = this.#behaviour.instead?.(userId);
    if (instead !== undefined) return this.send(connection, instead);
    this.send(connection, loginResponse(userId));
    const more = this.#behaviour.afterLogin?.(userId, connection);
    if (more !== undefined) this.send(connection, more);
  }

  #onShake(connection: number, userId: number): void {
    this.shakes.push(userId);
    const answer = this.#behaviour.shake === undefined ? ShakeResult.nothing : this.#behaviour.shake(userId);
    if (answer === undefined) return;
    this.send(
      connection,
      typeof answer === "number"
        ? shakeResponse(userId, answer)
        : award(userId, answer.packetId, answer.amountFen),
    );
  }

  #onClaim(connection: number, userId: number, packetId: number): void {
    this.claims.push([userId, packetId]);
    const amountFen = this.#behaviour.claim?.(userId, packetId) ?? 0;
    this.send(connection, claimResponse(packetId, amountFen));
  }
}

export function loginResponse(userId: number, result: number = LoginResult.ok): Writer {
  return (view, at) => writeLoginResponse(view, at, UNIX_SECONDS, userId, result);
}

export function shakeResponse(userId: number, result: number): Writer {
  return (view, at) => writeShakeResponse(view, at, UNIX_SECONDS, userId, result, 0, 0);
}

export function award(userId: number, packetId: number, amountFen: number): Writer {
  return (view, at) =>
    writeShakeResponse(view, at, UNIX_SECONDS, userId, ShakeResult.won, packetId, amountFen);
}

export function notice(userId: number, packetId: number, amountFen: number): Writer {
  return (view, at) => writeSendNotice(view, at, UNIX_SECONDS, packetId, amountFen, userId);
}

export function claimResponse(packetId: number, amountFen: number): Writer {
  return (view, at) => writeClaimResponse(view, at, UNIX_SECONDS, packetId, amountFen);
}

/** One frame after the other. */
export function inTurn(...writers: Writer[]): Writer {
  return (view, at) => {
    let size = 0;
    for (const write of writers) size += write(view, at + size);
    return size;
  };
}
