import { assert } from "../../base/assert.ts";
import { type IdSpace, idSpaceOf } from "../../base/id_space.ts";
import { Refusal } from "../record/entry.ts";
import { writeHolding } from "../record/pass_words.ts";
import { type AwardRecord, type Balances, type LedgerLimits, NO_LIMITS } from "../record/ledger.ts";
import { LatestPackets } from "./latest_packets.ts";
import { CarriedAwards } from "./carried_awards.ts";
import type { ForeignAwards } from "./foreign_awards.ts";
import { type Mint, MintList } from "./mint_list.ts";
import type { MoneyTally } from "./money_tally.ts";
import { OrderBook } from "./order_book.ts";
import { CHUNK_PACKETS, isUnopened, Packets, PacketState } from "./packets.ts";
import { type EndedPackets, Sends } from "./sends.ts";

const SPONSORS = 0x1_0000;

/** What went back to a sponsor. */
export interface GivenBack {
  readonly sponsor: number;
  readonly belowId: number;
  readonly amountFen: number;
}

/**
 * All that a ledger knows, in memory: which packets exist, who has them, what is left in each sponsor's pool, what users
 * sent each other, what was ordered. It writes down what it is told, and decides nothing.
 */
export class Registry {
  readonly packets = new Packets();
  readonly latest = new LatestPackets();
  readonly mints = new MintList();
  /** What users have won at other hosts, by their passes. */
  readonly carried = new CarriedAwards();
  readonly givenBack: GivenBack[] = [];
  readonly ids: IdSpace;
  /** What users send each other. */
  readonly sends: Sends;
  /** What operators have ordered. A ledger of an older redpkt has other numbers of funding orders. */
  readonly orders = new OrderBook((number) => this.sends.fundedTo.has(number));
  /** Where the money of each sponsor and wave is, for whoever wants to know. */
  money: MoneyTally | undefined;
  /** What other hosts say that they have awarded, if anybody listens to them. It only ever speaks against an award. */
  foreign: ForeignAwards | undefined;
  readonly #limits: LedgerLimits;
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

