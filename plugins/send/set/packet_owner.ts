import {
  DETAILS_PER_FRAME,
  entryOf,
  HEAD_WORDS,
  HeadWord,
  kinds,
  ownerSet,
  readSentWords,
  Refusal,
  Result,
  type SetContext,
  Verdict,
  type VerdictCall,
} from "../../../core/plugin/plugin.ts";
import { SendMessage, ToUser } from "../common/messages.ts";
import type { SendMetrics } from "../common/metrics.ts";
import { OwnedPacket } from "./owned_packet.ts";
import type { Asker, ReliableSender } from "./reliable_sender.ts";
import type { LedgerQueries } from "./ledger_queries.ts";

/** Recipients that are told in one go. */
const TOLD_AT_ONCE = 1_000;
/** Closed packets that are kept for queries; older ones are read from the ledger when somebody asks. */
const MAX_CLOSED = 1_000;
/** How often deadlines are looked at, in ms. */
const LOOK_MS = 50;
/** Claims that wait for one packet to be read. */
const MAX_WAITING = 10_000;
/** Packets that are read at a time because users ask for them; whoever asks for another is told "busy". */
const MAX_READING = 256;
/** Packets whose recipients wait to be told; those of more hear of them at their logins. */
const MAX_TELLING = 1_000;

/** Calls on a packet that is still being read from the ledger. */
interface Reading {
  tellsRecipients: boolean;
  readonly calls: ((packet: OwnedPacket | undefined, nowMs: number) => void)[];
}

/**
 * The packets that this SET owns: all claims on one come here, and their order here is the order in which shares are
 * given. The ledger's verdict comes before any winner's answer; who gets nothing never waits for it.
 */
export class PacketOwner {
  readonly #set: SetContext;
  readonly #toSets: ReliableSender;
  readonly #queries: LedgerQueries;
  readonly #m: SendMetrics;
  readonly #packets = new Map<number, OwnedPacket>();
  readonly #reading = new Map<number, Reading>();
  readonly #telling: OwnedPacket[] = [];
  readonly #closed: number[] = [];
  #hasBegun = false;
  #nextLookMs = 0;

  constructor(set: SetContext, toSets: ReliableSender, queries: LedgerQueries, metrics: SendMetrics) {
    this.#set = set;
    this.#toSets = toSets;
    this.#queries = queries;
    this.#m = metrics;
  }

  /** A packet was sent and is durable: its recipients are to hear of it. */
  sent(packetId: number, nowMs: number): void {
    const packet = this.#packets.get(packetId);
    if (packet === undefined) this.#read(packetId, nowMs).tellsRecipients = true;
    else this.#tell(packet, nowMs);
  }

  /** A user wants their share. */
  claim(packetId: number, user: number, asker: Asker, nowMs: number): void {
    const packet = this.#packets.get(packetId);
    if (packet !== undefined) return this.#claim(packet, user, asker, nowMs);
    const calls = this.#callsOn(packetId, nowMs);
    if (calls === undefined) return this.#answer(asker, packetId, Result.busy, 0, nowMs);
    calls.push((read, nowMs) => {
      if (read === undefined) this.#answer(asker, packetId, Result.unknownPacket, 0, nowMs);
      else this.#claim(read, user, asker, nowMs);
    });
  }

  /** A user wants to know who got what. */
  detail(packetId: number, user: number, from: number, asker: Asker, nowMs: number): void {
    const packet = this.#packets.get(packetId);
    if (packet !== undefined) return this.#detail(packet, user, from, asker, nowMs);
    const calls = this.#callsOn(packetId, nowMs);
    const refuse = (result: number, nowMs: number) => {
      const nothing = [0, 0, 0, 0, from];
      const { set, connection, generation } = asker;
      const words = [SendMessage.detailed, connection, generation, packetId, result, ...nothing];
      this.#toSets.surely(set, words, nowMs);
    };
    if (calls === undefined) return refuse(Result.busy, nowMs);
    calls.push((read, nowMs) => {
      if (read === undefined) refuse(Result.unknownPacket, nowMs);
      else this.#detail(read, user, from, asker, nowMs);
    });
  }

  /** The ledger has judged a claim. */
  claimJudged({ packetId, user, verdict, detail, amountFen }: VerdictCall, nowMs: number): void {
    const packet = this.#packets.get(packetId)!;
    if (verdict === Verdict.inDoubt) {
      // Nothing is decided: whoever waits may ask again, and finds their share then, or waits anew.
      const askers = packet.claims.get(user)!.askers.splice(0);
      for (const asker of askers) this.#answer(asker, packetId, Result.busy, 0, nowMs);
      return;
    }
    const isPaid = verdict !== Verdict.refused;
    const { askers } = isPaid ? packet.settle(user) : packet.release(user);
    if (isPaid) {
      this.#set.count(this.#m.claimsPaid);
      this.#set.count(this.#m.claimedFen, amountFen);
    }
    const result = isPaid ? Result.ok : detail === Refusal.givenBack ? Result.expired : Result.busy;
    for (const asker of askers) this.#answer(asker, packetId, result, isPaid ? amountFen : 0, nowMs);
    this.#closeIfDone(packet);
  }

