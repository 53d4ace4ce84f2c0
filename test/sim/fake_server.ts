/** A server of a few lines for tests of the fleet: it answers every login and shake at once, or as a test says. */
import { assert } from "../../core/base/assert.ts";
import type { CloseCause, Engine } from "../../core/engine/common/engine.ts";
import { LoginResult, Opcode, Result, ShakeResult } from "../../core/wire/codes.ts";
import {
  Field,
  requestFrames,
  writeClaimResponse,
  writeLoginResponse,
  writeSendNotice,
  writeShakeResponse,
} from "../../core/wire/version0.ts";
import { frames, Opcode1, PROTOCOL_VERSION } from "../../core/wire/v1/frames.ts";
import { FrameServer, type Writer } from "./frame_server.ts";
import { writeLoginResult, writeShakeResult } from "../../core/wire/v1/writers.ts";

const UNIX_SECONDS = 1_700_000_000;
/** What a version 1 client of these tests sends. */
const REQUESTS1 = [frames.login, frames.shake, frames.open, frames.delivered];
/** Version 1's names for version 0's results. */
const RESULTS1: Readonly<Record<number, number>> = {
  [ShakeResult.won]: Result.ok,
  [ShakeResult.nothing]: Result.nothing,
  [ShakeResult.allGone]: Result.allGone,
  [ShakeResult.overloaded]: Result.overloaded,
};

/** An answer to a shake, at once or later. */
export interface ShakeReply {
  /** One of `ShakeResult`, in either version; `won` if there is a packet, else `nothing`. */
  readonly result?: number;
  readonly packetId?: number;
  readonly amountFen?: number;
  readonly afterMs?: number;
  /** Another request id than the shake's. */
  readonly requestId?: number;
}

/** What the server does beside the ordinary. */
export interface Behaviour {
  /** Answers a shake, or doesn't (`undefined`); several answers to one shake are a fault of the server. */
  shake?(userId: number, requestId: number): number | ShakeReply | readonly ShakeReply[] | undefined;
  /** What follows a login's answer, or comes instead of it. */
  afterLogin?(userId: number, connection: number): Writer | undefined;
  instead?(userId: number): Writer | undefined;
  /** What a claim brings. */
  claim?(userId: number, packetId: number): number;
}

/** See the top of the file. */
export class FakeServer extends FrameServer {
  readonly claims: [user: number, packet: number][] = [];
  readonly #behaviour: Behaviour;
  /** By connection: the how manieth login of all it had. */
  readonly #sessionOf = new Map<number, number>();

  readonly #later: (ms: number, act: () => void) => void;

  /** @param later does something after some time; without it all answers come at once */
  constructor(
    engine: Engine,
    behaviour: Behaviour = {},
    later = (_ms: number, act: () => void): void => act(),
  ) {
    const table = requestFrames();
    for (const { opcode, bytes } of REQUESTS1) table.allow(opcode, ...bytes);
    super(engine, table);
    this.#behaviour = behaviour;
    this.#later = later;
  }

  override onClose(connection: number, cause: CloseCause): void {
    super.onClose(connection, cause);
    this.#sessionOf.delete(connection);
  }

  protected onFrame(connection: number): void {
    const { view, at, opcode } = this.cursor;
    if (opcode === Opcode1.login) {
      return this.#onLogin(connection, view.getUint32(at + frames.login.at.user), 1);
    }
    if (opcode === Opcode1.shake) {
      return this.#onShake(connection, 1, view.getUint32(at + frames.shake.at.requestId));
    }
    if (opcode >= Opcode1.login) return;
    const userId = view.getUint32(at + Field.userId);
    if (opcode === Opcode.loginRequest) return this.#onLogin(connection, userId, 0);
    assert(this.userOf.get(connection) === userId, "a frame carries its connection's user, after the login");
    if (opcode === Opcode.shakeRequest) this.#onShake(connection, 0, 0);
    else this.#onClaim(connection, userId, view.getUint32(at + Field.claimPacketId));
  }

  #onLogin(connection: number, userId: number, version: number): void {
    assert(!this.userOf.has(connection), "a connection has one login, its first frame");
    this.userOf.set(connection, userId);
    this.#sessionOf.set(connection, this.logins.length);
    this.logins.push(userId);
    const instead = this.#behaviour.instead?.(userId);
    if (instead !== undefined) return this.send(connection, instead);
    this.send(
      connection,
      version === 0
        ? loginResponse(userId)
        : (view, at) => writeLoginResult(view, at, 0, userId, PROTOCOL_VERSION),
    );
    const more = this.#behaviour.afterLogin?.(userId, connection);
    if (more !== undefined) this.send(connection, more);
  }

  #onShake(connection: number, version: number, requestId: number): void {
    const userId = this.userOf.get(connection)!;
    this.shakes.push(userId);
    const said = this.#behaviour.shake === undefined
      ? ShakeResult.nothing
      : this.#behaviour.shake(userId, requestId);
    if (said === undefined) return;
    const replies = typeof said === "number" ? [{ result: said }] : "length" in said ? said : [said];
    for (const reply of replies) {
      const write = shakeReply(version, userId, requestId, reply);
      const session = this.#sessionOf.get(connection);
      // Whoever has logged in since may have the same connection number.
      const answer = () => void (this.#sessionOf.get(connection) === session && this.send(connection, write));
      if (reply.afterMs === undefined) answer();
      else this.#later(reply.afterMs, answer);
    }
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

function shakeReply(version: number, userId: number, shakeId: number, reply: ShakeReply): Writer {
  const { packetId = 0, amountFen = 0, requestId = shakeId } = reply;
  const { result = packetId === 0 ? ShakeResult.nothing : ShakeResult.won } = reply;
  return (view, at) =>
    version === 0
      ? writeShakeResponse(view, at, UNIX_SECONDS, userId, result, packetId, amountFen)
      : writeShakeResult(view, at, 0, requestId, RESULTS1[result], packetId, amountFen, 0);
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
