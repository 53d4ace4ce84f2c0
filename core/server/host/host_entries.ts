import { EntryKind, kinds } from "../../ledger/kinds/entry_kinds.ts";
import {
  ENTRY_WORDS,
  entryAmountFen,
  EntryWord,
  PAYLOAD_AT,
  PAYLOAD_WORDS,
  setEntryAmountFen,
} from "../../ledger/record/entry.ts";
import { LedgerRing } from "../../ledger/ring/ledger_ring.ts";
import { entryOf, type EntryProposal, type EntryVerdict } from "../../plugin/plugin.ts";
import type { Waker } from "../../threads/waker.ts";

interface Waiting {
  readonly entry: Readonly<EntryProposal>;
  readonly body: Uint32Array;
  /** Words of the body that were written. */
  written: number;
  readonly resolve: (verdict: EntryVerdict) => void;
}

const NO_WORDS = new Uint32Array();

/** The main thread's own entries for the ledger: packets that it makes, and the like. */
export class HostEntries {
  readonly #ring: LedgerRing;
  readonly #ledgerWaker: Waker;
  /** Proposed, oldest first: verdicts come in the same order. Nobody waits for a part's. */
  #open: (Waiting | undefined)[] = [];
  #openHead = 0;
  /** Waiting for a place in the ring. */
  #waiting: Waiting[] = [];
  #waitingHead = 0;

  constructor(ring: SharedArrayBuffer, ledgerWaker: Waker) {
    this.#ring = new LedgerRing(ring);
    this.#ledgerWaker = ledgerWaker;
  }

  /** Proposes `count` packets of a sponsor with ids from `firstId` on; resolves with the ledger's verdict. */
  mint(
    firstId: number,
    count: number,
    amountFen: number,
    sponsor: number,
    { order, part } = { order: 0, part: 0 },
  ): Promise<EntryVerdict> {
    return this.enter(entryOf(kinds.mint, { firstId, count, amountFen, sponsor, order, part }));
  }

  /** Proposes any entry, with the words that belong to it; resolves with the ledger's verdict. */
  enter(entry: Readonly<EntryProposal>, body: Uint32Array = NO_WORDS): Promise<EntryVerdict> {
    return new Promise((resolve) => {
      this.#waiting.push({ entry, body, written: 0, resolve });
      this.#propose();
    });
  }

  /** Whether a verdict is still to come. */
  get isOpen(): boolean {
    return this.#open.length > this.#openHead || this.#waiting.length > this.#waitingHead;
  }

  /** Reads the verdicts that are there. */
  drain(): void {
    this.#ring.drain((words, at) => {
      const verdict = words[at + EntryWord.verdict];
      const detail = words[at + EntryWord.detail];
      const packetId = words[at + EntryWord.packetId] >>> 0;
      const payload = words.slice(at + PAYLOAD_AT, at + PAYLOAD_AT + PAYLOAD_WORDS);
      this.#open[this.#openHead++]?.resolve({
        verdict,
        detail,
        packetId,
        amountFen: entryAmountFen(words, at),
        payload,
      });
    });
    if (this.#openHead === this.#open.length) {
      this.#open = [];
      this.#openHead = 0;
    }
    this.#propose();
  }

  #propose(): void {
    while (this.#waitingHead < this.#waiting.length && this.#ring.hasRoom) {
      const next = this.#waiting[this.#waitingHead];
      if (next.written < next.body.length) {
        this.#writePart(next);
        this.#open.push(undefined);
        continue;
      }
      this.#write(next.entry);
      this.#open.push(next);
      this.#waitingHead++;
    }
    // Emptied at the end, not shifted: a hundred thousand may wait.
    if (this.#waitingHead === this.#waiting.length) {
      this.#waiting = [];
      this.#waitingHead = 0;
    }
    if (this.#ring.publish()) this.#ledgerWaker.wake();
  }

  #writePart(next: Waiting): void {
    const at = this.#next(EntryKind.part);
    const end = Math.min(next.written + PAYLOAD_WORDS, next.body.length);
    for (let i = next.written; i < end; i++) {
      this.#ring.words[at + PAYLOAD_AT + i - next.written] = next.body[i];
    }
    next.written = end;
  }

  #write(entry: Readonly<EntryProposal>): void {
    const at = this.#next(entry.kind);
    const { words } = this.#ring;
    words[at + EntryWord.user] = entry.user;
    words[at + EntryWord.packetId] = entry.packetId;
    words[at + EntryWord.count] = entry.count;
    setEntryAmountFen(words, at, entry.amountFen);
    words[at + EntryWord.sponsor] = entry.sponsor;
    words[at + EntryWord.tag] = entry.tag;
    words[at + EntryWord.asked] = entry.asked;
    words[at + EntryWord.askedFrom] = entry.askedFrom;
  }

  #next(kind: number): number {
    const at = this.#ring.next();
    const { words } = this.#ring;
    words.fill(0, at, at + ENTRY_WORDS);
    words[at + EntryWord.kind] = kind;
    words[at + EntryWord.set] = -1;
    words[at + EntryWord.connection] = -1;
    return at;
  }
}
