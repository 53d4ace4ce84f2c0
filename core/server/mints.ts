import { ENTRY_WORDS, EntryKind, EntryWord, setEntryAmountFen } from "../ledger/entry.ts";
import { LedgerRing } from "../ledger/ledger_ring.ts";
import type { Bell } from "../shared/bell.ts";

interface Mint {
  readonly firstPacketId: number;
  readonly count: number;
  readonly amountFen: number;
  readonly sponsor: number;
  readonly resolve: (verdict: number) => void;
}

/** The main thread's own entries for the ledger: packets that it makes, and waits to be durable. */
export class Mints {
  readonly #ring: LedgerRing;
  readonly #ledgerBell: Bell;
  /** Proposed, oldest first: verdicts come in the same order. */
  readonly #open: Mint[] = [];
  /** Waiting for a place in the ring. */
  readonly #waiting: Mint[] = [];

  constructor(ring: SharedArrayBuffer, ledgerBell: Bell) {
    this.#ring = new LedgerRing(ring);
    this.#ledgerBell = ledgerBell;
  }

  /** Proposes `count` packets of a sponsor with ids from `firstPacketId` on; resolves with the ledger's verdict. */
  mint(firstPacketId: number, count: number, amountFen: number, sponsor: number): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.push({ firstPacketId, count, amountFen, sponsor, resolve });
      this.#propose();
    });
  }

  /** Reads the verdicts that are there. */
  drain(): void {
    this.#ring.drain((words, at) => this.#open.shift()!.resolve(words[at + EntryWord.verdict]));
    this.#propose();
  }

  #propose(): void {
    while (this.#waiting.length > 0 && this.#ring.hasRoom) {
      const mint = this.#waiting.shift()!;
      const at = this.#ring.next();
      const { words } = this.#ring;
      words.fill(0, at, at + ENTRY_WORDS);
      words[at + EntryWord.kind] = EntryKind.mint;
      words[at + EntryWord.set] = -1;
      words[at + EntryWord.connection] = -1;
      words[at + EntryWord.packetId] = mint.firstPacketId;
      words[at + EntryWord.count] = mint.count;
      setEntryAmountFen(words, at, mint.amountFen);
      words[at + EntryWord.sponsor] = mint.sponsor;
      this.#open.push(mint);
    }
    if (this.#ring.publish()) this.#ledgerBell.ring();
  }
}
