import {
  DEFER,
  Field,
  Opcode,
  type PluginInstance,
  Refusal,
  type SetContext,
  ShakeResult,
  Verdict,
  type VerdictCall,
  writeShakeResponse,
} from "../../core/plugin/plugin.ts";
import { MESSAGE_WORDS, MOST_LEASED, ShakeMessage } from "./messages.ts";
import type { ShakeConfig } from "./mod.ts";
import { PacketQueue } from "./packet_queue.ts";

/** How soon to try again after a full mailbox. */
const RETRY_MS = 10;

/**
 * The half of `shake` that lives in a SET: gives away the packets that the host has leased to it, one a shake. A packet
 * that nobody won in time goes back, so that it finds a shaker elsewhere.
 */
export class ShakeSet implements PluginInstance {
  readonly frames: NonNullable<PluginInstance["frames"]>;
  readonly #set: SetContext;
  readonly #leaseMs: number;
  readonly #leased = new PacketQueue();
  /** Times in ms at which each lease ends, in the order of `#leased`; one for each packet. */
  readonly #leaseEnds = new Float64Array(MOST_LEASED);
  #leaseEndHead = 0;
  #isGone = false;
  #isDraining = false;
  readonly #words = new Int32Array(MESSAGE_WORDS);
  readonly #award = { connection: 0, user: 0, packetId: 0, amountFen: 0, sponsor: 0 };
  readonly #m: Record<
    "won" | "nothing" | "allGone" | "overloaded" | "ledgerFull" | "refused" | "amount" | "drawn",
    number
  >;