  /** The ledger has judged a return. */
  returnJudged({ packetId, verdict, amountFen }: VerdictCall, nowMs: number): void {
    const packet = this.#packets.get(packetId);
    if (packet === undefined || verdict === Verdict.inDoubt) return;
    packet.isReturning = false;
    if (verdict === Verdict.refused) return; // looked at again
    packet.isOver = true;
    this.#set.count(this.#m.expired);
    this.#set.count(this.#m.returnedFen, amountFen);
    this.#closeIfDone(packet);
    const { sender, isFromHost } = packet.sent;
    if (isFromHost) return;
    const words = [SendMessage.toUser, sender, ToUser.expired, packetId, amountFen];
    this.#toSets.surely(ownerSet(sender, this.#set.setCount), words, nowMs);
  }

  /** What is due; returns the monotonic time of the next call. */
  tick(nowMs: number): number {
    if (!this.#hasBegun && this.#set.canPropose()) {
      this.#hasBegun = true;
      this.#findOpen(0, nowMs);
    }
    this.#tellSome();
    if (nowMs >= this.#nextLookMs) this.#returnExpired(nowMs);
    if (this.#telling.length > 0) return nowMs + 1;
    return this.#hasBegun && this.#packets.size === this.#closed.length ? Infinity : this.#nextLookMs;
  }

  /** Asks for the packets that this SET owns, which were sent before this process began. */
  #findOpen(after: number, nowMs: number): void {
    const { index, setCount } = this.#set;
    const query = entryOf(kinds.nextOpen, { set: index, setCount, after });
    this.#queries.ask(query, nowMs, (head, nowMs) => {
      const packetId = head[HeadWord.packetId] >>> 0;
      if (packetId === 0) return;
      if (!this.#packets.has(packetId)) this.#read(packetId, nowMs);
      this.#findOpen(packetId, nowMs);
    });
  }

  /** Where a user's call on a packet waits until it is read; undefined if too many wait already. */
  #callsOn(packetId: number, nowMs: number): Reading["calls"] | undefined {
    if (this.#reading.size >= MAX_READING && !this.#reading.has(packetId)) return undefined;
    const { calls } = this.#read(packetId, nowMs);
    return calls.length >= MAX_WAITING ? undefined : calls;
  }

