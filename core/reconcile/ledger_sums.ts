import { EntryKind, HELD, isNote, isOfOrder, isTransfer } from "../ledger/record/entry.ts";
import { type EntryRows, RowField } from "../ledger/record/entry_rows.ts";
import { MintList } from "../ledger/judge/mint_list.ts";
import type { Differences } from "./differences.ts";

/** Where a ledger's money is, in fen. All but `source` sum to what was put in. */
export interface LedgerAccounts {
  readonly ledger: string;
  /** Whose packet ids its packets have. */
  readonly hostNumber: number;
  readonly sourceFen: number;
  readonly poolFen: number;
  /** Awarded, and not opened. */
  readonly heldFen: number;
  readonly userFen: number;
  readonly returnedFen: number;
  /** In packets that users sent. */
  readonly packetFen: number;
}

/** Follows each fen of one ledger through its accounts. */
export class LedgerSums {
  readonly #ledger: string;
  readonly #differences: Differences;
  readonly #mints = new MintList();
  /** By sponsor. */
  readonly #poolFen = new Map<number, number>();
  #seq = 0;
  #mintedFen = 0;
  #heldFen = 0;
  #userFen = 0;
  #returnedFen = 0;
  /** What users sent each other: money that came for it, and where it is. */
  #fundedFen = 0;
  #packetFen = 0;
  #packetsMade = 0;

  constructor(ledger: string, differences: Differences) {
    this.#ledger = ledger;
    this.#differences = differences;
  }

  add({ values }: EntryRows, at: number): void {
    const packetId = values[at + RowField.packetId];
    const fen = values[at + RowField.amount];
    const sponsor = values[at + RowField.sponsor];
    const seq = values[at + RowField.seq];
    if (seq !== ++this.#seq) {
      this.#differences.add(`${this.#ledger}: row ${this.#seq} is missing`);
      this.#seq = seq;
    }
    if (isNote(values[at + RowField.kind]) || isOfOrder(values[at + RowField.kind])) return; // no money
    if (isTransfer(values[at + RowField.kind])) {
      return this.#transfer(values[at + RowField.kind], fen, sponsor === 1);
    }
    switch (values[at + RowField.kind]) {
      case EntryKind.open:
        return this.#leaveHeld(seq, fen, () => this.#userFen += fen);
      case EntryKind.lapse:
        return this.#leaveHeld(seq, fen, () => this.#returnedFen += fen);
    }
    const pool = this.#poolFen.get(sponsor) ?? 0;
    if (values[at + RowField.kind] === EntryKind.mint) {
      const count = values[at + RowField.count];
      if (packetId < this.#mints.nextId) this.#differences.add(`packet ${packetId}: was made twice`);
      this.#mints.add({ firstId: packetId, count, amountFen: fen, sponsor });
      this.#packetsMade += count;
      this.#mintedFen += fen;
      this.#poolFen.set(sponsor, pool + fen);
      return;
    }
    this.#poolFen.set(sponsor, pool - fen);
    if (pool < fen) {
      this.#differences.add(`${this.#ledger}: the pool of sponsor ${sponsor} is overdrawn at row ${seq}`);
    }
    if (values[at + RowField.kind] === EntryKind.giveBack) {
      this.#returnedFen += fen;
      return;
    }
    if (values[at + RowField.count] === HELD) this.#heldFen += fen;
    else this.#userFen += fen;
    if (this.#mints.sponsorOf(packetId) !== sponsor) {
      this.#differences.add(`packet ${packetId}: no packet of sponsor ${sponsor} with this id was made`);
    }
  }

  #leaveHeld(seq: number, fen: number, arrive: () => void): void {
    this.#heldFen -= fen;
    arrive();
    if (this.#heldFen < 0) {
      this.#differences.add(`${this.#ledger}: more is opened than was awarded, at row ${seq}`);
    }
  }

  #transfer(kind: number, fen: number, isFromHost: boolean): void {
    switch (kind) {
      case EntryKind.fund:
        this.#fundedFen += fen;
        this.#userFen += fen;
        break;
      case EntryKind.send:
        this.#packetFen += fen;
        if (isFromHost) this.#fundedFen += fen;
        else this.#userFen -= fen;
        break;
      case EntryKind.claim:
        this.#packetFen -= fen;
        this.#userFen += fen;
        break;
      case EntryKind.takeBack:
        this.#packetFen -= fen;
        if (isFromHost) this.#fundedFen -= fen;
        else this.#userFen += fen;
    }
    if (this.#packetFen < 0) this.#differences.add(`${this.#ledger}: the sent packets are overdrawn`);
  }

  finish(): { accounts: Omit<LedgerAccounts, "hostNumber">; packetsMade: number } {
    const poolFen = [...this.#poolFen.values()].reduce((sum, fen) => sum + fen, 0);
    const sumFen = poolFen + this.#heldFen + this.#userFen + this.#returnedFen + this.#packetFen;
    const inFen = this.#mintedFen + this.#fundedFen;
    if (sumFen !== inFen) {
      this.#differences.add(`${this.#ledger}: ${inFen} fen went in and ${sumFen} fen are there`);
    }
    return {
      accounts: {
        ledger: this.#ledger,
        sourceFen: -inFen,
        poolFen,
        heldFen: this.#heldFen,
        userFen: this.#userFen,
        returnedFen: this.#returnedFen,
        packetFen: this.#packetFen,
      },
      packetsMade: this.#packetsMade,
    };
  }
}
