/** The ledger as one would write it on a napkin: every id a member of a set, nothing staged, nothing fast. */
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD, Refusal, Verdict } from "../../core/ledger/record/entry.ts";

/** One entry in plain fields. */
export interface Entry {
  readonly kind: number;
  readonly packetId: number;
  readonly user: number;
  readonly amountFen: number;
  readonly count: number;
  /** 0 if absent. */
  readonly sponsor?: number;
}

type Judged = [verdict: number, detail: number];

/** Says what a ledger must say. */
export class LedgerModel {
  /** Every entry that was done, to be said again. */
  readonly done: Entry[] = [];
  readonly awards = new Map<number, { user: number; amountFen: number }>();
  /** Held awards that nobody has opened. */
  readonly unopened = new Set<number>();
  readonly #minted = new Set<number>();
  mintedFen = 0;
  wonFen = 0;

  get nextPacketId(): number {
    return Math.max(0, ...this.#minted) + 1;
  }

  heldFen(): number {
    return [...this.unopened].reduce((sum, packetId) => sum + this.awards.get(packetId)!.amountFen, 0);
  }

  judge(entry: Entry): Judged {
    if (entry.kind === EntryKind.open) return this.#open(entry);
    // Whether an award was held is no part of its key.
    const keyOf = (one: Entry) => JSON.stringify(one.kind === EntryKind.award ? { ...one, count: 0 } : one);
    if (this.done.some((one) => keyOf(one) === keyOf(entry))) return [Verdict.doneBefore, Refusal.none];
    const detail = this.#objection(entry);
    if (detail !== Refusal.none) return [Verdict.refused, detail];
    this.done.push(entry);
    if (entry.kind === EntryKind.mint) {
      for (let i = 0; i < entry.count; i++) this.#minted.add(entry.packetId + i);
      this.mintedFen += entry.amountFen;
    } else {
      if (entry.count === HELD) this.unopened.add(entry.packetId);
      this.awards.set(entry.packetId, { user: entry.user, amountFen: entry.amountFen });
      this.wonFen += entry.amountFen;
    }
    return [Verdict.done, Refusal.none];
  }

  #open({ packetId, user }: Entry): Judged {
    if (this.awards.get(packetId)?.user !== user) return [Verdict.refused, Refusal.unknownPacket];
    return [this.unopened.delete(packetId) ? Verdict.done : Verdict.doneBefore, Refusal.none];
  }

  #objection({ kind, packetId, amountFen, count }: Entry): number {
    if (packetId <= 0 || amountFen <= 0) return Refusal.malformed;
    if (kind === EntryKind.mint) {
      if (count <= 0 || amountFen < count) return Refusal.malformed;
      return packetId < this.nextPacketId ? Refusal.idsTaken : Refusal.none;
    }
    if (this.awards.has(packetId)) return Refusal.packetTaken;
    if (!this.#minted.has(packetId)) return Refusal.unknownPacket;
    return amountFen > this.mintedFen - this.wonFen ? Refusal.poolEmpty : Refusal.none;
  }
}