  constructor(set: SetContext, config: ShakeConfig) {
    this.#set = set;
    this.#leaseMs = config.leaseMs;
    this.#m = {
      won: set.metric("shakeWon"),
      nothing: set.metric("shakeNothing"),
      allGone: set.metric("shakeAllGone"),
      overloaded: set.metric("shakeOverloaded"),
      ledgerFull: set.metric("shakeLedgerFull"),
      refused: set.metric("shakeAwardsRefused"),
      amount: set.metric("shakeAmountWonFen"),
      drawn: set.metric("shakePacketsDrawn"),
    };
    this.frames = {
      [Opcode.shakeRequest]: {
        bytes: 16,
        handle: (connection, request, at, reply, replyAt) =>
          this.#onShake(connection, request, at, reply, replyAt),
        refuse: (_connection, request, at, reply, replyAt) => {
          this.#set.count(this.#m.overloaded);
          return this.#answer(request, at, reply, replyAt, ShakeResult.overloaded);
        },
      },
    };
  }

  /** The award is durable, or will never be: the winner learns which. */
  onVerdict(call: VerdictCall, connection: number, reply: DataView, replyAt: number, nowMs: number): number {
    const isWon = call.verdict === Verdict.done || call.verdict === Verdict.doneBefore;
    if (isWon) {
      this.#set.count(this.#m.won);
      this.#set.count(this.#m.amount, call.amountFen);
    } else this.#refused(call, nowMs);
    if (connection < 0) return 0;
    const { unixSeconds } = this.#set;
    if (isWon) {
      const { user, packetId, amountFen } = call;
      return writeShakeResponse(reply, replyAt, unixSeconds, user, ShakeResult.won, packetId, amountFen);
    }
    const result = call.verdict === Verdict.refused ? ShakeResult.nothing : ShakeResult.overloaded;
    this.#set.count(result === ShakeResult.nothing ? this.#m.nothing : this.#m.overloaded);
    return writeShakeResponse(reply, replyAt, unixSeconds, call.user, result, 0, 0);
  }

  onMessage(words: Int32Array, at: number, count: number, nowMs: number): void {
    if (words[at] === ShakeMessage.gone) {
      this.#isGone = words[at + 1] === 1;
      return;
    }
    for (let i = 1; i < count; i += 2) this.#take(words[at + i] >>> 0, words[at + i + 1] >>> 0, nowMs);
    if (this.#isDraining || this.#set.users === 0) this.#giveBack(this.#leased.size, nowMs);
    else if (this.#leased.size > 0) this.#set.tickAt(this.#leaseEnds[this.#leaseEndHead]);
  }

  /** The last user leaves: nobody here can win any more. */
  onClose(): void {
    if (this.#set.users === 0 && this.#leased.size > 0) this.#set.tickAt(0);
  }

  onDrain(nowMs: number): void {
    this.#isDraining = true;
    this.#giveBack(this.#leased.size, nowMs);
  }

  onTick(nowMs: number): number {
    const isIdle = this.#isDraining || this.#set.users === 0;
    let over = isIdle ? this.#leased.size : 0;
    while (over < this.#leased.size && this.#leaseEnd(over) <= nowMs) over++;
    if (over > 0 && !this.#giveBack(over, nowMs)) return nowMs + RETRY_MS;
    return this.#leased.size === 0 ? Infinity : this.#leaseEnd(0);
  }

  #onShake(connection: number, request: DataView, at: number, reply: DataView, replyAt: number): number {
    if (this.#leased.size === 0) {
      this.#set.count(this.#isGone ? this.#m.allGone : this.#m.nothing);
      return this.#answer(
        request,
        at,
        reply,
        replyAt,
        this.#isGone ? ShakeResult.allGone : ShakeResult.nothing,
      );
    }
    // A place in the ledger's ring first, the packet then: a full ring costs no packet.
    if (!this.#set.canPropose()) {
      this.#set.count(this.#m.ledgerFull);
      this.#set.count(this.#m.nothing);
      return this.#answer(request, at, reply, replyAt, ShakeResult.nothing);
    }
    const award = this.#award;
    award.connection = connection;
    award.user = this.#set.userOf(connection);
    award.packetId = this.#leased.frontId;
    award.amountFen = this.#leased.frontAmountFen;
    this.#drop();
    this.#set.count(this.#m.drawn);
    this.#set.proposeAward(award);
    return DEFER;
  }

  /** This user may not have the packet: somebody else may. In doubt it goes to nobody. */
  #refused(call: VerdictCall, nowMs: number): void {
    this.#set.count(this.#m.refused);
    if (call.verdict !== Verdict.refused || call.detail === Refusal.packetTaken) return;
    this.#set.count(this.#m.drawn, -1);
    this.#take(call.packetId, call.amountFen, nowMs);
    this.#set.tickAt(this.#isDraining ? nowMs : this.#leaseEnd(0));
  }

  #answer(request: DataView, at: number, reply: DataView, replyAt: number, result: number): number {
    const user = request.getUint32(at + Field.userId);
    return writeShakeResponse(reply, replyAt, this.#set.unixSeconds, user, result, 0, 0);
  }

  #take(packetId: number, amountFen: number, nowMs: number): void {
    this.#leaseEnds[(this.#leaseEndHead + this.#leased.size) % MOST_LEASED] = nowMs + this.#leaseMs;
    this.#leased.push(packetId, amountFen);
  }

  #drop(): void {
    this.#leased.shift();
    this.#leaseEndHead = (this.#leaseEndHead + 1) % MOST_LEASED;
  }

  #leaseEnd(index: number): number {
    return this.#leaseEnds[(this.#leaseEndHead + index) % MOST_LEASED];
  }

  /** Gives the oldest packets back to the host; false if the mailbox is full, and all stay. */
  #giveBack(count: number, nowMs: number): boolean {
    if (count === 0) return true;
    this.#words[0] = ShakeMessage.giveBack;
    const kept = new PacketQueue();
    for (let i = 0; i < count; i++) {
      this.#words[1 + 2 * i] = this.#leased.frontId;
      this.#words[2 + 2 * i] = this.#leased.frontAmountFen;
      kept.push(this.#leased.frontId, this.#leased.frontAmountFen);
      this.#drop();
    }
    if (this.#set.post(this.#words, 1 + 2 * count)) return true;
    for (; kept.size > 0; kept.shift()) this.#take(kept.frontId, kept.frontAmountFen, nowMs);
    this.#set.tickAt(nowMs + RETRY_MS);
    return false;
  }
}
