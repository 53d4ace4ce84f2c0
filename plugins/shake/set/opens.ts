import {
  DEFER,
  entryOf,
  type FrameRule,
  frames,
  isForLater,
  kinds,
  Refusal,
  Result,
  type SetContext,
  Verdict,
  type VerdictCall,
  writeOpenResult,
} from "../../../core/plugin/plugin.ts";
import { ShakeMessage } from "../common/messages.ts";

/**
 * Opens what version 1 users have won: the money is theirs once the ledger says so. The ledger alone knows whose a
 * packet is, so nothing of it is kept here; the same again gets the same answer.
 */
export class Opens {
  readonly frames: FrameRule;
  readonly #set: SetContext;
  readonly #retryMs: number;
  readonly #m: Record<"opened" | "amount" | "refused", number>;
  readonly #words = new Int32Array(5);
  readonly #entry = entryOf(kinds.open, { packetId: 0, user: 0 });

  /** @param retryMs how long one who is told to try later is asked to wait, in ms */
  constructor(set: SetContext, retryMs: number) {
    this.#set = set;
    this.#retryMs = retryMs;
    this.#m = {
      opened: set.metric("shakeOpened"),
      amount: set.metric("shakeAmountOpenedFen"),
      refused: set.metric("shakeOpensRefused"),
    };
    this.frames = {
      bytes: frames.open.bytes,
      handle: (connection, request, at, reply, replyAt) => {
        const packetId = request.getUint32(at + frames.open.at.packetId);
        if (!set.canPropose()) return this.#answer(reply, replyAt, packetId, Result.busy, 0);
        this.#entry.connection = connection;
        this.#entry.user = set.userOf(connection);
        this.#entry.packetId = packetId;
        set.propose(this.#entry);
        return DEFER;
      },
      refuse: (_connection, request, at, reply, replyAt, _nowMs, retryAfterMs) => {
        const packetId = request.getUint32(at + frames.open.at.packetId);
        return this.#answer(reply, replyAt, packetId, Result.overloaded, 0, retryAfterMs);
      },
    };
  }

  /** The ledger has judged an `open`; with `connection` -1 nobody waits any more. */
  judged(call: VerdictCall, connection: number, reply: DataView, replyAt: number): number {
    const { verdict, detail, packetId, amountFen } = call;
    if (verdict === Verdict.done) {
      this.#set.count(this.#m.opened);
      this.#set.count(this.#m.amount, amountFen);
    }
    if (connection < 0) return 0;
    if (verdict === Verdict.inDoubt) return this.#answer(reply, replyAt, packetId, Result.busy, 0);
    if (detail === Refusal.unknownPacket && this.#askElsewhere(call, connection)) return DEFER;
    if (verdict !== Verdict.refused) return this.#answer(reply, replyAt, packetId, Result.ok, amountFen);
    const result = detail === Refusal.givenBack ? Result.expired : Result.unknownPacket;
    return this.#answer(reply, replyAt, packetId, result, 0);
  }

  /** The host knows what another one has said: words after the message's kind. */
  openedElsewhere(words: Int32Array, at: number): void {
    const [connection, generation, packetId, result, amountFen] = words.subarray(at, at + 5);
    this.#set.answer(
      connection,
      generation,
      (reply, replyAt) => this.#answer(reply, replyAt, packetId >>> 0, result, amountFen),
    );
  }

  /** A packet that this host's ledger doesn't know may be another host's. False if the mailbox is full. */
  #askElsewhere({ user, packetId }: VerdictCall, connection: number): boolean {
    const words = this.#words;
    words[0] = ShakeMessage.openElsewhere;
    words[1] = connection;
    words[2] = this.#set.generationOf(connection);
    words[3] = user;
    words[4] = packetId;
    return this.#set.post(words, words.length);
  }

  #answer(
    reply: DataView,
    replyAt: number,
    packetId: number,
    result: number,
    amountFen: number,
    retryAfterMs = 0,
  ): number {
    if (result !== Result.ok) this.#set.count(this.#m.refused);
    const retryMs = isForLater(result) ? Math.max(this.#retryMs, retryAfterMs) : 0;
    const { unixMs } = this.#set;
    return writeOpenResult(reply, replyAt, unixMs, packetId, result, amountFen, retryMs);
  }
}