  /** @param ended undefined to keep all sent packets in memory */
  constructor(limits: LedgerLimits = NO_LIMITS, ended?: EndedPackets, ids: IdSpace = idSpaceOf(0)) {
    this.#limits = limits;
    this.ids = ids;
    this.sends = new Sends(ended, ids);
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

  /** Whether so much more can come out of `source`: past this sum a fen more or less would be lost in rounding. */
  canTake(amountFen: number): boolean {
    return amountFen - this.#sourceFen - this.sends.totals.sourceFen <= Number.MAX_SAFE_INTEGER;
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

  /** Whether this host has awarded a packet to this user. */
  hasWon(user: number, packetId: number): boolean {
    return this.packets.isAwarded(packetId) && this.packets.user(packetId) === user;
  }

  /** All of a user's money in fen, won and sent. */
  balanceOf(user: number): number {
    return this.#wonFen(user) + (this.sends.netFen.get(user) ?? 0);
  }

  /**
   * Which limit a user has reached, with all that is known of them: what this host has awarded, what their passes say, and
   * what other hosts say. Each packet counts once. Allocates nothing.
   */
  limitReached(user: number, sponsor: number): number {
    const { packetsPerUser, packetsPerSponsor } = this.#limits;
    if (packetsPerUser === Infinity && packetsPerSponsor === Infinity) return Refusal.none;
    const { packets, carried, foreign } = this;
    let inAll = 0;
    let ofSponsor = 0;
    for (let id = this.latest.get(user); id !== 0; id = packets.previous(id)) {
      inAll++;
      if (packets.sponsor(id) === sponsor) ofSponsor++;
      // The list is as short as the limit on it, if there is one.
      if (inAll >= packetsPerUser || (packetsPerUser === Infinity && ofSponsor >= packetsPerSponsor)) break;
    }
    for (let place = carried.newest(user); place !== 0; place = carried.before(place)) {
      if (this.hasWon(user, carried.packetId(place))) continue;
      inAll++;
      if (carried.sponsor(place) === sponsor) ofSponsor++;
    }
    if (foreign !== undefined && inAll < packetsPerUser) {
      for (let slot = foreign.first(user); slot >= 0; slot = foreign.next(slot, user)) {
        const packetId = foreign.packetId(slot);
        if (this.hasWon(user, packetId) || carried.has(user, packetId)) continue;
        inAll++;
        if (foreign.sponsor(slot) === sponsor) ofSponsor++;
      }
    }
    if (inAll >= packetsPerUser) return Refusal.userLimit;
    return ofSponsor >= packetsPerSponsor ? Refusal.sponsorLimit : Refusal.none;
  }

  /**
   * Writes what a user has won here, and elsewhere by their passes, into the words of a place of a `HoldingsBoard`: as many
   * as there is room for, the newest of this host first.
   */
  writeHoldings(user: number, words: Uint32Array, at: number, most: number): void {
    const { packets, carried } = this;
    let count = 0;
    for (let id = this.latest.get(user); id !== 0 && count < most; id = packets.previous(id)) {
      const fen = packets.amountFen(id);
      writeHolding(words, at + 1, count++, id, fen, packets.sponsor(id), this.ids.hostNumber);
    }
    for (let place = carried.newest(user); place !== 0 && count < most; place = carried.before(place)) {
      const id = carried.packetId(place);
      if (this.hasWon(user, id)) continue;
      writeHolding(
        words,
        at + 1,
        count++,
        id,
        carried.amountFen(place),
        carried.sponsor(place),
        carried.host(place),
      );
    }
    words[at] = count;
  }

  /** What holds after every batch. */
  check(): void {
    const { sourceFen, poolFen, heldFen, userFen, returnedFen, packetFen } = this.balances();
    const sumFen = sourceFen + poolFen + heldFen + userFen + returnedFen + packetFen;
    assert(sumFen === 0, "the sum of all accounts is 0");
    assert(poolFen >= 0 && heldFen >= 0 && packetFen >= 0, "neither is ever overdrawn");
  }

  /** Packets were made. */
  made(mint: Mint): void {
    this.mints.add(mint);
    const { order = 0, firstId, count } = mint;
    if (order !== 0) this.orders.made({ order, firstId, count });
    this.#sourceFen -= mint.amountFen;
    this.#addToPool(mint.sponsor, mint.amountFen);
  }

  /** A packet is a user's, or held until they open it. */
  awarded(packetId: number, user: number, amountFen: number, sponsor: number, isHeld: boolean): void {
    this.packets.award(packetId, user, amountFen, sponsor, isHeld);
    this.packets.link(packetId, this.latest.replace(user, packetId));
    this.#awards++;
    this.#addToPool(sponsor, -amountFen);
    if (isHeld) {
      this.#unopened++;
      this.#heldFen += amountFen;
    } else this.#userFen += amountFen;
  }

  /** A held packet was opened. */
  opened(packetId: number): void {
    this.packets.note(packetId, PacketState.opened);
    this.#userFen += this.#leaveHeld(packetId);
  }

  /** A held packet went back. */
  lapsed(packetId: number): void {
    this.packets.note(packetId, PacketState.lapsed);
    this.#returnedFen += this.#leaveHeld(packetId);
  }

  /** What nobody won went back to a sponsor. */
  wentBack(given: GivenBack): void {
    this.givenBack.push(given);
    this.#givenBackBelow.set(given.sponsor, given.belowId);
    this.#addToPool(given.sponsor, -given.amountFen);
    this.#returnedFen += given.amountFen;
  }

  /** From a checkpoint: a whole chunk of packets, whose columns are there already. */
  restoreChunk(number: number): void {
    const { user, sponsor, state, previous } = this.packets.chunk(number);
    const firstId = number * CHUNK_PACKETS;
    const wonFen = new Float64Array(SPONSORS);
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

  #leaveHeld(packetId: number): number {
    const amountFen = this.packets.amountFen(packetId);
    this.#unopened--;
    this.#heldFen -= amountFen;
    return amountFen;
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