  /** Reads a packet from the ledger, unless that is under way. */
  #read(packetId: number, nowMs: number): Reading {
    const under = this.#reading.get(packetId);
    if (under !== undefined) return under;
    const reading: Reading = { tellsRecipients: false, calls: [] };
    this.#reading.set(packetId, reading);
    this.#queries.ask(entryOf(kinds.head, { packetId }), nowMs, (answer, nowMs) => {
      if (answer[HeadWord.packetId] === 0) return this.#hasRead(packetId, undefined, nowMs);
      const head = answer.slice();
      this.#queries.read(kinds.packetBody, packetId, 2, nowMs, ([claimed, recipients], nowMs) => {
        const count = 2 + head[HeadWord.shares] + 2 * claimed + recipients;
        const whole = new Uint32Array(HEAD_WORDS + count);
        whole.set(head);
        this.#queries.read(kinds.packetBody, packetId, count, nowMs, (words, nowMs) => {
          whole.set(words, HEAD_WORDS);
          this.#hasRead(packetId, new OwnedPacket(readSentWords(whole)), nowMs);
        });
      });
    });
    return reading;
  }

  #hasRead(packetId: number, packet: OwnedPacket | undefined, nowMs: number): void {
    const { calls, tellsRecipients } = this.#reading.get(packetId)!;
    this.#reading.delete(packetId);
    if (packet !== undefined) {
      this.#packets.set(packetId, packet);
      this.#set.count(this.#m.owned);
      if (tellsRecipients) this.#tell(packet, nowMs);
      else packet.told = packet.sent.recipients.length;
      this.#set.tickAt(nowMs);
    }
    for (const call of calls) call(packet, nowMs);
    if (packet !== undefined) this.#closeIfDone(packet);
  }

  #claim(packet: OwnedPacket, user: number, asker: Asker, nowMs: number): void {
    const { packetId, deadlineMs, shares } = packet.sent;
    const before = packet.claims.get(user);
    if (before?.isDurable) {
      return this.#answer(asker, packetId, Result.alreadyClaimed, packet.fenOf(user), nowMs);
    }
    if (before !== undefined) return void before.askers.push(asker);
    if (!packet.isRecipient(user)) return this.#answer(asker, packetId, Result.notRecipient, 0, nowMs);
    const isExpired = packet.isOver || packet.isReturning || this.#set.eventMs >= deadlineMs;
    if (isExpired) return this.#answer(asker, packetId, Result.expired, 0, nowMs);
    if (!this.#set.canPropose()) return this.#answer(asker, packetId, Result.busy, 0, nowMs);
    const share = packet.take(user, asker);
    if (share < 0) return this.#answer(asker, packetId, Result.allGone, 0, nowMs);
    this.#set.propose(entryOf(kinds.claim, { packetId, user, share, amountFen: shares[share] }));
  }

  #detail(packet: OwnedPacket, user: number, from: number, asker: Asker, nowMs: number): void {
    const { claimants, sent: { packetId, shares, sender, isFromHost } } = packet;
    const { set, connection, generation } = asker;
    const isHis = packet.isRecipient(user) || (sender === user && !isFromHost);
    const words: number[] = [SendMessage.detailed, connection, generation, packetId];
    if (!isHis) words.push(Result.notRecipient, 0, 0, 0, 0, from);
    else {
      const luckiest = packet.luckiest();
      words.push(Result.ok, shares.length, claimants.length);
      words.push(luckiest < 0 ? 0 : luckiest, luckiest < 0 ? 0 : packet.fenOf(luckiest), from);
      for (const claimant of claimants.slice(from, from + DETAILS_PER_FRAME)) {
        words.push(claimant, packet.fenOf(claimant));
      }
    }
    this.#toSets.surely(set, words, nowMs);
  }

  #answer(asker: Asker, packetId: number, result: number, amountFen: number, nowMs: number): void {
    if (result === Result.busy) this.#set.count(this.#m.claimsBusy);
    else if (result !== Result.ok) this.#set.count(this.#m.claimsEmpty);
    const { set, connection, generation } = asker;
    const words = [SendMessage.claimed, connection, generation, packetId, result, amountFen];
    this.#toSets.surely(set, words, nowMs);
  }

  #tell(packet: OwnedPacket, nowMs: number): void {
    if (packet.told > 0) return; // somebody has sent it again
    if (this.#telling.length >= MAX_TELLING) {
      packet.told = packet.sent.recipients.length;
      return this.#set.count(this.#m.untold);
    }
    this.#telling.push(packet);
    this.#set.tickAt(nowMs);
  }

  /** Tells recipients as many as there is room for; those who are away hear of it at their login. */
  #tellSome(): void {
    const { setCount } = this.#set;
    for (let left = TOLD_AT_ONCE; left > 0 && this.#telling.length > 0; left--) {
      const packet = this.#telling[0];
      const { told, sent } = packet;
      const { recipients, deadlineMs } = sent;
      const user = recipients[told];
      const others = recipients.length > 3 ? [] : recipients.filter((other) => other !== user);
      const words = [
        SendMessage.toUser,
        user,
        ToUser.notice,
        sent.packetId,
        sent.sender,
        sent.amountFen,
        sent.shares.length,
        sent.mode,
        sent.group,
        deadlineMs,
        Math.floor(deadlineMs / 0x1_0000_0000),
        others[0] ?? 0,
        others[1] ?? 0,
      ];
      if (!this.#toSets.try(ownerSet(user, setCount), words)) return;
      if (++packet.told === recipients.length) this.#telling.shift();
    }
  }

  /** What nobody claimed in time goes back, once no claim on it waits for the ledger. */
  #returnExpired(nowMs: number): void {
    this.#nextLookMs = nowMs + LOOK_MS;
    for (const packet of this.#packets.values()) {
      if (packet.isClosed || packet.isReturning || packet.pending > 0) continue;
      if (this.#set.eventMs < packet.sent.deadlineMs) continue;
      if (!this.#set.canPropose()) return;
      packet.isReturning = true;
      const { packetId, sender, isFromHost } = packet.sent;
      const amountFen = packet.restFen;
      this.#set.propose(entryOf(kinds.takeBack, { packetId, sender, isFromHost, amountFen }));
    }
  }

  /** Keeps a closed packet for a while, since users ask about it. */
  #closeIfDone(packet: OwnedPacket): void {
    if (!packet.isClosed) return;
    this.#closed.push(packet.sent.packetId);
    if (this.#closed.length <= MAX_CLOSED) return;
    this.#packets.delete(this.#closed.shift()!);
    this.#set.count(this.#m.owned, -1);
  }
}
