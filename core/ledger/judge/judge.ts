import { assert } from "../../base/assert.ts";
import {
  entryAmountFen,
  EntryKind,
  EntryWord,
  HELD,
  isNote,
  isOfOrder,
  isQuestion,
  isTransfer,
  Refusal,
  Verdict,
} from "../record/entry.ts";
import { RowField } from "../record/entry_rows.ts";
import { type IdSpace, idSpaceOf, mayMint } from "../../base/id_space.ts";
import { LatestPackets } from "./latest_packets.ts";
import {
  type AwardRecord,
  type Balances,
  type Judgement,
  type LedgerLimits,
  NO_LIMITS,
  refuse,
  say,
} from "../record/ledger.ts";
import { type Mint, MintList } from "./mint_list.ts";
import type { MoneyTally } from "./money_tally.ts";
import { OrderBook } from "./order_book.ts";
import { CHUNK_PACKETS, isUnopened, Packets, PacketState } from "./packets.ts";
import { Parts } from "../record/parts.ts";
import { type EndedPackets, Sends } from "./sends.ts";

const NO_WORDS = new Uint32Array();
const MOST_SPONSOR = 0xffff;
/** More undelivered packets than this are not looked for at one question: without limits a user may have any number. */
const MOST_LOOKED_AT = 4096;

/** Sums by sponsor that a checkpoint keeps. */
export interface GivenBack {
  readonly sponsor: number;
  readonly belowId: number;
  readonly amountFen: number;
}

/**
 * All that decides an entry, in memory: which packets exist, who has them, what is left in each sponsor's pool. Whatever
 * stores a ledger, this judges it.
 */
export class Judge {
  readonly packets = new Packets();
  readonly latest = new LatestPackets();
  readonly mints = new MintList();
  readonly givenBack: GivenBack[] = [];
  /** Where the money of each sponsor and wave is, for whoever wants to know. */
  money: MoneyTally | undefined;
  readonly #limits: LedgerLimits;
  readonly #ids: IdSpace;
  /** By sponsor: their money in `pool`, and the id below which their packets went back. */
  readonly #poolFenOf = new Map<number, number>();
  readonly #givenBackBelow = new Map<number, number>();
  #sourceFen = 0;
  #poolFen = 0;
  #heldFen = 0;
  #userFen = 0;
  #returnedFen = 0;
  #awards = 0;
  #unopened = 0;

  /** What users send each other. */
  readonly sends: Sends;
  /** What operators have ordered. A ledger of an older redpkt has other numbers of funding orders. */
  readonly orders = new OrderBook((number) => this.sends.fundedTo.has(number));
  readonly #parts = new Parts();

  /** @param ended undefined to keep all sent packets in memory */
  constructor(limits: LedgerLimits = NO_LIMITS, ended?: EndedPackets, ids: IdSpace = idSpaceOf(0)) {
    this.#limits = limits;
    this.#ids = ids;
    this.sends = new Sends(
      {
        wonFen: (user) => this.#wonFen(user),
        nextPacketId: () => this.nextPacketId,
        mintedFen: () => -this.#sourceFen,
        fundObjection: (order, user, amountFen) => this.orders.fundObjection(order, user, amountFen),
      },
      ended,
      ids,
    );
  }

  get nextPacketId(): number {
    return this.mints.nextId;
  }

  /** How many packets were awarded. */
  get awards(): number {
    return this.#awards;
  }

  /** How many of them wait for their users to open them. */
  get unopened(): number {
    return this.#unopened;
  }

  balances(): Balances {
    const { totals } = this.sends;
    return {
      sourceFen: this.#sourceFen + totals.sourceFen,
      poolFen: this.#poolFen,
      heldFen: this.#heldFen,
      userFen: this.#userFen + totals.userFen,
      returnedFen: this.#returnedFen,
      packetFen: totals.packetFen,
    };
  }

  /** A sponsor's money that nobody has won yet, in fen. */
  poolFenOf(sponsor: number): number {
    return this.#poolFenOf.get(sponsor) ?? 0;
  }

