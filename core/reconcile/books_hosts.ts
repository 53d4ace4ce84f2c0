import type { Books } from "../books/contract/books.ts";
import type { Cursor, RowNumbers } from "../books/contract/intake.ts";
import { BlockHasher, type BlockSums, ROWS_PER_BLOCK } from "../books/account/row_hash.ts";
import type { OnStage } from "../cli/progress.ts";
import { ledgerIdOf } from "../ledger/chain/links.ts";
import type { UsedSeed } from "../ledger/kinds/notes.ts";
import { kinds } from "../ledger/kinds/entry_kinds.ts";
import { EntryRows, ROW_FIELDS, RowField } from "../ledger/record/entry_rows.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";
import type { Differences } from "./differences.ts";
import type { Reconciliation } from "./reconcile.ts";

/** Rows of a block that differ and are named. */
const MOST_ROWS_NAMED = 5;

/** A host as the books and its own ledger have it. */
export interface ComparedHost {
  readonly host: number;
  readonly name: string;
  readonly rows: number;
  /** Its ledger was given and compared; else its rows in the books were read instead. */
  readonly isCompared: boolean;
}

/** Compares ledgers with what the books have of them, and reads the rows of all other hosts from the books. */
export async function compareHosts(
  books: Books,
  ledgers: readonly string[],
  reconciliation: Reconciliation,
  onStage: OnStage,
): Promise<ComparedHost[]> {
  const cursors = await books.intake.hosts();
  const { differences } = reconciliation;
  const compared = new Set<number>();
  for (const ledger of ledgers) {
    const cursor = findCursor(ledger, cursors, differences);
    const hasher = new BlockHasher();
    const upToSeq = cursor?.seq ?? 0;
    reconciliation.readLedger(ledger, ({ values, count }) => {
      for (let at = 0; at < count * ROW_FIELDS; at += ROW_FIELDS) {
        if (values[at + RowField.seq] <= upToSeq) hasher.add(values, at);
      }
    });
    if (cursor === undefined) continue;
    if (compared.has(cursor.host)) differences.add(`${ledger}: was given twice`);
    compared.add(cursor.host);
    await compareBlocks(books, cursor, ledger, hasher.blocks(), differences, onStage);
  }
  for (const cursor of cursors) {
    if (!compared.has(cursor.host)) await readFromBooks(books, cursor, reconciliation, onStage);
  }
  return cursors.map(({ host, name, seq }) => ({ host, name, rows: seq, isCompared: compared.has(host) }));
}

/** The host whose ledger this is; its place must be one that the ledger has been at. */
function findCursor(
  ledger: string,
  cursors: readonly Cursor[],
  differences: Differences,
): Cursor | undefined {
  const truth = new TruthReader(ledger);
  try {
    const id = ledgerIdOf(truth.db);
    const cursor = cursors.find((each) => each.ledger === id);
    if (cursor === undefined) {
      differences.add(`${ledger}: the books don't know this ledger (${id})`);
      return undefined;
    }
    const { host, seq, headHex } = cursor;
    if (truth.hostNumber !== host) {
      differences.add(`${ledger}: is host number ${truth.hostNumber}, and host ${host} in the books`);
    }
    const lastSeq = truth.lastSeq();
    if (lastSeq > seq) differences.add(`${ledger}: has ${lastSeq - seq} rows that the books don't have yet`);
    if (lastSeq < seq) differences.add(`${ledger}: lacks ${seq - lastSeq} rows that the books have of it`);
    else if (seq > 0 && truth.headAt(seq) !== headHex) {
      differences.add(`${ledger}: its head at row ${seq} isn't the one that the books have`);
    }
    return cursor;
  } finally {
    truth.close();
  }
}

