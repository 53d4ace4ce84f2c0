import type { Engine } from "../../engine/common/engine.ts";
import { isForLater, MoveScope, Result } from "../../wire/codes.ts";
import type { FrameCursor } from "../../wire/frame_cursor.ts";
import { frames, Opcode1 } from "../../wire/v1/frames.ts";
import { writeDelivered } from "../../wire/v1/writers.ts";
import type { FleetMoves } from "../connect/moves.ts";
import type { FleetOpens } from "../act/opens.ts";
import type { FleetSends } from "../act/sends.ts";
import type { FleetPasses } from "../connect/passes.ts";
import type { FleetFollow } from "../follow/follow.ts";
import type { FleetTime } from "../state/fleet_time.ts";
import { UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import { userIdOf } from "../../base/segment.ts";
import { type FrameTaker, IN_ORDER, type ServerFramesParts } from "./server_frames.ts";

export interface ServerFrames1Parts extends ServerFramesParts {
  readonly engine: Engine;
  readonly block: Float64Array;
  readonly time: FleetTime;
  readonly sends: FleetSends;
  readonly opens: FleetOpens;
  readonly follow: FleetFollow;
  readonly passes: FleetPasses;
  /** Without a host list users know nowhere else to go. */
  readonly moves: FleetMoves | undefined;
}

/** What each version 1 frame of a server means to a user. */
export class ServerFrames1 implements FrameTaker {
  readonly #parts: ServerFrames1Parts;

  constructor(parts: ServerFrames1Parts) {
    this.#parts = parts;
  }

  take(connection: number, user: number, cursor: FrameCursor): number {
    const { view, at, opcode } = cursor;
    const { users, block } = this.#parts;
    const isReady = users.state[user] === UserState.ready;
    if (opcode === Opcode1.close) {
      block[M.serverCloses]++;
      return IN_ORDER;
    }
    if (opcode === Opcode1.loginResult) {
      return isReady ? M.badFramesUnexpected : this.#loggedIn(user, view, at);
    }
    if (!isReady) return M.badFramesUnexpected;
    switch (opcode) {
      case Opcode1.shakeResult:
        return this.#shaken(connection, user, cursor);
      case Opcode1.openResult:
        return this.#opened(connection, user, view, at);
      case Opcode1.pass:
        return this.#parts.passes.heard(user, view, at) ? IN_ORDER : M.badFramesWrongUser;
      case Opcode1.notice:
        this.#parts.claims.noticed(user, view.getUint32(at + frames.notice.at.packetId));
        return IN_ORDER;
      case Opcode1.claimResult:
        return this.#claimed(connection, user, view, at);
      case Opcode1.sendResult:
        this.#parts.sends.answered(
          view.getUint32(at + frames.sendResult.at.requestId),
          view.getUint32(at + frames.sendResult.at.result),
        );
        return IN_ORDER;
      case Opcode1.chatResult:
        block[
          view.getUint32(at + frames.chatResult.at.result) === Result.ok ? M.chatsTaken : M.chatsRefused
        ]++;
        return IN_ORDER;
      case Opcode1.chatMessage:
        block[M.chatsReceived]++;
        return IN_ORDER;
      case Opcode1.move:
        this.#parts.moves?.told(
          user,
          view.getUint32(at + frames.move.at.withinMs),
          view.getUint32(at + frames.move.at.scope) === MoveScope.cluster,
        );
        return IN_ORDER;
      case Opcode1.cue:
        this.#parts.follow.heardCue(user, view, at);
        return IN_ORDER;
      case Opcode1.policy:
        this.#parts.follow.heardPolicy(user, view, at);
        return IN_ORDER;
      case Opcode1.resources:
        this.#parts.follow.heardResources(view, at);
        return IN_ORDER;
      case Opcode1.pong:
        this.#parts.follow.clocks.answered(user, view, at);
        return IN_ORDER;
      case Opcode1.expired:
        block[M.packetsExpired]++;
        return IN_ORDER;
      default:
        return M.badFramesUnexpected; // the answer to something that a fleet doesn't ask
    }
  }

  #loggedIn(user: number, view: DataView, at: number): number {
    const { slice, answers } = this.#parts;
    if (view.getUint32(at + frames.loginResult.at.user) !== userIdOf(slice, user)) {
      return M.badFramesWrongUser;
    }
    answers.loggedIn(user);
    this.#parts.follow.loggedIn(user);
    if (this.#parts.moves === undefined) return IN_ORDER;
    this.#parts.moves.loggedIn(user);
    this.#parts.opens.moved(user);
    return IN_ORDER;
  }

  #shaken(connection: number, user: number, { view, at, length }: FrameCursor): number {
    const { answers } = this.#parts;
    const requestId = view.getUint32(at + frames.shakeResult.at.requestId);
    const result = view.getUint32(at + frames.shakeResult.at.result);
    if (result === Result.ok) {
      const packetId = view.getUint32(at + frames.shakeResult.at.packetId);
      if (packetId === 0) return M.badFramesUnknown;
      answers.awarded(user, requestId, packetId, view.getUint32(at + frames.shakeResult.at.amountFen));
      // Who opens it says so when it is open: if that answer is lost, they are told of the packet again.
      if (!this.#parts.opens.awarded(user, packetId)) this.#confirm(connection, packetId);
    } else if (result === Result.nothing) answers.shaken(user, requestId, M.shakesNothing);
    else if (result === Result.greeting) {
      // A greeting says what to show.
      if (length < frames.shakeResult.at.resource + 4) return M.badFramesTooShort;
      answers.shaken(user, requestId, M.shakesGreeted);
    } else if (result === Result.allGone) answers.shaken(user, requestId, M.shakesAllGone);
    else if (isForLater(result)) {
      answers.shaken(user, requestId, M.shakesOverloaded, view.getUint32(at + frames.shakeResult.at.retryMs));
    } else return M.badFramesUnknown;
    return IN_ORDER;
  }

  #opened(connection: number, user: number, view: DataView, at: number): number {
    const packetId = view.getUint32(at + frames.openResult.at.packetId);
    const isOpen = this.#parts.opens.answered(
      user,
      packetId,
      view.getUint32(at + frames.openResult.at.result),
      view.getUint32(at + frames.openResult.at.amountFen),
      view.getUint32(at + frames.openResult.at.retryMs),
    );
    if (isOpen) this.#confirm(connection, packetId);
    return IN_ORDER;
  }

  /** Says that the user knows of their packet or share; without room the server tells them again. */
  #confirm(connection: number, packetId: number): void {
    const { engine, block, time } = this.#parts;
    const at = engine.reserve(connection, frames.delivered.bytes[0]);
    if (at < 0) return;
    const size = writeDelivered(engine.output.view, at, time.wallMs, packetId);
    engine.commit(connection, size);
    block[M.bytesOut] += size;
  }

  #claimed(connection: number, user: number, view: DataView, at: number): number {
    const packetId = view.getUint32(at + frames.claimResult.at.packetId);
    if (packetId === 0) return M.badFramesUnknown;
    if (view.getUint32(at + frames.claimResult.at.result) === Result.ok) this.#confirm(connection, packetId);
    this.#parts.claims.answered(
      user,
      packetId,
      view.getUint32(at + frames.claimResult.at.result),
      view.getUint32(at + frames.claimResult.at.amountFen),
      view.getUint32(at + frames.claimResult.at.retryMs),
    );
    return IN_ORDER;
  }
}
