import {
  DEFER,
  EntryKind,
  type FrameRule,
  Opcode,
  Opcode1,
  type PluginInstance,
  Refusal,
  type SetContext,
  ShakeResult,
  Verdict,
  type VerdictCall,
  writeShakeGreeting,
} from "../../../core/plugin/plugin.ts";
import { Answers } from "./answers.ts";
import { LeasedGreetings } from "./leased_greetings.ts";
import { Opens } from "./opens.ts";
import { MAX_LEASED, MESSAGE_WORDS, PACKET_WORDS, RESOURCE_WORDS, ShakeMessage } from "../common/messages.ts";
import type { ShakeConfig } from "../common/config.ts";
import { PacketQueue } from "../common/packet_queue.ts";

/** How soon to try again after a full mailbox. */
const RETRY_MS = 10;

/**
 * The half of `shake` that lives in a SET: gives away the packets that the host has leased to it, one a shake. A packet
 * that nobody won in time goes back, so that it finds a shaker elsewhere. A version 1 user who wins none gets a greeting
 * if there is one: that needs no ledger.
 */
export class ShakeSet implements PluginInstance {
  readonly frames: NonNullable<PluginInstance["frames"]>;
  readonly #set: SetContext;
  readonly #leaseMs: number;
  readonly #answers: Answers;
  readonly #opens: Opens;
  readonly #leased = new PacketQueue();
  /** Times in ms at which each lease ends, in the order of `#leased`; one for each packet. */
  readonly #leaseEnds = new Float64Array(MAX_LEASED);
  #leaseEndHead = 0;
  readonly #greetings = new LeasedGreetings();
  /** By sponsor: what a win of theirs shows. */
  readonly #resources = new Map<number, number>();
  /** When the host is told which greetings were given away, and gets the rest back. */
  #greetingsEndMs = Infinity;
  #isGone = false;
  #isDraining = false;
  /** By seat: the ledger has said that the user has as many packets as one may have, which stays so. */
  readonly #isAtLimit: Uint8Array;
  /** On their way back to the host. */
  readonly #refusedPackets = new PacketQueue();
  /** Packets that were proposed to a shaker who was refused another sponsor's. */
  readonly #secondTries = new Set<number>();
  readonly #words = new Int32Array(MESSAGE_WORDS);
  readonly #award = {
    connection: 0,
    user: 0,
    packetId: 0,
    amountFen: 0,
    sponsor: 0,
    tag: 0,
    isHeld: false,
  };
  readonly #m: Record<
    | "won"
    | "nothing"
    | "greeted"
    | "ungreeted"
    | "allGone"
    | "overloaded"
    | "ledgerFull"
    | "otherSponsor"
    | "atLimit"
    | "refused"
    | "amount"
    | "drawn",
    number
  >;

  constructor(set: SetContext, config: ShakeConfig) {
    this.#set = set;
    this.#leaseMs = config.leaseMs;
    this.#answers = new Answers(set, config.retryMs);
    this.#opens = new Opens(set, config.retryMs);
    this.#isAtLimit = new Uint8Array(set.seats);
    this.#m = {
      won: set.metric("shakeWon"),
      nothing: set.metric("shakeNothing"),
      greeted: set.metric("shakeGreeted"),
      ungreeted: set.metric("shakeUngreeted"),
      allGone: set.metric("shakeAllGone"),
      overloaded: set.metric("shakeOverloaded"),
      ledgerFull: set.metric("shakeLedgerFull"),
      otherSponsor: set.metric("shakeOtherSponsor"),
      atLimit: set.metric("shakeAtLimit"),
      refused: set.metric("shakeAwardsRefused"),
      amount: set.metric("shakeAmountWonFen"),
      drawn: set.metric("shakePacketsDrawn"),
    };
    const shake: FrameRule = {
      bytes: 16,
      handle: (connection, request, at, reply, replyAt) =>
        this.#onShake(connection, request, at, reply, replyAt),
      refuse: (connection, request, at, reply, replyAt, _nowMs, retryAfterMs) => {
        this.#set.count(this.#m.overloaded);
        const tag = this.#answers.tagOf(connection, request, at);
        return this.#answers.write(
          connection,
          reply,
          replyAt,
          tag,
          ShakeResult.overloaded,
          0,
          0,
          retryAfterMs,
        );
      },
    };
    this.frames = {
      [Opcode.shakeRequest]: shake,
      [Opcode1.shake]: shake,
      [Opcode1.open]: this.#opens.frames,
    };
  }

  onOpen(connection: number): void {
    this.#isAtLimit[this.#set.seatOf(connection)] = 0;
  }

  /** The award is durable, or will never be, or that takes too long: the winner learns which. */
  onVerdict(call: VerdictCall, connection: number, reply: DataView, replyAt: number, nowMs: number): number {
    if (call.kind === EntryKind.open) return this.#opens.judged(call, connection, reply, replyAt);
    if (call.verdict === Verdict.inDoubt) {
      this.#set.count(this.#m.overloaded);
      return this.#answers.write(connection, reply, replyAt, call.tag, ShakeResult.overloaded, 0, 0);
    }
    const isSecondTry = this.#secondTries.delete(call.packetId);
    if (call.verdict === Verdict.refused) {
      this.#refused(call, nowMs);
      if (connection < 0) return 0;
      if (call.detail === Refusal.sponsorLimit && !isSecondTry && this.#tryOther(call, connection)) {
        return DEFER;
      }
      if (call.detail === Refusal.userLimit) this.#isAtLimit[this.#set.seatOf(connection)] = 1;
      return this.#answerNothing(connection, call.tag, reply, replyAt, ShakeResult.nothing);
    }
    this.#set.count(this.#m.won);
    this.#set.count(this.#m.amount, call.amountFen);
    return connection < 0 ? 0 : this.#writeWon(call, connection, call.tag, reply, replyAt);
  }

  onPendingAward(call: VerdictCall, connection: number, reply: DataView, replyAt: number): number {
    return this.#writeWon(call, connection, 0, reply, replyAt);
  }

  onMessage(words: Int32Array, at: number, count: number, nowMs: number): void {
    if (words[at] === ShakeMessage.gone) {
      this.#isGone = words[at + 1] === 1;
      return;
    }
    if (words[at] === ShakeMessage.openedElsewhere) return this.#opens.openedElsewhere(words, at + 1);
    if (words[at] === ShakeMessage.leaseGreetings) return this.#takeGreetings(words, at, count, nowMs);
    if (words[at] === ShakeMessage.resources) return this.#takeResources(words, at, count);
    for (let i = at + 1; i < at + count; i += PACKET_WORDS) {
      this.#take(words[i] >>> 0, words[i + 1] >>> 0, words[i + 2], nowMs);
    }
    if (this.#isDraining || this.#set.users === 0) this.#giveBack(this.#leased.size, nowMs);
    else if (this.#leased.size > 0) this.#set.tickAt(this.#leaseEnds[this.#leaseEndHead]);
  }

  /** The last user leaves: nobody here can win any more. */
  onClose(): void {
    if (this.#set.users === 0 && this.#leased.size + this.#greetings.left > 0) this.#set.tickAt(0);
  }

  onDrain(nowMs: number): void {
    this.#isDraining = true;
    this.#giveBack(this.#leased.size, nowMs);
    this.#giveBackGreetings(nowMs);
  }

  onTick(nowMs: number): number {
    this.#giveBackRefused(nowMs);
    const isIdle = this.#isDraining || this.#set.users === 0;
    if (isIdle || nowMs >= this.#greetingsEndMs) this.#giveBackGreetings(nowMs);
    let over = isIdle ? this.#leased.size : 0;
    while (over < this.#leased.size && this.#leaseEnd(over) <= nowMs) over++;
    if (over > 0 && !this.#giveBack(over, nowMs)) return nowMs + RETRY_MS;
    return this.#leased.size === 0 ? this.#greetingsEndMs : Math.min(this.#leaseEnd(0), this.#greetingsEndMs);
  }

  #onShake(connection: number, request: DataView, at: number, reply: DataView, replyAt: number): number {
    const tag = this.#answers.tagOf(connection, request, at);
    if (this.#leased.size === 0) {
      const result = this.#isGone ? ShakeResult.allGone : ShakeResult.nothing;
      return this.#answerNothing(connection, tag, reply, replyAt, result);
    }
    if (this.#isAtLimit[this.#set.seatOf(connection)] === 1) {
      this.#set.count(this.#m.atLimit);
      return this.#answerNothing(connection, tag, reply, replyAt, ShakeResult.nothing);
    }
    // A place in the ledger's ring first, the packet then: a full ring costs no packet.
    if (!this.#set.canPropose(connection)) {
      this.#set.count(this.#m.ledgerFull);
      return this.#answerNothing(connection, tag, reply, replyAt, ShakeResult.nothing);
    }
    this.#proposeFront(connection, this.#set.userOf(connection), tag);
    return DEFER;
  }

  /** Answers a shaker who wins no packet: with a greeting, if there is one and their version has a frame for it. */
  #answerNothing(connection: number, tag: number, reply: DataView, replyAt: number, result: number): number {
    const m = this.#m;
    if (this.#set.versionOf(connection) !== 0) {
      if (this.#greetings.left > 0) {
        this.#set.count(m.greeted);
        const greeting = this.#greetings.give();
        const sponsor = this.#greetings.sponsorOf(greeting);
        const resource = this.#greetings.resourceOf(greeting);
        return writeShakeGreeting(reply, replyAt, this.#set.unixMs, tag, sponsor, resource);
      }
      this.#set.count(m.ungreeted);
    }
    this.#set.count(result === ShakeResult.allGone ? m.allGone : m.nothing);
    return this.#answers.write(connection, reply, replyAt, tag, result, 0, 0);
  }

  #proposeFront(connection: number, user: number, tag: number): void {
    const award = this.#award;
    award.connection = connection;
    award.user = user;
    award.tag = tag;
    award.isHeld = this.#set.versionOf(connection) !== 0; // version 0 opens nothing
    award.packetId = this.#leased.frontId;
    award.amountFen = this.#leased.frontAmountFen;
    award.sponsor = this.#leased.frontSponsor;
    this.#drop();
    this.#set.count(this.#m.drawn);
    this.#set.proposeAward(award);
  }

  /** Proposes a packet of another sponsor than the refused one's, so that it doesn't hold up others'. */
  #tryOther(call: VerdictCall, connection: number): boolean {
    if (this.#isDraining || !this.#set.canPropose(connection) || !this.#leased.frontOther(call.sponsor)) {
      return false;
    }
    this.#secondTries.add(this.#leased.frontId);
    this.#set.count(this.#m.otherSponsor);
    this.#proposeFront(connection, call.user, call.tag);
    return true;
  }

  /** This user may not have the packet: somebody else may, so it goes back to the pool. */
  #refused(call: VerdictCall, nowMs: number): void {
    this.#set.count(this.#m.refused);
    // Nobody else can have it either.
    if (call.detail === Refusal.packetTaken || call.detail === Refusal.givenBack) return;
    this.#set.count(this.#m.drawn, -1);
    this.#refusedPackets.push(call.packetId, call.amountFen, call.sponsor);
    // With the next tick, together with others: a message each would keep the main thread busy.
    this.#set.tickAt(nowMs);
  }

  #writeWon(
    { packetId, amountFen, sponsor }: VerdictCall,
    connection: number,
    tag: number,
    reply: DataView,
    replyAt: number,
  ): number {
    const resource = this.#resources.get(sponsor) ?? 0;
    return this.#answers.writeWon(connection, reply, replyAt, tag, packetId, amountFen, sponsor, resource);
  }

  #take(packetId: number, amountFen: number, sponsor: number, nowMs: number): void {
    this.#leaseEnds[(this.#leaseEndHead + this.#leased.size) % MAX_LEASED] = nowMs + this.#leaseMs;
    this.#leased.push(packetId, amountFen, sponsor);
  }

  #drop(): void {
    this.#leased.shift();
    this.#leaseEndHead = (this.#leaseEndHead + 1) % MAX_LEASED;
  }

  #leaseEnd(index: number): number {
    return this.#leaseEnds[(this.#leaseEndHead + index) % MAX_LEASED];
  }

  #takeResources(words: Int32Array, at: number, count: number): void {
    for (let i = at + 1; i < at + count; i += RESOURCE_WORDS) {
      this.#resources.set(words[i], words[i + 1] >>> 0);
    }
  }

  #takeGreetings(words: Int32Array, at: number, count: number, nowMs: number): void {
    this.#greetings.take(words, at, count);
    if (this.#isDraining || this.#set.users === 0) return this.#giveBackGreetings(nowMs);
    if (this.#greetingsEndMs !== Infinity) return;
    this.#greetingsEndMs = nowMs + this.#leaseMs;
    this.#set.tickAt(this.#greetingsEndMs);
  }

  /** Tells the host which greetings were given away, and gives the rest back; with a full mailbox a little later. */
  #giveBackGreetings(nowMs: number): void {
    this.#greetingsEndMs = Infinity;
    const size = this.#greetings.report(this.#words);
    if (size === 0) return;
    if (this.#set.post(this.#words, size)) return this.#greetings.clear();
    this.#greetingsEndMs = nowMs + RETRY_MS;
    this.#set.tickAt(this.#greetingsEndMs);
  }

  /** Gives back what the ledger refused; what the mailbox can't take waits. */
  #giveBackRefused(nowMs: number): void {
    const count = Math.min(this.#refusedPackets.size, MAX_LEASED);
    if (count === 0) return;
    const size = this.#fill(this.#refusedPackets, count);
    if (this.#set.post(this.#words, size)) return;
    for (let i = 1; i < size; i += PACKET_WORDS) {
      this.#refusedPackets.push(this.#words[i] >>> 0, this.#words[i + 1] >>> 0, this.#words[i + 2]);
    }
    this.#set.tickAt(nowMs + RETRY_MS);
  }

  /** Gives the oldest packets back to the host; false if the mailbox is full, and all stay. */
  #giveBack(count: number, nowMs: number): boolean {
    if (count === 0) return true;
    const size = this.#fill(this.#leased, count);
    this.#leaseEndHead = (this.#leaseEndHead + count) % MAX_LEASED;
    if (this.#set.post(this.#words, size)) return true;
    for (let i = 1; i < size; i += PACKET_WORDS) {
      this.#take(this.#words[i] >>> 0, this.#words[i + 1] >>> 0, this.#words[i + 2], nowMs);
    }
    this.#set.tickAt(nowMs + RETRY_MS);
    return false;
  }

  /** Moves packets from the front of a queue into a message to the host; returns its size in words. */
  #fill(queue: PacketQueue, count: number): number {
    const size = 1 + PACKET_WORDS * count;
    this.#words[0] = ShakeMessage.giveBack;
    for (let i = 1; i < size; i += PACKET_WORDS, queue.shift()) {
      this.#words[i] = queue.frontId;
      this.#words[i + 1] = queue.frontAmountFen;
      this.#words[i + 2] = queue.frontSponsor;
    }
    return size;
  }
}
