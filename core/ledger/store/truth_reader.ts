import type { StatementSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import type { EntryRows } from "../record/entry_rows.ts";
import type { EntryStore } from "../disk/entry_store.ts";
import type { LedgerLimits } from "../record/ledger.ts";
import { refuseOther, TRUTH_MIGRATIONS } from "../disk/schema.ts";
import { hexOf, linkAt } from "../chain/links.ts";
import { hostNumberOf, limitsOf } from "../chain/notes.ts";
import { eachRows, endedOf, lastSeqOf, readDelivered, selectingEnded } from "../disk/sqlite_rows.ts";
import { TRUTH_FILE } from "./sqlite_store.ts";
import { UntouchedDatabase } from "../disk/untouched.ts";

/** Rows after which a running server may begin its log anew: as long as somebody reads an old moment it grows. */
export const ROWS_PER_MOMENT = 100_000;

/** A ledger's rows for reading, beside a server that writes them or without one. */
export class TruthReader
  implements Pick<EntryStore, "hostNumber" | "lastSeq" | "headAt" | "read" | "readDelivered" | "ended"> {
  readonly db: UntouchedDatabase;
  readonly path: string;
  #selectEnded: StatementSync | undefined;

  /**
   * @param file another name of the truth's file, such as a backup's
   * @throws UserError if there is no ledger, or one of a newer program
   */
  constructor(directory: string, file = TRUTH_FILE) {
    this.path = `${directory}/${file}`;
    try {
      Deno.statSync(this.path);
    } catch {
      throw new UserError(`${directory}: holds no ledger (there is no ${file} in it)`);
    }
    this.db = this.#open();
    try {
      if (refuseOther(this.db, this.path, TRUTH_MIGRATIONS) === 0) {
        throw new UserError(`${this.path}: is empty. Start redpkt server --ledger ${directory} once`);
      }
    } catch (error) {
      this.db.close();
      throw error;
    }
  }

  get hostNumber(): number {
    return hostNumberOf(this.db) ?? 0;
  }

  lastSeq(): number {
    return lastSeqOf(this.db);
  }

  headAt(seq: number): string | undefined {
    const link = linkAt(this.db, seq);
    return link && hexOf(link.head);
  }

  /** The loosest limits that were ever in force. */
  limits(): LedgerLimits {
    return limitsOf(this.db);
  }

  read(afterSeq: number, take: (rows: EntryRows) => void): void {
    let left = ROWS_PER_MOMENT;
    for (const rows of eachRows(this.db, afterSeq, Infinity)) {
      left -= rows.count;
      take(rows);
      if (left > 0) continue;
      left = ROWS_PER_MOMENT;
      this.db.renew();
    }
  }

  readDelivered(afterMark: number, take: (words: Uint32Array) => void): number {
    return readDelivered(this.db, afterMark, take);
  }

  ended(packetId: number): Uint32Array | undefined {
    return endedOf(this.#selectEnded ??= selectingEnded(this.db), packetId);
  }

  close(): void {
    this.db.close();
  }

  #open(): UntouchedDatabase {
    try {
      return new UntouchedDatabase(this.path);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`${this.path}: cannot be read: ${why}. Restore it from a copy`);
    }
  }
}
