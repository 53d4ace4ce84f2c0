import type { Waker } from "../../threads/waker.ts";
import { kindOf } from "../kinds/entry_kinds.ts";
import { EntryWord, PAYLOAD_AT, setEntryAmountFen, Verdict } from "../record/entry.ts";
import { emptyJudgement } from "../record/judgement.ts";
import type { Ledger } from "../record/ledger.ts";
import { MOST_PASS_AWARDS } from "../record/pass_words.ts";
import type { HoldingsBoard } from "../ring/holdings_board.ts";
import type { LedgerRing } from "../ring/ledger_ring.ts";

/** Most entries of one ring in one commit, which take about 3 ms: nobody waits long, and no ring holds up the others. */
const MAX_PER_RING = 2048;

/** A producer of entries: its ring, and the waker that tells it of verdicts. */
export interface LedgerClient {
  readonly ring: LedgerRing;
  readonly waker: Waker;
  /** Where it wants to read what users have won; absent if it gives no passes. */
  readonly holdings?: HoldingsBoard | undefined;
}

/** What a turn of the ledger's loop came to. */
export const Step = {
  /** Nothing came. */
  idle: 0,
  /** Entries were answered. */
  answered: 1,
  /** The batch is in doubt: nothing is judged or answered until it is known. */
  inDoubt: 2,
} as const;
export type Step = typeof Step[keyof typeof Step];

/** What the ledger thread does over and over: judge what came, commit once, answer. The simulator calls it too. */
export class LedgerLoop {
  /** Entries judged and refused so far, by `Refusal`. */
  readonly refusals = new Float64Array(32);
  readonly #ledger: Ledger;
  readonly #clients: readonly LedgerClient[];
  readonly #judgement = emptyJudgement();
  #judged = 0;
  /** Of the client whose entries are being judged. */
  #holdings: HoldingsBoard | undefined;

  constructor(ledger: Ledger, clients: readonly LedgerClient[]) {
    this.#ledger = ledger;
    this.#clients = clients;
  }

  /** Entries of the present batch, or of the last one. */
  get judged(): number {
    return this.#judged;
  }

  /** One group commit. */
  step(): Step {
    if (this.#ledger.failure === undefined) {
      this.#judged = 0;
      for (const client of this.#clients) {
        this.#holdings = client.holdings;
        this.#judged += client.ring.judge(this.#judge, MAX_PER_RING);
      }
    }
    // With nothing judged there may still be delivered marks that are due.
    if (!this.#ledger.commit()) return Step.inDoubt;
    if (this.#judged === 0) return Step.idle;
    for (const client of this.#clients) if (client.ring.answer()) client.waker.wake();
    return Step.answered;
  }

  readonly #judge = (words: Int32Array, at: number): void => {
    const judgement = this.#judgement;
    this.#ledger.judge(words, at, judgement);
    words[at + EntryWord.verdict] = judgement.verdict;
    words[at + EntryWord.detail] = judgement.detail;
    this.refusals[judgement.detail]++;
    const kind = kindOf(judgement.kind);
    if (kind?.bringsHoldings && judgement.verdict !== Verdict.refused) this.#bringHoldings(at);
    const tells = kind?.tells;
    if (tells === undefined) return;
    if (tells === "words") return words.set(judgement.reply, at + PAYLOAD_AT);
    words[at + EntryWord.packetId] = judgement.packetId;
    setEntryAmountFen(words, at, judgement.amountFen);
    words[at + EntryWord.sponsor] = judgement.sponsor;
    words[at + EntryWord.count] = judgement.count;
    words[at + EntryWord.asked] = judgement.asked;
    words[at + EntryWord.askedFrom] = judgement.askedFrom;
  };

  #bringHoldings(at: number): void {
    const holdings = this.#holdings;
    if (holdings === undefined) return;
    const { words } = holdings;
    this.#ledger.writeHoldings(this.#judgement.user, words, holdings.placeOf(at), MOST_PASS_AWARDS);
  }
}
