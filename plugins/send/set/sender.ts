import {
  DEFER,
  entryOf,
  frames,
  isForLater,
  kinds,
  ownerSet,
  placesFor,
  Refusal,
  Result,
  type SendBody,
  sendBodyWords,
  SendMode,
  type SetContext,
  Verdict,
  type VerdictCall,
  writeFrame,
} from "../../../core/plugin/plugin.ts";
import { shownDeadline } from "../common/deadline.ts";
import { SendMessage } from "../common/messages.ts";
import type { SendMetrics } from "../common/metrics.ts";
import type { SendConfig } from "../common/config.ts";
import type { ReliableSender } from "./reliable_sender.ts";
import { splitAtRandom, splitEqually } from "../common/split.ts";

/** What a ledger's refusal of a send is called on the wire. */
const RESULTS: Readonly<Record<number, number>> = {
  [Refusal.noMoney]: Result.noMoney,
  [Refusal.requestTaken]: Result.requestIdTaken,
  [Refusal.unknownGroup]: Result.unknownGroup,
  [Refusal.notMember]: Result.notMember,
};

/** Takes the sends of this SET's users: checks what can be checked here, draws the shares, and asks the ledger. */
export class Sender {
  readonly #set: SetContext;
  readonly #config: SendConfig;
  readonly #toSets: ReliableSender;
  readonly #m: SendMetrics;
  isDraining = false;

  constructor(set: SetContext, config: SendConfig, toSets: ReliableSender, metrics: SendMetrics) {
    this.#set = set;
    this.#config = config;
    this.#toSets = toSets;
    this.#m = metrics;
  }

  /** Handles the frame `send`. */
  onSend(connection: number, request: DataView, at: number, reply: DataView, replyAt: number): number {
    const requestId = request.getUint32(at + frames.send.at.requestId);
    const order = this.#read(request, at, requestId, this.#set.userOf(connection));
    if (typeof order === "number") return this.#refuse(reply, replyAt, requestId, order);
    if (this.isDraining) return this.#refuse(reply, replyAt, requestId, Result.draining);
    const words = sendBodyWords(order);
    if (!this.#set.canProposeAll(placesFor(words.length))) {
      return this.#refuse(reply, replyAt, requestId, Result.busy);
    }
    const amountFen = request.getUint32(at + frames.send.at.amountFen);
    const entry = entryOf(kinds.send, {
      sender: this.#set.userOf(connection),
      isFromHost: false,
      amountFen,
      shares: order.shares.length,
      tag: requestId,
    });
    this.#set.propose({ ...entry, connection }, words);
    return DEFER;
  }

  /** The host is too busy to look at it. */
  onRefused(request: DataView, at: number, reply: DataView, replyAt: number): number {
    const requestId = request.getUint32(at + frames.send.at.requestId);
    return this.#refuse(reply, replyAt, requestId, Result.overloaded);
  }

  /** The ledger has judged a send: the packet's owner is told, and the sender. */
  judged(call: VerdictCall, connection: number, reply: DataView, replyAt: number, nowMs: number): number {
    const { verdict, detail, packetId, tag, amountFen } = call;
    if (verdict === Verdict.inDoubt) return this.#refuse(reply, replyAt, tag, Result.busy);
    if (verdict === Verdict.refused) {
      return connection < 0 ? 0 : this.#refuse(reply, replyAt, tag, RESULTS[detail] ?? Result.busy);
    }
    if (verdict === Verdict.done) {
      this.#set.count(this.#m.packets);
      this.#set.count(this.#m.amountFen, amountFen);
      this.#toSets.surely(ownerSet(packetId, this.#set.setCount), [SendMessage.sent, packetId], nowMs);
    }
    if (connection < 0) return 0;
    const deadlineMs = (call.asked >>> 0) + call.askedFrom * 0x1_0000_0000;
    const shownMs = shownDeadline(this.#set, deadlineMs);
    return writeFrame(frames.sendResult, reply, replyAt, this.#set.unixMs, {
      requestId: tag,
      result: Result.ok,
      packetId,
      retryMs: 0,
      expiresMs: shownMs,
    });
  }

  /** What the frame orders, or why it can't be. */
  #read(request: DataView, at: number, requestId: number, sender: number): SendBody | number {
    const amountFen = request.getUint32(at + frames.send.at.amountFen);
    const count = request.getUint32(at + frames.send.at.shares);
    const mode = request.getUint32(at + frames.send.at.mode);
    const group = request.getUint32(at + frames.send.at.group);
    if (amountFen === 0 || amountFen > this.#config.mostAmountFen) return Result.badAmount;
    if (mode !== SendMode.equal && mode !== SendMode.random) return Result.badMode;
    const recipients = readRecipients(request, at);
    if (recipients === undefined || recipients.includes(sender)) return Result.badRecipients;
    if ((group === 0) === (recipients.length === 0)) return Result.badRecipients;
    const mostShares = Math.min(this.#config.mostShares, amountFen);
    if (count === 0 || count > mostShares || (group === 0 && count > recipients.length)) {
      return Result.tooManyShares;
    }
    const shares = mode === SendMode.equal
      ? splitEqually(amountFen, count)
      : splitAtRandom(amountFen, count, this.#set.random);
    const deadlineMs = this.#set.eventMs + this.#config.expiresS * 1000;
    return { mode, group, deadlineMs, requestId, recipients, shares };
  }

  #refuse(reply: DataView, replyAt: number, requestId: number, result: number): number {
    const isLater = isForLater(result);
    this.#set.count(isLater ? this.#m.busy : this.#m.refused);
    const retryMs = isLater ? this.#config.retryMs : 0;
    return writeFrame(frames.sendResult, reply, replyAt, this.#set.unixMs, {
      requestId,
      result,
      packetId: 0,
      retryMs,
      expiresMs: 0,
    });
  }
}

/** The users that a send names; undefined if the frame's length says otherwise, or one is named twice. */
function readRecipients(request: DataView, at: number): Uint32Array | undefined {
  const count = request.getUint32(at + frames.send.at.count);
  const named = (request.getUint16(at) - frames.send.at.users) / 4;
  if (count !== named) return undefined;
  const users = Uint32Array.from(
    { length: count },
    (_, i) => request.getUint32(at + frames.send.at.users + 4 * i),
  );
  return new Set(users).size === count ? users : undefined;
}