  /** Sponsors that ever had a packet. */
  get sponsors(): number[] {
    return [...this.#poolFenOf.keys()].sort((a, b) => a - b);
  }

  /** A sponsor's packets below this id went back, if nobody had won them. */
  givenBackBelow(sponsor: number): number {
    return this.#givenBackBelow.get(sponsor) ?? 0;
  }

  awardOf(packetId: number): AwardRecord | undefined {
    if (!this.packets.isAwarded(packetId)) return undefined;
    return { user: this.packets.user(packetId), amountFen: this.packets.amountFen(packetId) };
  }

  /** What holds after every batch. */
  check(): void {
    const { sourceFen, poolFen, heldFen, userFen, returnedFen, packetFen } = this.balances();
    const sumFen = sourceFen + poolFen + heldFen + userFen + returnedFen + packetFen;
    assert(sumFen === 0, "the sum of all accounts is 0");
    assert(poolFen >= 0 && heldFen >= 0 && packetFen >= 0, "neither is ever overdrawn");
  }

  /** Judges an entry of a ring, and changes what it says. */
  judge(words: Int32Array, at: number, judgement: Judgement): void {
    const kind = words[at + EntryWord.kind];
    const packetId = words[at + EntryWord.packetId] >>> 0;
    const user = words[at + EntryWord.user] >>> 0;
    if (kind === EntryKind.pendingOf) return this.#findPending(user, packetId, judgement);
    if (kind === EntryKind.delivered) return this.#deliver(packetId, user, judgement);
    if (kind === EntryKind.open) return this.#open(packetId, user, judgement);
    if (kind === EntryKind.part) {
      this.#parts.add(words, at);
      return say(judgement, Verdict.done);
    }
    if (isTransfer(kind)) return this.sends.judge(words, at, this.#parts.take(words), judgement);
    if (isOfOrder(kind)) {
      return this.#judgeOrder(
        kind,
        packetId,
        this.#parts.take(words),
        words[at + EntryWord.count],
        judgement,
      );
    }
    if (isQuestion(kind)) {
      this.sends.answer(words, at, judgement.reply);
      return say(judgement, Verdict.done);
    }
    // Of new packets only: what is stored was right when it came.
    if (kind === EntryKind.mint && !mayMint(this.#ids, packetId, words[at + EntryWord.count])) {
      return refuse(judgement, Refusal.idsTaken);
    }
    this.#decide(
      kind,
      packetId,
      user,
      entryAmountFen(words, at),
      words[at + EntryWord.sponsor],
      words[at + EntryWord.count],
      words[at + EntryWord.tag],
      this.#limits,
      judgement,
    );
  }

  /** Judges a row that is durable already, as it was judged then. Limits may have changed since, so none holds. */
  replay(values: Float64Array, at: number, judgement: Judgement, body: Uint32Array = NO_WORDS): void {
    if (isTransfer(values[at + RowField.kind])) return this.sends.replay(values, at, body, judgement);
    if (values[at + RowField.kind] === EntryKind.open) return this.#reopen(values, at, judgement);
    const kind = values[at + RowField.kind];
    if (isNote(kind)) {
      const isRight = kind !== EntryKind.host || this.#isHostNote(body);
      return isRight ? say(judgement, Verdict.done) : refuse(judgement, Refusal.idsTaken);
    }
    const packetId = values[at + RowField.packetId];
    const user = values[at + RowField.user];
    const count = values[at + RowField.count];
    if (isOfOrder(kind)) return this.#judgeOrder(kind, packetId, body, count, judgement);
    this.#decide(
      kind,
      packetId,
      user,
      values[at + RowField.amount],
      values[at + RowField.sponsor],
      count,
      // The parts of an order follow each other.
      kind === EntryKind.mint ? this.orders.get(user)?.firstIds.length ?? 0 : 0,
      NO_LIMITS,
      judgement,
    );
  }

