import type { Engine } from "../engine/engine.ts";
import { record } from "../counters/histogram.ts";
import { CloseCode, LoginResult, Opcode, ShakeResult } from "../wire/codes.ts";
import type { FrameCursor } from "../wire/frame_cursor.ts";
import { Field, FRAME_BYTES, writeClaimRequest } from "../wire/version0.ts";
import { AwardKind, type AwardLog } from "./award_log.ts";
import { elapsedUs, type FleetUsers, UserState } from "./fleet_users.ts";
import { FleetMetric as M } from "./metrics.ts";
import { userIdOf, type UserSlice } from "./segment.ts";
import { Award, WonPackets } from "./won_packets.ts";

/** A frame was in order. Everything else that `take` returns is the metric of a fault. */
export const IN_ORDER = -1;

export interface ServerFramesParts {
  readonly engine: Engine;
  readonly users: FleetUsers;
  readonly slice: UserSlice;
  readonly block: Float64Array;
  readonly shakeLatency: Uint32Array;
  /** Whether notices are answered with claims. */
  readonly claims: boolean;
  readonly awards: AwardLog | undefined;
}

/** What each frame of a server means to a user. On the hot path: allocates nothing. */
export class ServerFrames {
  /** The pass's readings. */
  nowUs = 0;
  wallMs = 0;
  unixSeconds = 0;

  readonly #parts: ServerFramesParts;
  readonly #won = new WonPackets();

  constructor(parts: ServerFramesParts) {
    this.#parts = parts;
  }

  /** Takes the cursor's present frame, sent to a user on his connection. Returns `IN_ORDER` or a fault's metric. */
  take(connection: number, user: number, cursor: FrameCursor): number {
    const { view, at } = cursor;
    const isReady = this.#parts.users.state[user] === UserState.ready;
    if (cursor.opcode === Opcode.loginResponse) {
      return isReady ? M.badFramesUnexpected : this.#loggedIn(user, view, at);
    }
    if (!isReady) return M.badFramesUnexpected;
    switch (cursor.opcode) {
      case Opcode.shakeResponse:
        return this.#shaken(user, view, at);
      case Opcode.sendNotice:
        this.#noticed(connection, user, view.getUint32(at + Field.noticePacketId));
        return IN_ORDER;
      default:
        return this.#claimed(user, view, at);
    }
  }

  #loggedIn(user: number, view: DataView, at: number): number {
    const { users, slice, block } = this.#parts;
    if (view.getUint32(at + Field.userId) !== userIdOf(slice, user)) return M.badFramesWrongUser;
    if (view.getUint32(at + Field.result) !== LoginResult.ok) return M.loginsRefused;
    users.loggedIn(user, this.unixSeconds);
    users.attempt[user] = 0;
    block[M.usersReady]++;
    return IN_ORDER;
  }

  #shaken(user: number, view: DataView, at: number): number {
    const { users, slice, block } = this.#parts;
    if (view.getUint32(at + Field.userId) !== userIdOf(slice, user)) return M.badFramesWrongUser;
    let answer: number;
    switch (view.getUint32(at + Field.result)) {
      case ShakeResult.nothing:
        answer = M.shakesNothing;
        break;
      case ShakeResult.overloaded:
        answer = M.shakesOverloaded;
        break;
      case ShakeResult.allGone:
        answer = M.shakesAllGone;
        break;
      case ShakeResult.won:
        return this.#awarded(user, view, at);
      default:
        return M.badFramesUnknown;
    }
    if (users.unanswered[user] === 0) block[M.answersUnasked]++;
    else this.#answered(user, answer);
    return IN_ORDER;
  }

  /** An award answers a shake, unless it was known before or nobody asked. */
  #awarded(user: number, view: DataView, at: number): number {
    const { users, slice, block, awards } = this.#parts;
    const packetId = view.getUint32(at + Field.shakePacketId);
    const amountFen = view.getUint32(at + Field.shakeAmount);
    if (packetId === 0) return M.badFramesUnknown;
    const userId = userIdOf(slice, user);
    const award = this.#won.addTicket(packetId, userId);
    if (award === Award.repeated) {
      block[M.awardsRepeated]++;
      return IN_ORDER;
    }
    if (award === Award.double) block[M.awardsDouble]++;
    if (users.unanswered[user] === 0) block[M.awardsLate]++;
    else this.#answered(user, M.shakesWon);
    block[M.amountWonFen] += amountFen;
    if (awards?.add(userId, packetId, amountFen, AwardKind.shake, this.wallMs) === false) {
      block[M.awardsUnwritten]++;
    }
    return IN_ORDER;
  }

  #answered(user: number, answer: number): void {
    const { users, block, shakeLatency } = this.#parts;
    record(shakeLatency, elapsedUs(users.shift(user), this.nowUs));
    block[M.shakesOutstanding]--;
    block[M.shakesAnswered]++;
    block[answer]++;
  }

  #noticed(connection: number, user: number, packetId: number): void {
    const { engine, slice, block, claims } = this.#parts;
    block[M.noticesReceived]++;
    if (!claims) return;
    const at = engine.reserve(connection, FRAME_BYTES[Opcode.claimRequest]);
    if (at < 0) return; // a server that doesn't read; it repeats the notice after the next login
    const { view } = engine.output;
    const size = writeClaimRequest(view, at, this.unixSeconds, userIdOf(slice, user), packetId);
    engine.commit(connection, size);
    block[M.claimsSent]++;
    block[M.bytesOut] += size;
  }

  #claimed(user: number, view: DataView, at: number): number {
    const { slice, block, awards } = this.#parts;
    const packetId = view.getUint32(at + Field.claimedPacketId);
    const amountFen = view.getUint32(at + Field.claimedAmount);
    if (packetId === 0) return M.badFramesUnknown;
    if (amountFen === 0) {
      block[M.claimsEmpty]++;
      return IN_ORDER;
    }
    const userId = userIdOf(slice, user);
    if (this.#won.addShare(packetId, userId) === Award.repeated) {
      block[M.awardsRepeated]++;
      return IN_ORDER;
    }
    block[M.claimsPaid]++;
    block[M.amountClaimedFen] += amountFen;
    if (awards?.add(userId, packetId, amountFen, AwardKind.claim, this.wallMs) === false) {
      block[M.awardsUnwritten]++;
    }
    return IN_ORDER;
  }
}

/** The metric of what a frame cursor found wrong. */
export function framingFault(closeCode: number): number {
  switch (closeCode) {
    case CloseCode.frameTooShort:
      return M.badFramesTooShort;
    case CloseCode.frameTooLong:
      return M.badFramesTooLong;
    default:
      return M.badFramesUnknown;
  }
}
