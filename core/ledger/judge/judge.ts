import { Refusal, Verdict } from "../record/entry.ts";
import { type Judgement, readEntry, readRow, refuse, say } from "../record/judgement.ts";
import { Parts } from "../record/parts.ts";
import { Registry } from "../registry/registry.ts";
import { EntryKind, kindOf, kinds } from "../kinds/entry_kinds.ts";

const AWARD = kinds.award.number;
const PART = EntryKind.part;

/** The one who decides: each entry as its kind says it, in the registry. Whatever stores a ledger, this judges it. */
export class Judge extends Registry {
  readonly #parts = new Parts();

  /** Judges an entry of a ring, and changes what it says. */
  judge(words: Int32Array, at: number, judgement: Judgement): void {
    readEntry(words, at, judgement);
    const number = judgement.kind;
    // Most entries are awards: they needn't go by way of the table.
    if (number === AWARD) return kinds.award.judge(this, judgement);
    if (number === PART) {
      this.#parts.add(words, at);
      return say(judgement, Verdict.done);
    }
    const kind = kindOf(number);
    if (kind?.judge === undefined) return refuse(judgement, Refusal.malformed);
    const body = this.#parts.take(words);
    if (kind.hasBody) judgement.body = body;
    kind.judge(this, judgement);
  }

  /** Judges a row that is durable already, as it was judged then. */
  replay(values: Float64Array, at: number, judgement: Judgement, body?: Uint32Array): void {
    readRow(values, at, body, judgement);
    const kind = kindOf(judgement.kind);
    const judge = kind?.legs && (kind.replay ?? kind.judge);
    if (judge === undefined) return refuse(judgement, Refusal.malformed);
    judge(this, judgement);
  }
}
