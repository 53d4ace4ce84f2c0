import { assert, type Random } from "../../core/plugin/plugin.ts";

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

/**
 * Each batch is a row in the ledger, and has one sponsor: many make a good mixture, few a small ledger. At most so many
 * a second, with at least so many packets, but never more than come in half a second.
 */
const MOST_BATCHES_PER_S = 100;
const LEAST_BATCH = 10;

/** Packets of one sponsor that were drawn but are not in the ledger yet. */
export interface Batch {
  readonly count: number;
  readonly amountsFen: Uint32Array;
  readonly sumFen: number;
  readonly sponsor: number;
}

/** A batch that is durable and not wholly released. */
interface Ready {
  readonly batch: Batch;
  readonly firstPacketId: number;
  /** Packets of it that were released. */
  released: number;
}

/**
 * Makes the packets of one order against an absolute schedule: packet k is due at start + k / rate. They are drawn and
 * entered into the ledger up to a second ahead, and released when due; what was late is released at once. Which of the
 * batches that are ready has the next packet is left to chance, so that sponsors are mixed.
 */
export class Generator {
  readonly order: GenerateOrder;
  readonly #startMs: number;
  readonly #random: Random;
  readonly #mixing: Random;
  /** Drawn, durable and released so far. */
  #drawn = 0;
  #released = 0;
  readonly #ready: Ready[] = [];

  constructor(order: GenerateOrder, startMs: number, random: Random) {
    this.order = order;
    this.#startMs = startMs;
    this.#random = random;
    this.#mixing = random.fork();
  }

  /** Whether every packet has been released. */
  get isDone(): boolean {
    return this.#released === this.order.total;
  }

  /** Packets that are to be drawn yet. */
  get undrawn(): number {
    return this.order.total - this.#drawn;
  }

  get released(): number {
    return this.#released;
  }

  /**
   * Draws a batch of what is due within `aheadMs`; undefined if nothing is. Enter it into the ledger, then call `add`,
   * and draw the next one.
   */
  draw(nowMs: number, aheadMs: number, most: number): Batch | undefined {
    const { ratePerS, total, minFen, maxFen, sponsors } = this.order;
    const batch = Math.max(LEAST_BATCH, Math.ceil(ratePerS / MOST_BATCHES_PER_S));
    const count = Math.min(total - this.#drawn, most, batch, Math.ceil(ratePerS / 2));
    // A batch is far shorter than what is drawn ahead, so it can wait until it is whole.
    if (count === 0 || this.#due(nowMs + aheadMs) - this.#drawn < count) return undefined;
    const amountsFen = new Uint32Array(count);
    let sumFen = 0;
    for (let i = 0; i < count; i++) sumFen += amountsFen[i] = this.#random.between(minFen, maxFen);
    this.#drawn += count;
    return { count, amountsFen, sumFen, sponsor: 1 + this.#random.below(sponsors) };
  }

  /** The batch is durable under these ids. */
  add(batch: Batch, firstPacketId: number): void {
    this.#ready.push({ batch, firstPacketId, released: 0 });
  }

  /** Hands what is due to `release`. */
  release(nowMs: number, release: (packetId: number, amountFen: number, sponsor: number) => void): void {
    const due = this.#due(nowMs);
    for (; this.#released < due && this.#ready.length > 0; this.#released++) {
      const chosen = this.#mixing.below(this.#ready.length);
      const ready = this.#ready[chosen];
      const { batch, firstPacketId } = ready;
      release(firstPacketId + ready.released, batch.amountsFen[ready.released], batch.sponsor);
      if (++ready.released < batch.count) continue;
      this.#ready[chosen] = this.#ready[this.#ready.length - 1];
      this.#ready.pop();
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
