import { kindOf } from "../ledger/kinds/entry_kinds.ts";
import { type EntryRows, RowField } from "../ledger/record/entry_rows.ts";
import type { SortedBlocks } from "../ledger/record/sorted_blocks.ts";
import type { Differences } from "./differences.ts";
import { type LedgerAccounts, LedgerSums } from "./ledger_sums.ts";
import { ORIGIN_OF, RecordWord } from "./packet_matcher.ts";
import type { LedgerTickets } from "./seed_match.ts";

/** Where what is read of a ledger goes. */
export interface LedgerReaders {
  /** The ledger's place among those that are read. */
  readonly index: number;
  readonly byPacket: SortedBlocks;
  readonly byUser: SortedBlocks;
  readonly differences: Differences;
  /** What it gives away, if there are seeds to compare with. */
  readonly tickets: LedgerTickets | undefined;
}

/** Takes in the rows of one ledger, wherever they are read. */
export class LedgerReading {
  readonly #readers: LedgerReaders;
  readonly #sums: LedgerSums;

  constructor(ledger: string, readers: LedgerReaders) {
    this.#readers = readers;
    this.#sums = new LedgerSums(ledger, readers.differences);
  }

  add(rows: EntryRows): void {
    const { tickets, byPacket, byUser, index } = this.#readers;
    for (let row = 0; row < rows.count; row++) {
      const at = rows.at(row);
      this.#sums.add(rows, at);
      tickets?.add(rows, at);
      const seenAs = kindOf(rows.values[at + RowField.kind])?.seenAs;
      if (seenAs === undefined) continue;
      // Ledgers count from 1; 0 is a fleet.
      addRecord(byPacket, rows, at, ORIGIN_OF[seenAs] + index + 1);
      if (seenAs === "shake") addPacketOfUser(byUser, rows, at);
    }
  }

  finish(): { accounts: Omit<LedgerAccounts, "hostNumber">; packetsMade: number } {
    return this.#sums.finish();
  }
}

function addPacketOfUser(byUser: SortedBlocks, { values }: EntryRows, row: number): void {
  const at = byUser.next();
  byUser.words[at] = values[row + RowField.user];
  byUser.words[at + 1] = values[row + RowField.sponsor];
}

function addRecord(byPacket: SortedBlocks, { values }: EntryRows, row: number, origin: number): void {
  const at = byPacket.next();
  const { words } = byPacket;
  const amountFen = values[row + RowField.amount];
  const atMs = values[row + RowField.atMs];
  words[at] = values[row + RowField.packetId];
  words[at + RecordWord.origin] = origin;
  words[at + RecordWord.user] = values[row + RowField.user];
  words[at + RecordWord.amountLow] = amountFen;
  words[at + RecordWord.amountHigh] = amountFen / 0x1_0000_0000;
  words[at + RecordWord.atMsLow] = atMs;
  words[at + RecordWord.atMsHigh] = atMs / 0x1_0000_0000;
}
