/** A ledger on disk that grows without a judge, for those who only carry its rows. */
import { Random } from "../../core/base/random.ts";
import type { Opening } from "../../core/books/contract/openings.ts";
import type { Intake } from "../../core/books/contract/intake.ts";
import { EntryKind, kinds } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { EntryRows, ROW_FIELDS, RowField } from "../../core/ledger/record/entry_rows.ts";
import { noteOf } from "../../core/ledger/chain/notes.ts";
import { SqliteStore } from "../../core/ledger/store/sqlite_store.ts";
import { TruthReader } from "../../core/ledger/store/truth_reader.ts";

const NO_MARKS = new Uint32Array();

export interface RealLedgerOptions {
  readonly directory?: string;
  readonly host?: number;
  readonly seed?: number;
  /** `full` where processes are killed that others read after. */
  readonly sync?: "full" | "off";
}

/** A host's ledger in a temporary folder, or in one that is there. */
export class RealLedger implements Disposable {
  readonly directory: string;
  readonly host: number;
  readonly #store: SqliteStore;
  readonly #random: Random;
  #epoch = 1;

  constructor({ directory, host = 1, seed = 1, sync = "off" }: RealLedgerOptions = {}) {
    this.directory = directory ?? Deno.makeTempDirSync({ prefix: "redpkt-ledger-" });
    this.host = host;
    this.#store = new SqliteStore(this.directory, sync);
    this.#random = new Random(seed);
    if (this.#store.lastSeq() === 0) this.#store.note(noteOf(kinds.host, host), 1_690_000_000_000);
  }

  get lastSeq(): number {
    return this.#store.lastSeq();
  }

  /** Adds a commit of so many rows; some commits have bodies or marks too. */
  commit(count: number, atMs: number): void {
    const rows = new EntryRows();
    const first = this.#store.lastSeq() + 1;
    for (let i = 0; i < count; i++) {
      const seq = first + i;
      const packet = this.host * 1_000_000 + 1 + Math.floor(seq / 3);
      const kind = [EntryKind.open, EntryKind.mint, EntryKind.award][seq % 3];
      const fen = 1 + packet * 7 % 500;
      const at = rows.next();
      rows.values.set([seq, kind, packet, packet * 7919 % 5_000, fen, 1 + packet % 8, HELD, atMs], at);
    }
    if (this.#random.below(4) === 0) rows.bodies.set(first, Uint32Array.of(first, this.#random.uint32()));
    this.#store.append(rows, this.#random.below(3) === 0 ? Uint32Array.of(first) : NO_MARKS);
  }

  /** Adds a commit without rows. */
  deliver(): void {
    this.#store.append(new EntryRows(), Uint32Array.of(7));
  }

  /** Says that another machine goes on with it. */
  adopt(atMs: number, token = "t"): void {
    this.#store.note(noteOf(kinds.adoption, { epoch: ++this.#epoch, reason: "test", token }), atMs);
  }

  /** Adds one row of any kind. */
  row(kind: number, atMs: number): void {
    const rows = new EntryRows();
    const at = rows.next();
    rows.values.set([this.#store.lastSeq() + 1, kind, 1, 1, 1, 1, 0, atMs], at);
    this.#store.append(rows, NO_MARKS);
  }

  /** The folder as it is now, somewhere else. */
  copy(): string {
    const directory = Deno.makeTempDirSync({ prefix: "redpkt-copy-" });
    for (const { name } of Deno.readDirSync(this.directory)) {
      Deno.copyFileSync(`${this.directory}/${name}`, `${directory}/${name}`);
    }
    return directory;
  }

  close(): void {
    this.#store.close();
  }

  [Symbol.dispose](): void {
    this.#store.close();
    Deno.removeSync(this.directory, { recursive: true });
  }
}

/** All that a ledger on disk has, by a reader that shares nothing with the uplink. */
export function contentOf(directory: string): { rows: number[]; bodies: [number, number[]][] } {
  const truth = new TruthReader(directory);
  try {
    const rows: number[] = [];
    const bodies: [number, number[]][] = [];
    truth.read(0, ({ values, count, bodies: some }) => {
      for (let i = 0; i < count * ROW_FIELDS; i++) rows.push(values[i]);
      for (const [seq, words] of some) bodies.push([seq, [...words]]);
    });
    return { rows, bodies };
  } finally {
    truth.close();
  }
}

/** What the books have of a host, in the same form, and its openings by row. */
export async function booksContentOf(intake: Intake, host: number) {
  const blocks: number[][] = [];
  for await (const rows of intake.rows(host)) blocks.push([...rows]);
  const bodies = (await intake.bodies(host)).map(([seq, words]): [number, number[]] => [seq, [...words]]);
  const openings: Opening[] = [];
  for await (const some of intake.openings()) {
    openings.push(...some.filter((opening) => opening.host === host));
  }
  return { rows: blocks.flat(), bodies, openings: openings.sort((a, b) => a.seq - b.seq) };
}

/** What the books must have queued for a ledger whose clock never stepped. */
export function openingsIn(rows: readonly number[]): { seq: number; openedS: number; fen: number }[] {
  const openings = [];
  for (let at = 0; at < rows.length; at += ROW_FIELDS) {
    if (rows[at + RowField.kind] !== EntryKind.open) continue;
    const [seq, fen, atMs] = [rows[at + RowField.seq], rows[at + RowField.amount], rows[at + RowField.atMs]];
    openings.push({ seq, openedS: Math.floor(atMs / 1000), fen });
  }
  return openings;
}
