import { CloseCode, LoginResult, Opcode, ShakeResult } from "../../wire/codes.ts";
import type { FrameCursor } from "../../wire/frame_cursor.ts";
import { Field } from "../../wire/version0.ts";
import type { FleetClaims } from "../act/claims.ts";
import { type FleetUsers, UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import { userIdOf, type UserSlice } from "../../base/segment.ts";
import type { OpenShakes } from "../state/open_shakes.ts";
import type { UserAnswers } from "../state/user_answers.ts";

/** A frame was in order. Everything else that `take` returns is the metric of a fault. */
export const IN_ORDER = -1;

/** Takes the cursor's present frame, sent to a user on their connection. Returns `IN_ORDER` or a fault's metric. */
export interface FrameTaker {
  take(connection: number, user: number, cursor: FrameCursor): number;
}

export interface ServerFramesParts {
  readonly users: FleetUsers;
  readonly shakes: OpenShakes;
  readonly slice: UserSlice;
  readonly answers: UserAnswers;
  readonly claims: FleetClaims;
}

/** What each version 0 frame of a server means to a user. On the hot path: allocates nothing. */
export class ServerFrames implements FrameTaker {
  readonly #parts: ServerFramesParts;
  /** The server answers shakes with notices, as the public prototype's does: it was seen to have that one's habits. */
  #answersByNotice = false;

  constructor(parts: ServerFramesParts) {
    this.#parts = parts;
  }

  take(_connection: number, user: number, cursor: FrameCursor): number {
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
        return this.#noticed(user, view, at);
      default:
        return this.#claimed(user, view, at);
    }
  }

  #loggedIn(user: number, view: DataView, at: number): number {
    const { slice, answers } = this.#parts;
    if (view.getUint32(at + Field.userId) !== userIdOf(slice, user)) return M.badFramesWrongUser;
    if (view.getUint32(at + Field.result) !== LoginResult.ok) return M.loginsRefused;
    answers.loggedIn(user);
    return IN_ORDER;
  }

  #shaken(user: number, view: DataView, at: number): number {
    const { slice, answers } = this.#parts;
    const result = view.getUint32(at + Field.result);
    const named = view.getUint32(at + Field.userId);
    // The public prototype's server writes its wins before anybody shakes, and leaves the user 0.
    if (named !== userIdOf(slice, user)) {
      if (named !== 0 || result !== ShakeResult.won) return M.badFramesWrongUser;
      this.#answersByNotice = true;
    }
    switch (result) {
      case ShakeResult.nothing:
        answers.shaken(user, 0, M.shakesNothing);
        return IN_ORDER;
      case ShakeResult.overloaded:
        answers.shaken(user, 0, M.shakesOverloaded);
        return IN_ORDER;
      case ShakeResult.allGone:
        answers.shaken(user, 0, M.shakesAllGone);
        return IN_ORDER;
      case ShakeResult.won: {
        const packetId = view.getUint32(at + Field.shakePacketId);
        if (packetId === 0) return M.badFramesUnknown;
        answers.awarded(user, 0, packetId, view.getUint32(at + Field.shakeAmount));
        return IN_ORDER;
      }
      default:
        return M.badFramesUnknown;
    }
  }

  /**
   * Our notices come beside answers, and name their user first. The public prototype's server gives one to whoever
   * shakes next, and nothing else for that shake.
   */
  #noticed(user: number, view: DataView, at: number): number {
    const { slice, shakes, answers, claims } = this.#parts;
    this.#answersByNotice ||= view.getUint32(at + Field.noticeUsers) !== userIdOf(slice, user);
    if (this.#answersByNotice && shakes.count(user) > 0) answers.shaken(user, 0, M.shakesNoticed);
    claims.noticed(user, view.getUint32(at + Field.noticePacketId));
    return IN_ORDER;
  }

  #claimed(user: number, view: DataView, at: number): number {
    const packetId = view.getUint32(at + Field.claimedPacketId);
    if (packetId === 0) return M.badFramesUnknown;
    this.#parts.claims.answered(user, packetId, 0, view.getUint32(at + Field.claimedAmount), 0);
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
