import type { Bell } from "../shared/bell.ts";
import { EntryWord, Verdict } from "./entry.ts";
import type { Judgement, Ledger } from "./ledger.ts";
import type { LedgerRing } from "./ledger_ring.ts";

/** Most entries of one ring in one commit, so that one busy worker doesn't hold up the others. */
const MOST_PER_RING = 4096;

/** A producer of entries: its ring, and the bell that tells it of verdicts. */
export interface LedgerClient {
  readonly ring: LedgerRing;
  readonly bell: Bell;
}

/** What the ledger thread does over and over: judge what came, commit once, answer. The simulator calls it too. */
export class LedgerLoop {
  readonly #ledger: Ledger;
  readonly #clients: readonly LedgerClient[];
  readonly #judgement: Judgement = { verdict: Verdict.pending, detail: 0 };

  constructor(ledger: Ledger, clients: readonly LedgerClient[]) {
    this.#ledger = ledger;
    this.#clients = clients;
  }

  /** One group commit. Returns how many entries were answered. */
  step(): number {
    let judged = 0;
    for (const client of this.#clients) judged += client.ring.judge(this.#judge, MOST_PER_RING);
    if (judged === 0) return 0;
    this.#ledger.commit();
    for (const client of this.#clients) if (client.ring.answer()) client.bell.ring();
    return judged;
  }

  readonly #judge = (words: Int32Array, at: number): void => {
    this.#ledger.judge(words, at, this.#judgement);
    words[at + EntryWord.verdict] = this.#judgement.verdict;
    words[at + EntryWord.detail] = this.#judgement.detail;
  };
}
