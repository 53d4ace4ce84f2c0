import { assert, type Random } from "../../core/plugin/plugin.ts";
import type { PacketQueue } from "./packet_queue.ts";

/** An order to make packets. */
export interface GenerateOrder {
  /** Packets a second. */
  readonly ratePerS: number;
  /** How many in all. */
  readonly total: number;
  /** Bounds of the amount of each, in fen. */
  readonly minFen: number;
  readonly maxFen: number;
  /** How many sponsors they are spread over at random. */
  readonly sponsors: number;
}

/** Changes of the sponsor in the time in which every sponsor would have one turn; small batches mix well. */
const TURNS_PER_ROUND = 2;

/** Packets of one sponsor that were drawn but are not in the ledger yet. */
export interface Batch {
  readonly count: number;
  readonly amountsFen: Uint32Array;
  readonly sumFen: number;
  readonly sponsor: number;
}

/**
 * Makes the packets of one order against an absolute schedule: packet k is due at start + k / rate. They are drawn and
 * entered into the ledger up to a second ahead, and released when due; what was late is released at once.
 */
export class Generator {
  readonly order: GenerateOrder;
  readonly #startMs: number;
  readonly #random: Random;
  /** Drawn, durable and released so far. */
  #drawn = 0;
  #released = 0;
  readonly #ready: PacketQueue;

  constructor(order: GenerateOrder, startMs: number, random: Random, ready: PacketQueue) {
    this.order = order;
    this.#startMs = startMs;
    this.#random = random;
    this.#ready = ready;
  }

  /** Whether every packet has been released. */
  get isDone(): boolean {
    return this.#released === this.order.total;
  }

  get released(): number {
    return this.#released;
  }

  /**
   * Draws a batch of what is due within `aheadMs`; undefined if nothing is. Enter it into the ledger, then call `add`,
   * and draw the next one.
   */
  draw(nowMs: number, aheadMs: number, most: number): Batch | undefined {
    const { ratePerS, minFen, maxFen, sponsors } = this.order;
    const mixed = sponsors === 1 ? most : Math.ceil(ratePerS / (TURNS_PER_ROUND * sponsors));
    const count = Math.min(this.#due(nowMs + aheadMs) - this.#drawn, most, mixed);
    if (count <= 0) return undefined;
    const amountsFen = new Uint32Array(count);
    let sumFen = 0;
    for (let i = 0; i < count; i++) sumFen += amountsFen[i] = this.#random.between(minFen, maxFen);
    this.#drawn += count;
    return { count, amountsFen, sumFen, sponsor: 1 + this.#random.below(sponsors) };
  }

  /** The batch is durable under these ids. */
  add(batch: Batch, firstPacketId: number): void {
    batch.amountsFen.forEach((amountFen, i) => this.#ready.push(firstPacketId + i, amountFen, batch.sponsor));
  }

  /** Hands what is due to `release`. */
  release(nowMs: number, release: (packetId: number, amountFen: number, sponsor: number) => void): void {
    const due = this.#due(nowMs);
    while (this.#released < due && this.#ready.size > 0) {
      release(this.#ready.frontId, this.#ready.frontAmountFen, this.#ready.frontSponsor);
      this.#ready.shift();
      this.#released++;
    }
    assert(this.#released <= this.#drawn, "only what was drawn is released");
  }

  /** When the next packet is due. */
  nextDueMs(): number {
    return this.isDone ? Infinity : this.#startMs + this.#released / this.order.ratePerS * 1000;
  }

  #due(nowMs: number): number {
    const due = Math.floor((nowMs - this.#startMs) / 1000 * this.order.ratePerS) + 1;
    return Math.max(0, Math.min(this.order.total, due));
  }
}
