import { DatabaseSync } from "node:sqlite";
import { kinds } from "../kinds/entry_kinds.ts";
import { hexOf, type LedgerHead, ledgerIdOf, linkAt, tipOf } from "../chain/links.ts";
import { lookUntouched } from "../disk/untouched.ts";
import { noteOf, usedSeeds } from "../chain/notes.ts";
import { makeSchema, refuseOther, TRUTH_MIGRATIONS } from "../disk/schema.ts";
import { TRUTH_FILE } from "./sqlite_store.ts";
import { TruthWriter } from "../chain/truth_writer.ts";

/**
 * Which ledger a directory holds, and which seed files it gives away: for the moment before the ledger's thread opens it.
 * It only looks, and changes no file, unless something is noted; then that is durable when the call returns. Nothing is
 * kept open.
 */
export class LedgerIdentity {
  readonly directory: string;
  readonly #path: string;
  readonly #seeds: Set<string>;
  readonly #id: string;
  #head: LedgerHead;

  /**
   * Reads what the ledger is now, or makes an empty one.
   *
   * @param directory it must exist, and be locked by this process
   * @throws UserError if there is something else in it, or a ledger of an older program
   */
  constructor(directory: string) {
    this.directory = directory;
    this.#path = `${directory}/${TRUTH_FILE}`;
    if (isEmpty(this.#path)) this.#writing(() => {});
    const { id, head, seeds } = lookUntouched(this.#path, (db) => {
      refuseOther(db, this.#path, TRUTH_MIGRATIONS);
      const { seq } = tipOf(db);
      return { id: ledgerIdOf(db), head: headAt(db, seq)!, seeds: usedSeeds(db) };
    });
    this.#id = id;
    this.#head = head;
    this.#seeds = new Set(seeds.map(({ hash }) => hash));
  }

  get id(): string {
    return this.#id;
  }

  /** What the ledger is now. */
  get head(): LedgerHead {
    return this.#head;
  }

  /** How many rows it has. */
  get rows(): number {
    return this.#head.seq;
  }

  /** What the ledger was when this was its last row; undefined if it never was, in this ledger's history. */
  headAt(seq: number): string | undefined {
    return lookUntouched(this.#path, (db) => headAt(db, seq)?.headHex);
  }

  hasSeed(hash: string): boolean {
    return this.#seeds.has(hash);
  }

  /** Notes that this ledger gives a file's tickets away. Noting it again changes nothing. */
  noteSeed(hash: string, path: string, wallMs: number): void {
    if (this.hasSeed(hash)) return;
    this.#writing((db) => {
      const writer = new TruthWriter(db, this.directory);
      try {
        writer.note(noteOf(kinds.seed, { hash, path }), wallMs);
      } finally {
        writer.close();
      }
      this.#head = headAt(db, writer.tip.seq)!;
    });
    this.#seeds.add(hash);
  }

  /** The highest id of a packet that was ever made, 0 for none. Reads every row of an old ledger. */
  lastPacketId(): number {
    return lookUntouched(this.#path, (db) => {
      const last = db.prepare("select max(packet + count - 1) as id from entry where kind = ?");
      return (last.get(kinds.mint.number)!.id as number | null) ?? 0;
    });
  }

  #writing(write: (db: DatabaseSync) => void): void {
    const db = new DatabaseSync(this.#path);
    try {
      db.exec("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 2000");
      makeSchema(db, this.#path, TRUTH_MIGRATIONS);
      write(db);
    } finally {
      db.close();
    }
  }
}

function headAt(db: DatabaseSync, seq: number): LedgerHead | undefined {
  const link = linkAt(db, seq);
  return link && { seq, headHex: hexOf(link.head) };
}

/** Whether there is no such file, or one that SQLite has only just begun. */
function isEmpty(path: string): boolean {
  try {
    return Deno.statSync(path).size === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}
