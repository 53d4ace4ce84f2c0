import { EntryKind } from "../ledger/record/entry.ts";
import { type EntryRows, RowField } from "../ledger/record/entry_rows.ts";
import type { SortedBlocks } from "../ledger/record/sorted_blocks.ts";
import type { Differences } from "./differences.ts";
import { type LedgerAccounts, LedgerSums } from "./ledger_sums.ts";
import { OPENED, RecordWord, SHARE } from "./packet_matcher.ts";
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
      const kind = rows.values[at + RowField.kind];
      if (kind === EntryKind.award) addAward(byPacket, byUser, rows, at, index);
      if (kind === EntryKind.claim) addRecord(byPacket, rows, at, SHARE + index + 1);
      if (kind === EntryKind.open) addRecord(byPacket, rows, at, OPENED + index + 1);
    }
  }

  finish(): { accounts: Omit<LedgerAccounts, "hostNumber">; packetsMade: number } {
    return this.#sums.finish();
  }
}

function addAward(
  byPacket: SortedBlocks,
  byUser: SortedBlocks,
  rows: EntryRows,
  row: number,
  ledger: number,
): void {
  // Ledgers count from 1; 0 is a fleet.
  addRecord(byPacket, rows, row, ledger + 1);
  const { values } = rows;
  const userAt = byUser.next();
  byUser.words[userAt] = values[row + RowField.user];
  byUser.words[userAt + 1] = values[row + RowField.sponsor];
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