async function compareBlocks(
  books: Books,
  { host, seq }: Cursor,
  ledger: string,
  own: readonly BlockSums[],
  differences: Differences,
  onStage: OnStage,
): Promise<void> {
  const theirs = new Map((await books.audits.blocks(host, seq)).map((sums) => [sums.block, sums]));
  onStage(`${ledger} against the books`, seq, seq, "rows");
  const ours = new Map(own.map((sums) => [sums.block, sums]));
  for (const block of [...new Set([...ours.keys(), ...theirs.keys()])].sort((a, b) => a - b)) {
    const [one, other] = [ours.get(block), theirs.get(block)];
    if (one !== undefined && other !== undefined && isSame(one, other)) continue;
    const rows = await differingRows(books, host, seq, block, ledger);
    const first = block * ROWS_PER_BLOCK + 1;
    const named = `: rows ${rows.slice(0, MOST_ROWS_NAMED).join(", ")}` +
      (rows.length > MOST_ROWS_NAMED ? ` and ${rows.length - MOST_ROWS_NAMED} more` : "");
    differences.add(
      `${ledger}: rows from ${first} on are others in the books (${one?.rows ?? 0} of ${
        one?.fen ?? 0
      } fen, and ` +
        `${other?.rows ?? 0} of ${other?.fen ?? 0} fen)${named}`,
    );
  }
}

function isSame(a: BlockSums, b: BlockSums): boolean {
  return a.rows === b.rows && a.fen === b.fen && a.hashes[0] === b.hashes[0] && a.hashes[1] === b.hashes[1];
}

/** Numbers of the rows of a block that aren't the same. */
async function differingRows(
  books: Books,
  host: number,
  upToSeq: number,
  block: number,
  ledger: string,
): Promise<number[]> {
  const theirs = byRow(await books.audits.rowsOfBlock(host, block), upToSeq);
  const truth = new TruthReader(ledger);
  try {
    const ours = new Map<number, string>();
    const last = Math.min((block + 1) * ROWS_PER_BLOCK, upToSeq);
    const select = truth.db.prepare(
      "select seq, kind, packet, user, amount, sponsor, count, at_ms from entry where seq between ? and ? order by seq",
    );
    for (const row of select.iterate(block * ROWS_PER_BLOCK + 1, last)) {
      ours.set(row.seq as number, Object.values(row).join());
    }
    return [...new Set([...ours.keys(), ...theirs.keys()])].sort((a, b) => a - b)
      .filter((seq) => ours.get(seq) !== theirs.get(seq));
  } finally {
    truth.close();
  }
}

function byRow(numbers: RowNumbers, upToSeq: number): Map<number, string> {
  const rows = new Map<number, string>();
  for (let at = 0; at < numbers.length; at += ROW_FIELDS) {
    const seq = numbers[at + RowField.seq];
    const said = numbers.subarray(at, at + ROW_FIELDS).join();
    // A row that is there twice is the same as no other.
    if (seq <= upToSeq) rows.set(seq, rows.has(seq) ? `${rows.get(seq)} and ${said}` : said);
  }
  return rows;
}

/** Follows the money of a host whose ledger nobody has given. */
async function readFromBooks(
  books: Books,
  { host, name, seq }: Cursor,
  reconciliation: Reconciliation,
  onStage: OnStage,
): Promise<void> {
  const called = `host ${host}${name === "" ? "" : ` (${name})`} in the books`;
  const reading = reconciliation.begin(called, await seedsOf(books, host));
  const rows = new EntryRows();
  for (let block = 0; block * ROWS_PER_BLOCK < seq; block++) {
    rows.values = await books.audits.rowsOfBlock(host, block) as Float64Array<ArrayBuffer>;
    rows.count = rows.values.length / ROW_FIELDS;
    reading.add(rows);
    onStage(called, rows.count, seq, "rows");
  }
  reconciliation.end(reading, host);
}

/** The seed files that a host gives away, as its rows say. */
async function seedsOf({ intake, audits }: Books, host: number): Promise<UsedSeed[]> {
  const seeds: UsedSeed[] = [];
  let block = -1;
  let rows: RowNumbers = new Float64Array();
  for (const [seq, words] of await intake.bodies(host)) {
    const ofRow = Math.floor((seq - 1) / ROWS_PER_BLOCK);
    if (ofRow !== block) rows = await audits.rowsOfBlock(host, block = ofRow);
    for (let at = 0; at < rows.length; at += ROW_FIELDS) {
      const isIts = rows[at + RowField.seq] === seq && rows[at + RowField.kind] === kinds.seed.number;
      if (isIts) seeds.push(kinds.seed.read(words));
    }
  }
  return seeds;
}
