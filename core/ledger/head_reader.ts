import { DatabaseSync } from "node:sqlite";
import type { LedgerHead } from "./ledger_identity.ts";
import { hexOf, linkAt, tipOf } from "./links.ts";
import { TRUTH_FILE } from "./sqlite_store.ts";

/** Reads what a ledger is now, beside the thread that writes it. What it sees is durable: SQLite shows it after the sync. */
export class HeadReader {
  readonly #path: string;
  #db: DatabaseSync | undefined;

  constructor(directory: string) {
    this.#path = `${directory}/${TRUTH_FILE}`;
  }

  /** Throws as SQLite does; the next call opens the file again. */
  get head(): LedgerHead {
    try {
      const db = this.#db ??= new DatabaseSync(this.#path, { readOnly: true });
      const { seq } = tipOf(db);
      return { seq, headHex: hexOf(linkAt(db, seq)!.head) };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
  }
}
