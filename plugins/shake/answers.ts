import {
  Field,
  Result,
  SessionField,
  type SetContext,
  ShakeResult,
  writeShakeResponse,
  writeShakeResult,
} from "../../core/plugin/plugin.ts";

/** Version 1's names for version 0's results. */
const RESULTS: Readonly<Record<number, number>> = {
  [ShakeResult.won]: Result.ok,
  [ShakeResult.nothing]: Result.nothing,
  [ShakeResult.allGone]: Result.allGone,
  [ShakeResult.overloaded]: Result.overloaded,
};

/** Writes the answers to shakes, in the version of whoever shook. */
export class Answers {
  readonly #set: SetContext;
  readonly #retryMs: number;

  /** @param retryMs how long one who was refused is asked to wait, in ms */
  constructor(set: SetContext, retryMs: number) {
    this.#set = set;
    this.#retryMs = retryMs;
  }

  /** The number that a version 1 user gave to the request at `request[at]`; 0 for version 0. */
  tagOf(connection: number, request: DataView, at: number): number {
    return this.#set.versionOf(connection) === 0 ? 0 : request.getUint32(at + SessionField.shakeRequestId);
  }

  /** The answer to a shake that is decided at once. Returns its size in bytes. */
  now(
    connection: number,
    request: DataView,
    at: number,
    reply: DataView,
    replyAt: number,
    result: number,
  ): number {
    if (this.#set.versionOf(connection) === 0) {
      const user = request.getUint32(at + Field.userId);
      return writeShakeResponse(reply, replyAt, this.#set.unixSeconds, user, result, 0, 0);
    }
    const tag = request.getUint32(at + SessionField.shakeRequestId);
    return this.later(connection, reply, replyAt, tag, result, 0, 0);
  }

  /** The answer to a shake whose request is gone. Returns its size in bytes. */
  later(
    connection: number,
    reply: DataView,
    replyAt: number,
    tag: number,
    result: number,
    packetId: number,
    amountFen: number,
  ): number {
    const set = this.#set;
    if (set.versionOf(connection) === 0) {
      const user = set.userOf(connection);
      return writeShakeResponse(reply, replyAt, set.unixSeconds, user, result, packetId, amountFen);
    }
    // Whoever refused the frame may know better when there is room again.
    const retryMs = result === ShakeResult.overloaded
      ? Math.max(this.#retryMs, Math.ceil(set.retryAfterMs))
      : 0;
    set.retryAfterMs = 0;
    const result1 = RESULTS[result];
    return writeShakeResult(reply, replyAt, set.unixMs, tag, result1, packetId, amountFen, retryMs);
  }
}