  /** From a checkpoint: a mint. */
  restoreMint(mint: Mint): void {
    this.mints.add(mint);
    const { order = 0, firstId, count } = mint;
    if (order !== 0) this.orders.add({ order, firstId, count });
    this.#sourceFen -= mint.amountFen;
    this.#addToPool(mint.sponsor, mint.amountFen);
  }

  /** From a checkpoint: what went back to a sponsor. */
  restoreGivenBack(given: GivenBack): void {
    this.givenBack.push(given);
    this.#givenBackBelow.set(given.sponsor, given.belowId);
    this.#addToPool(given.sponsor, -given.amountFen);
    this.#returnedFen += given.amountFen;
  }

  /** A whole chunk of packets, whose columns are there already. */
  restoreChunk(number: number): void {
    const { user, sponsor, state, previous } = this.packets.chunk(number);
    const firstId = number * CHUNK_PACKETS;
    const wonFen = new Float64Array(MOST_SPONSOR + 1);
    for (let i = 0; i < CHUNK_PACKETS; i++) {
      if ((state[i] & PacketState.awarded) === 0) continue;
      previous[i] = this.latest.replace(user[i], firstId + i);
      const fen = this.packets.amountFen(firstId + i);
      wonFen[sponsor[i]] += fen;
      this.#awards++;
      if (isUnopened(state[i])) {
        this.#unopened++;
        this.#heldFen += fen;
      } else if ((state[i] & PacketState.lapsed) !== 0) this.#returnedFen += fen;
      else this.#userFen += fen;
    }
    wonFen.forEach((fen, sponsor) => fen > 0 && this.#addToPool(sponsor, -fen));
  }

  #decide(
    kind: number,
    packetId: number,
    user: number,
    amountFen: number,
    sponsor: number,
    count: number,
    part: number,
    limits: LedgerLimits,
    judgement: Judgement,
  ): void {
    const isExact = amountFen > 0 && amountFen <= Number.MAX_SAFE_INTEGER;
    if (packetId === 0 || !isExact || sponsor < 0 || sponsor > MOST_SPONSOR) {
      return refuse(judgement, Refusal.malformed);
    }
    switch (kind) {
      case EntryKind.mint:
        return this.#mint({ firstId: packetId, count, amountFen, sponsor, order: user }, part, judgement);
      case EntryKind.award:
        return this.#award(packetId, user, amountFen, sponsor, count === HELD, limits, judgement);
      case EntryKind.lapse:
        return this.#lapse(packetId, user, amountFen, sponsor, judgement);
      case EntryKind.giveBack:
        return this.#giveBack(packetId, amountFen, sponsor, judgement);
      default:
        return refuse(judgement, Refusal.malformed);
    }
  }

