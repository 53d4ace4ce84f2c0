import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { RowField } from "../../core/ledger/record/entry_rows.ts";
import {
  type AwardBlock,
  type AwardSource,
  NO_HEAD,
  type RowMark,
  START,
} from "../../core/summaries/award_source.ts";
import type { SimStore } from "../sim/sim_store.ts";

/** The awards of a ledger whose disk is simulated: a head is a sum over all rows up to it. */
export class SimAwards implements AwardSource {
  readonly ledger: string;
  readonly hostNumber: number;
  readonly #store: SimStore;
  readonly #heads: string[] = [NO_HEAD];
  #sum = 1;

  constructor(store: SimStore, hostNumber: number) {
    this.#store = store;
    this.hostNumber = hostNumber;
    this.ledger = hostNumber.toString(16).padStart(32, "0");
  }

  tip(): RowMark {
    return this.#markAt(this.#store.rows.length);
  }

  knows({ seq, head }: RowMark): boolean {
    return seq <= this.#store.rows.length && this.#markAt(seq).head === head;
  }

  after(seq: number, rows: number): AwardBlock | undefined {
    const next = this.#store.rows.slice(seq, seq + rows);
    if (next.length === 0) return undefined;
    const awards = next.filter((row) => row[RowField.kind] === EntryKind.award)
      .flatMap((row) => [row[RowField.packetId], row[RowField.user], row[RowField.sponsor]]);
    return { to: this.#markAt(seq + next.length), awards: Uint32Array.from(awards) };
  }

  #markAt(seq: number): RowMark {
    for (let i = this.#heads.length; i <= seq; i++) {
      for (const value of this.#store.rows[i - 1]) {
        this.#sum = Math.imul(this.#sum ^ value, 0x0100_0193) >>> 0;
      }
      this.#heads.push(this.#sum.toString(16).padStart(16, "0"));
    }
    return seq === 0 ? START : { seq, head: this.#heads[seq] };
  }
}
