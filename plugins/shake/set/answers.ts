import {
  frames,
  Result,
  type SetContext,
  ShakeResult,
  writeShakeResponse,
  writeShakeResult,
  writeShakeWon,
} from "../../../core/plugin/plugin.ts";

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
    return this.#set.versionOf(connection) === 0 ? 0 : request.getUint32(at + frames.shake.at.requestId);
  }

  /**
   * Writes an answer; returns its size in bytes.
   *
   * @param retryAfterMs when whoever refused the shake lets it come again, in ms
   */
  write(
    connection: number,
    reply: DataView,
    replyAt: number,
    tag: number,
    result: number,
    packetId: number,
    amountFen: number,
    retryAfterMs = 0,
  ): number {
    const set = this.#set;
    if (set.versionOf(connection) === 0) {
      const user = set.userOf(connection);
      return writeShakeResponse(reply, replyAt, set.unixSeconds, user, result, packetId, amountFen);
    }
    // Whoever refused the frame may know better when there is room again.
    const retryMs = result === ShakeResult.overloaded ? Math.max(this.#retryMs, retryAfterMs) : 0;
    const result1 = RESULTS[result];
    return writeShakeResult(reply, replyAt, set.unixMs, tag, result1, packetId, amountFen, retryMs);
  }

  /**
   * Tells a winner; returns the size in bytes.
   *
   * @param resource what to show for it, 0 for nothing; version 0 has no room for that
   */
  writeWon(
    connection: number,
    reply: DataView,
    replyAt: number,
    tag: number,
    packetId: number,
    amountFen: number,
    sponsor: number,
    resource: number,
  ): number {
    const set = this.#set;
    if (set.versionOf(connection) === 0) {
      return this.write(connection, reply, replyAt, tag, ShakeResult.won, packetId, amountFen);
    }
    return writeShakeWon(reply, replyAt, set.unixMs, tag, packetId, amountFen, sponsor, resource);
  }
}