  /** Whose the ids are is said before the first one is used, and once. */
  #isHostNote([hostNumber]: Uint32Array): boolean {
    const { size } = this.sends.list;
    return hostNumber === this.#ids.hostNumber && hostNumber !== 0 && this.mints.nextId === 1 && size === 0;
  }

  #judgeOrder(kind: number, number: number, body: Uint32Array, bytes: number, judgement: Judgement): void {
    judgement.packetId = number;
    judgement.body = undefined;
    if (kind === EntryKind.order) this.orders.place(body, bytes, judgement);
    else this.orders.end(number, judgement);
  }

  #mint(mint: Mint & { readonly order: number }, part: number, judgement: Judgement): void {
    const { firstId, count, amountFen, order } = mint;
    if (count <= 0 || amountFen < count || firstId + count > 0x1_0000_0000) {
      return refuse(judgement, Refusal.malformed);
    }
    const before = this.mints.from(firstId);
    if (
      before !== undefined && before.count === count && before.amountFen === amountFen &&
      before.sponsor === mint.sponsor && before.order === order
    ) return say(judgement, Verdict.doneBefore);
    if (firstId < this.nextPacketId || firstId + count > this.sends.lowestId) {
      return refuse(judgement, Refusal.idsTaken);
    }
    // Past this sum a fen more or less would be lost in rounding.
    if (amountFen - this.#sourceFen - this.sends.totals.sourceFen > Number.MAX_SAFE_INTEGER) {
      return refuse(judgement, Refusal.malformed);
    }
    const objection = order === 0 ? Refusal.none : this.orders.objection({ order, part, firstId, count });
    if (objection !== Refusal.none) return refuse(judgement, objection);
    this.restoreMint(mint);
    this.money?.made(firstId, amountFen, mint.sponsor);
    say(judgement, Verdict.done);
  }

  #award(
    packetId: number,
    user: number,
    amountFen: number,
    sponsor: number,
    isHeld: boolean,
    limits: LedgerLimits,
    judgement: Judgement,
  ): void {
    const { packets } = this;
    if (packets.isAwarded(packetId)) {
      const isSame = packets.user(packetId) === user && packets.amountFen(packetId) === amountFen;
      if (isSame) return say(judgement, Verdict.doneBefore);
      return refuse(judgement, Refusal.packetTaken);
    }
    const owner = this.mints.sponsorOf(packetId);
    if (owner < 0) return refuse(judgement, Refusal.unknownPacket);
    if (owner !== sponsor) return refuse(judgement, Refusal.wrongSponsor);
    if (packetId < this.givenBackBelow(sponsor)) {
      return refuse(judgement, Refusal.givenBack);
    }
    const limit = this.#limitReached(user, sponsor, limits);
    if (limit !== Refusal.none) {
      this.money?.refused(packetId, sponsor, limit);
      return refuse(judgement, limit);
    }
    if (amountFen > this.poolFenOf(sponsor)) return refuse(judgement, Refusal.poolEmpty);
    packets.award(packetId, user, amountFen, sponsor, isHeld);
    packets.link(packetId, this.latest.replace(user, packetId));
    this.#awards++;
    this.#addToPool(sponsor, -amountFen);
    this.money?.awarded(packetId, amountFen, sponsor, isHeld);
    if (isHeld) {
      this.#unopened++;
      this.#heldFen += amountFen;
    } else this.#userFen += amountFen;
    say(judgement, Verdict.done);
  }

  /** The verdict tells amount and sponsor, which nobody who asks needs to know. */
  #open(packetId: number, user: number, judgement: Judgement): void {
    const { packets } = this;
    if (this.awardOf(packetId)?.user !== user) {
      return refuse(judgement, Refusal.unknownPacket);
    }
    const state = packets.state(packetId);
    if ((state & PacketState.lapsed) !== 0) return refuse(judgement, Refusal.givenBack);
    judgement.amountFen = packets.amountFen(packetId);
    judgement.sponsor = packets.sponsor(packetId);
    if (!isUnopened(state)) return say(judgement, Verdict.doneBefore);
    packets.note(packetId, PacketState.opened);
    this.#unopened--;
    this.#heldFen -= judgement.amountFen;
    this.#userFen += judgement.amountFen;
    this.money?.opened(packetId, judgement.amountFen, judgement.sponsor);
    say(judgement, Verdict.done);
  }

  /** A stored `open` must say what the award says. */
  #reopen(values: Float64Array, at: number, judgement: Judgement): void {
    const packetId = values[at + RowField.packetId];
    const isRight = this.awardOf(packetId)?.amountFen === values[at + RowField.amount] &&
      this.packets.sponsor(packetId) === values[at + RowField.sponsor];
    if (!isRight) return refuse(judgement, Refusal.malformed);
    this.#open(packetId, values[at + RowField.user], judgement);
  }

  #lapse(packetId: number, user: number, amountFen: number, sponsor: number, judgement: Judgement): void {
    const { packets } = this;
    const award = this.awardOf(packetId);
    const isRight = award?.user === user && award.amountFen === amountFen &&
      packets.sponsor(packetId) === sponsor;
    if (!isRight) return refuse(judgement, Refusal.malformed);
    const state = packets.state(packetId);
    if ((state & PacketState.lapsed) !== 0) return say(judgement, Verdict.doneBefore);
    if (!isUnopened(state)) return refuse(judgement, Refusal.packetTaken);
    packets.note(packetId, PacketState.lapsed);
    this.#unopened--;
    this.#heldFen -= amountFen;
    this.#returnedFen += amountFen;
    this.money?.lapsed(packetId, amountFen, sponsor, (state & PacketState.delivered) !== 0);
    say(judgement, Verdict.done);
  }

  #giveBack(belowId: number, amountFen: number, sponsor: number, judgement: Judgement): void {
    const isSame = this.givenBack.some((given) =>
      given.sponsor === sponsor && given.belowId === belowId && given.amountFen === amountFen
    );
    if (isSame) return say(judgement, Verdict.doneBefore);
    // All or nothing: a part of the pool would leave packets that can't be told from those that went back.
    if (belowId !== this.nextPacketId || amountFen !== this.poolFenOf(sponsor)) {
      return refuse(judgement, Refusal.malformed);
    }
    this.restoreGivenBack({ sponsor, belowId, amountFen });
    this.money?.returned(sponsor, amountFen);
    say(judgement, Verdict.done);
  }

  /** Which limit the user has reached. The list of their packets is as short as the limit on it. */
  #limitReached(user: number, sponsor: number, limits: LedgerLimits): number {
    const { packetsPerUser, packetsPerSponsor } = limits;
    if (packetsPerUser === Infinity && packetsPerSponsor === Infinity) return Refusal.none;
    let inAll = 0;
    let ofSponsor = 0;
    for (let id = this.latest.get(user); id !== 0; id = this.packets.previous(id)) {
      if (++inAll >= packetsPerUser) return Refusal.userLimit;
      if (this.packets.sponsor(id) === sponsor && ++ofSponsor >= packetsPerSponsor) {
        return Refusal.sponsorLimit;
      }
    }
    return Refusal.none;
  }

  /** An award is pending until it has reached its user, and is open. */
  #findPending(user: number, after: number, judgement: Judgement): void {
    say(judgement, Verdict.done);
    judgement.packetId =
      judgement.amountFen =
      judgement.sponsor =
      judgement.count =
        0;
    let id = after === 0 || this.awardOf(after)?.user !== user
      ? this.latest.get(user)
      : this.packets.previous(after);
    for (let looked = 0; id !== 0 && looked < MOST_LOOKED_AT; looked++, id = this.packets.previous(id)) {
      const state = this.packets.state(id);
      const isOver = (state & (PacketState.delivered | PacketState.lapsed)) !== 0;
      if (isOver && !isUnopened(state)) continue;
      judgement.packetId = id;
      judgement.amountFen = this.packets.amountFen(id);
      judgement.sponsor = this.packets.sponsor(id);
      judgement.count = isUnopened(state) ? HELD : 0;
      return;
    }
  }

  #deliver(packetId: number, user: number, judgement: Judgement): void {
    if (this.sends.list.has(packetId)) {
      const isNew = this.sends.pending.deliver(user, packetId);
      return say(judgement, isNew ? Verdict.done : Verdict.doneBefore);
    }
    if (this.awardOf(packetId)?.user !== user) {
      return refuse(judgement, Refusal.unknownPacket);
    }
    const isNew = (this.packets.state(packetId) & PacketState.delivered) === 0;
    if (isNew) {
      this.packets.note(packetId, PacketState.delivered);
      this.money?.delivered(packetId, this.packets.amountFen(packetId), this.packets.sponsor(packetId));
    }
    say(judgement, isNew ? Verdict.done : Verdict.doneBefore);
  }

  /** All that is a user's by shaking: few packets, unless there are no limits. */
  #wonFen(user: number): number {
    let fen = 0;
    for (let id = this.latest.get(user); id !== 0; id = this.packets.previous(id)) {
      const state = this.packets.state(id);
      if (!isUnopened(state) && (state & PacketState.lapsed) === 0) fen += this.packets.amountFen(id);
    }
    return fen;
  }

  #addToPool(sponsor: number, fen: number): void {
    this.#poolFen += fen;
    this.#poolFenOf.set(sponsor, this.poolFenOf(sponsor) + fen);
  }
}
