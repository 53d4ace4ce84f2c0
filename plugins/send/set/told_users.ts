import {
  entryOf,
  frames,
  HeadBit,
  HeadWord,
  kinds,
  Result,
  type SetContext,
  writeClaimResponse,
  writeClaimResult,
  writeFrame,
  writeNotice,
  writeSendNotice,
} from "../../../core/plugin/plugin.ts";
import { shownDeadline } from "../common/deadline.ts";
import { ToUser } from "../common/messages.ts";
import type { SendMetrics } from "../common/metrics.ts";
import type { SendConfig } from "../common/config.ts";
import type { LedgerQueries } from "./ledger_queries.ts";

/** Brings this SET's users what they should hear of, in the version that they speak. */
export class ToldUsers {
  readonly #set: SetContext;
  readonly #expiresMs: number;
  readonly #queries: LedgerQueries;
  readonly #m: SendMetrics;

  constructor(set: SetContext, config: SendConfig, queries: LedgerQueries, metrics: SendMetrics) {
    this.#set = set;
    this.#expiresMs = config.expiresS * 1000;
    this.#queries = queries;
    this.#m = metrics;
  }

  /**
   * A user has logged in: they hear of every share that they have claimed and may not know of, the oldest first, then
   * of every packet that is open to them, the newest first.
   */
  loggedIn(connection: number, user: number, nowMs: number): void {
    this.#askPending(connection, this.#set.generationOf(connection), user, 0, nowMs);
  }

  /** Something for a user who was on this connection a moment ago: the words of one of `ToUser`. */
  deliver(connection: number, user: number, words: Int32Array, at: number): void {
    if (this.#set.userOf(connection) !== user) return;
    const generation = this.#set.generationOf(connection);
    const isOld = this.#set.versionOf(connection) === 0;
    switch (words[at]) {
      case ToUser.notice:
        if (this.#notice(connection, generation, user, words, at + 1)) {
          const sentMs = deadlineOf(words, at + 1) - this.#expiresMs;
          this.#set.record(this.#m.noticeUs, Math.max(0, this.#set.eventMs - sentMs) * 1000);
        }
        return;
      case ToUser.expired:
        if (isOld) return; // version 0 can't have sent it
        this.#set.push(
          connection,
          generation,
          (reply, replyAt) =>
            writeFrame(frames.expired, reply, replyAt, this.#set.unixMs, {
              packetId: words[at + 1] >>> 0,
              returnedFen: words[at + 2] >>> 0,
            }),
        );
        return;
      case ToUser.chat:
        if (!isOld) this.#chat(connection, generation, words, at + 1);
    }
  }

  /** The words are as `ToUser.notice` has them. */
  #notice(connection: number, generation: number, user: number, words: Int32Array, at: number): boolean {
    const { unixMs, unixSeconds } = this.#set;
    const word = (i: number) => words[at + i] >>> 0;
    const isSent = this.#set.push(connection, generation, (reply, replyAt) => {
      if (this.#set.versionOf(connection) === 0) {
        return writeSendNotice(reply, replyAt, unixSeconds, word(0), word(2), user, word(8), word(9));
      }
      return writeNotice(
        reply,
        replyAt,
        unixMs,
        word(0),
        word(1),
        word(2),
        word(3),
        word(4),
        word(5),
        shownDeadline(this.#set, deadlineOf(words, at)),
      );
    });
    if (isSent) this.#set.count(this.#m.notices);
    return isSent;
  }

  #chat(connection: number, generation: number, words: Int32Array, at: number): void {
    const text = new Uint8Array(words[at + 2]);
    for (let i = 0; i < text.length; i++) text[i] = words[at + 3 + (i >> 2)] >>> (24 - 8 * (i & 3));
    const isSent = this.#set.push(
      connection,
      generation,
      (reply, replyAt) =>
        writeFrame(frames.chatMessage, reply, replyAt, this.#set.unixMs, {
          group: words[at] >>> 0,
          sender: words[at + 1] >>> 0,
          text,
        }),
    );
    if (isSent) this.#set.count(this.#m.chatsDelivered);
  }

  #askPending(connection: number, generation: number, user: number, after: number, nowMs: number): void {
    this.#queries.ask(entryOf(kinds.pendingShare, { user, after }), nowMs, (share, nowMs) => {
      const [packetId, amountFen] = [share[0] >>> 0, share[1] >>> 0];
      if (packetId === 0) return this.#askOpen(connection, generation, user, 0, nowMs);
      if (!this.#claimed(connection, generation, packetId, amountFen)) return;
      this.#askPending(connection, generation, user, packetId, nowMs);
    });
  }

  #claimed(connection: number, generation: number, packetId: number, amountFen: number): boolean {
    const { unixMs, unixSeconds } = this.#set;
    const isSent = this.#set.push(
      connection,
      generation,
      (reply, replyAt) =>
        this.#set.versionOf(connection) === 0
          ? writeClaimResponse(reply, replyAt, unixSeconds, packetId, amountFen)
          : writeClaimResult(reply, replyAt, unixMs, packetId, Result.ok, amountFen, 0),
    );
    if (!isSent) return false;
    this.#set.count(this.#m.claimsRepeated);
    this.#set.awaitReceipt(connection, packetId);
    return true;
  }

  #askOpen(connection: number, generation: number, user: number, after: number, nowMs: number): void {
    this.#queries.ask(entryOf(kinds.openFor, { user, before: after }), nowMs, (head, nowMs) => {
      const packetId = head[HeadWord.packetId] >>> 0;
      if (packetId === 0) return;
      const isLate = this.#set.eventMs >=
        (head[HeadWord.deadlineLow] >>> 0) + head[HeadWord.deadlineHigh] * 0x1_0000_0000;
      const notice = Int32Array.of(
        packetId,
        (head[HeadWord.mode] & HeadBit.fromHost) === 0 ? head[HeadWord.sender] : 0,
        head[HeadWord.amount],
        head[HeadWord.shares],
        head[HeadWord.mode] & 0xff,
        head[HeadWord.group],
        head[HeadWord.deadlineLow],
        head[HeadWord.deadlineHigh],
        0,
        0,
      );
      if (!isLate && !this.#notice(connection, generation, user, notice, 0)) return;
      this.#askOpen(connection, generation, user, packetId, nowMs);
    });
  }
}

/** Until when a packet can be claimed, in event ms; the words are as `ToUser.notice` has them. */
function deadlineOf(words: Int32Array, at: number): number {
  return (words[at + 6] >>> 0) + (words[at + 7] >>> 0) * 0x1_0000_0000;
}
