import { assert } from "../assert.ts";
import { entryAmountFen, EntryKind, EntryWord, Refusal, Verdict } from "./entry.ts";
import type { Balances, Judgement, Ledger } from "./ledger.ts";

/** A ledger that forgets everything when the process ends: for rehearsals that don't need one that lasts. */
export class MemoryLedger implements Ledger {
  #nextPacketId = 1;
  /** By first packet id: how many packets a mint made and their sum. */
  readonly #mints = new Map<number, { count: number; amountFen: number }>();
  /** The keys of `#mints`, ascending, since ids only grow. */
  readonly #firstIds: number[] = [];
  readonly #awards = new Map<number, { user: number; amountFen: number }>();
  #sourceFen = 0;
  #poolFen = 0;
  #userFen = 0;

  get nextPacketId(): number {
    return this.#nextPacketId;
  }

  judge(words: Int32Array, at: number, judgement: Judgement): void {
    const packetId = words[at + EntryWord.packetId] >>> 0;
    const amountFen = entryAmountFen(words, at);
    judgement.detail = Refusal.none;
    if (packetId === 0 || amountFen <= 0 || amountFen > Number.MAX_SAFE_INTEGER) {
      return refuse(judgement, Refusal.malformed);
    }
    switch (words[at + EntryWord.kind]) {
      case EntryKind.mint:
        return this.#mint(packetId, words[at + EntryWord.count], amountFen, judgement);
      case EntryKind.award:
        return this.#award(packetId, words[at + EntryWord.user] >>> 0, amountFen, judgement);
      default:
        return refuse(judgement, Refusal.malformed);
    }
  }

  commit(): void {
    assert(this.#sourceFen + this.#poolFen + this.#userFen === 0, "the sum of all accounts is 0");
    assert(this.#poolFen >= 0, "the pool is never overdrawn");
  }

  balances(): Balances {
    return { sourceFen: this.#sourceFen, poolFen: this.#poolFen, userFen: this.#userFen };
  }

  awardOf(packetId: number): { user: number; amountFen: number } | undefined {
    return this.#awards.get(packetId);
  }

  close(): void {
    this.commit();
  }

  #mint(firstId: number, count: number, amountFen: number, judgement: Judgement): void {
    if (count <= 0 || amountFen < count || firstId + count > 0x1_0000_0000) {
      return refuse(judgement, Refusal.malformed);
    }
    const before = this.#mints.get(firstId);
    if (before !== undefined && before.count === count && before.amountFen === amountFen) {
      judgement.verdict = Verdict.doneBefore;
      return;
    }
    if (firstId < this.#nextPacketId) return refuse(judgement, Refusal.idsTaken);
    // Past this sum a fen more or less would be lost in rounding.
    if (amountFen - this.#sourceFen > Number.MAX_SAFE_INTEGER) return refuse(judgement, Refusal.malformed);
    this.#mints.set(firstId, { count, amountFen });
    this.#firstIds.push(firstId);
    this.#nextPacketId = firstId + count;
    this.#sourceFen -= amountFen;
    this.#poolFen += amountFen;
    judgement.verdict = Verdict.done;
  }

  #award(packetId: number, user: number, amountFen: number, judgement: Judgement): void {
    const before = this.#awards.get(packetId);
    if (before !== undefined) {
      if (before.user !== user || before.amountFen !== amountFen) {
        return refuse(judgement, Refusal.packetTaken);
      }
      judgement.verdict = Verdict.doneBefore;
      return;
    }
    if (!this.#isMinted(packetId)) return refuse(judgement, Refusal.unknownPacket);
    if (amountFen > this.#poolFen) return refuse(judgement, Refusal.poolEmpty);
    this.#awards.set(packetId, { user, amountFen });
    this.#poolFen -= amountFen;
    this.#userFen += amountFen;
    judgement.verdict = Verdict.done;
  }

  /** Mints may leave gaps between their ids, so it takes a look at the last one that begins at or below the id. */
  #isMinted(packetId: number): boolean {
    let low = 0;
    let high = this.#firstIds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#firstIds[middle] <= packetId) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return false;
    const firstId = this.#firstIds[low - 1];
    return packetId < firstId + this.#mints.get(firstId)!.count;
  }
}

function refuse(judgement: Judgement, detail: number): void {
  judgement.verdict = Verdict.refused;
  judgement.detail = detail;
}
