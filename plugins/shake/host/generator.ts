import { assert, isTaken, type OpenPart, type Random, untakenOf } from "../../../core/plugin/plugin.ts";
import { type Batch, batchCount, drawBatch, type PacketPlan } from "./batches.ts";

/** What is later than this isn't made up for: afterwards there would be more packets in a second than ordered. */
const MAX_LATE_MS = 100;

/** The part of a seed that mixes: past all batches. */
const MIXING = 0xffff_ffff;

/** How far an order had come before. */
export interface MadeBefore {
  readonly parts: number;
  readonly made: number;
  readonly openParts: readonly OpenPart[];
}

const NOTHING_MADE: MadeBefore = { parts: 0, made: 0, openParts: [] };

/** A batch that is to be entered into the ledger. */
export interface NewBatch extends Batch {
  readonly part: number;
}

/** A batch that is durable and not wholly released. */
interface Ready {
  readonly batch: Batch;
  readonly firstPacketId: number;
  /** Of a batch that was made before: what can't be won any more. */
  readonly before: OpenPart | undefined;
  /** The next of its packets. */
  next: number;
}

/**
 * Makes and releases the packets of one order like a tape: what is left of it when it starts comes at the order's rate from
 * then on, first what was made before and nobody has won. Batches are entered into the ledger up to a second ahead. The
 * tape stands still while they can't be, so no second has more packets than ordered. Which of the batches that are ready
 * has the next packet is left to chance, so that sponsors are mixed.
 */
export class Generator {
  readonly plan: PacketPlan;
  readonly #randomOf: (part: number) => Random;
  readonly #mixing: Random;
  #startMs: number;
  /** Packets that were left at the start; of those: brought, durable or not, and released. */
  readonly #left: number;
  #brought = 0;
  #unmade: number;
  #released = 0;
  /** Parts that were made before and are still to be brought, and the next part to be made. */
  readonly #before: readonly OpenPart[];
  #nextBefore = 0;
  #nextPart: number;
  readonly #ready: Ready[] = [];
  /** Batches on their way into the ledger. */
  #entering = 0;
  #isStopped = false;

  constructor(
    plan: PacketPlan,
    startMs: number,
    random: (seed: number, part: number) => Random,
    { parts, made, openParts }: MadeBefore = NOTHING_MADE,
  ) {
    this.plan = plan;
    this.#startMs = startMs;
    this.#randomOf = (part) => random(plan.seed, part);
    this.#mixing = random(plan.seed, MIXING);
    this.#before = openParts;
    this.#nextPart = parts;
    this.#unmade = plan.total - made;
    this.#left = this.#unmade + openParts.reduce((sum, part) => sum + untakenOf(part), 0);
  }

  /** Whether every packet has been released that will be. */
  get isDone(): boolean {
    if (!this.#isStopped) return this.#released === this.#left;
    return this.#nextBefore === this.#before.length && this.#ready.length === 0 && this.#entering === 0;
  }

  /** Packets that will be made yet, and have no ids. */
  get unmade(): number {
    return this.#isStopped ? 0 : this.#unmade;
  }

  /** Packets that were released in this run. */
  get released(): number {
    return this.#released;
  }

  /** Makes nothing new from now on. What is made is released. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * The next batch that is to be made, of what is due within `aheadMs`; undefined if there is none. Enter it into the
   * ledger, then call `add` or `stop`, and draw the next one.
   *
   * @throws OtherPackets if an earlier part has other packets than were drawn
   */
  draw(nowMs: number, aheadMs: number): NewBatch | undefined {
    this.#standStill(nowMs);
    const due = this.#due(nowMs + aheadMs);
    for (; this.#nextBefore < this.#before.length; this.#nextBefore++) {
      // All at once, if one of its packets is due.
      if (this.#brought >= due) return undefined;
      this.#bringAgain(this.#before[this.#nextBefore]);
    }
    const count = batchCount(this.plan, this.#nextPart);
    // A batch is far shorter than what is drawn ahead, so it can wait until it is whole.
    if (this.#isStopped || count === 0 || due - this.#brought < count) return undefined;
    this.#brought += count;
    this.#unmade -= count;
    this.#entering++;
    const part = this.#nextPart++;
    return { part, ...drawBatch(this.plan, part, this.#randomOf(part)) };
  }

  /** The batch is durable under these ids. */
  add(batch: Batch, firstPacketId: number): void {
    this.#entering--;
    this.#ready.push({ batch, firstPacketId, before: undefined, next: 0 });
  }

  /** The batch will never be. */
  drop(): void {
    this.#entering--;
    this.stop();
  }

  /** Hands what is due to `release`. */
  release(nowMs: number, release: (packetId: number, amountFen: number, sponsor: number) => void): void {
    this.#standStill(nowMs);
    const due = this.#due(nowMs);
    for (; this.#released < due && this.#ready.length > 0; this.#released++) {
      const chosen = this.#mixing.below(this.#ready.length);
      const ready = this.#ready[chosen];
      const { batch, firstPacketId } = ready;
      skipTaken(ready);
      release(firstPacketId + ready.next, batch.amountsFen[ready.next], batch.sponsor);
      ready.next++;
      skipTaken(ready);
      if (ready.next < batch.amountsFen.length) continue;
      this.#ready[chosen] = this.#ready[this.#ready.length - 1];
      this.#ready.pop();
    }
    assert(this.#released <= this.#brought && this.#brought <= this.#left, "never more than is left");
  }

  /** Puts the start off by what is too late. */
  #standStill(nowMs: number): void {
    const lateMs = nowMs - this.#startMs - this.#released / this.plan.ratePerS * 1000;
    this.#startMs += Math.max(0, lateMs - MAX_LATE_MS);
  }

  #bringAgain(part: OpenPart): void {
    const batch = drawBatch(this.plan, part.part, this.#randomOf(part.part));
    const { amountsFen: { length }, sumFen, sponsor } = batch;
    if (length !== part.count || sumFen !== part.sumFen || sponsor !== part.sponsor) {
      this.#nextBefore = this.#before.length;
      throw new OtherPackets(`part ${part.part} from packet ${part.firstId} on isn't what its seed draws`);
    }
    this.#brought += untakenOf(part);
    this.#ready.push({ batch, firstPacketId: part.firstId, before: part, next: 0 });
  }

  #due(nowMs: number): number {
    const due = Math.floor((nowMs - this.#startMs) / 1000 * this.plan.ratePerS) + 1;
    return Math.max(0, Math.min(this.#left, due));
  }
}

/** What an earlier run has made isn't what this one would have made. */
export class OtherPackets extends Error {
  override name = "OtherPackets";
}

function skipTaken(ready: Ready): void {
  const { before, batch } = ready;
  if (before === undefined) return;
  while (ready.next < batch.amountsFen.length && isTaken(before, ready.next)) ready.next++;
}
