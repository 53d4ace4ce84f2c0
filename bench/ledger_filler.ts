import { EntryKind } from "../core/ledger/kinds/entry_kinds.ts";
import {
  ENTRY_WORDS,
  EntryWord,
  PAYLOAD_AT,
  PAYLOAD_WORDS,
  setEntryAmountFen,
  Verdict,
} from "../core/ledger/record/entry.ts";
import { emptyJudgement } from "../core/ledger/record/judgement.ts";
import type { Ledger } from "../core/ledger/record/ledger.ts";
import type { EntryProposal } from "../core/plugin/plugin.ts";

/** Enters what a bench wants a ledger to hold, without a server. */
export class LedgerFiller {
  readonly #ledger: Ledger;
  readonly #words = new Int32Array(ENTRY_WORDS);
  readonly #judgement = emptyJudgement();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * Enters one entry; what isn't named is 0. Returns the id of its packet.
   *
   * @throws Error if the ledger refuses it
   */
  enter(kind: number, entry: Readonly<Partial<EntryProposal>>): number {
    const words = this.#words.fill(0);
    words[EntryWord.kind] = kind;
    words[EntryWord.packetId] = entry.packetId ?? 0;
    words[EntryWord.user] = entry.user ?? 0;
    words[EntryWord.count] = entry.count ?? 0;
    words[EntryWord.sponsor] = entry.sponsor ?? 0;
    words[EntryWord.tag] = entry.tag ?? 0;
    setEntryAmountFen(words, 0, entry.amountFen ?? 0);
    this.#ledger.judge(words, 0, this.#judgement);
    const { verdict, detail, packetId } = this.#judgement;
    if (verdict !== Verdict.done) throw new Error(`entry refused: ${detail}`);
    return packetId;
  }

  /** Enters words that belong to the next entry. */
  enterParts(body: Uint32Array): void {
    for (let at = 0; at < body.length; at += PAYLOAD_WORDS) {
      this.#words.fill(0)[EntryWord.kind] = EntryKind.part;
      this.#words.set(body.subarray(at, at + PAYLOAD_WORDS), PAYLOAD_AT);
      this.#ledger.judge(this.#words, 0, this.#judgement);
    }
  }
}
