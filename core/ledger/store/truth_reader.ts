import { DatabaseSync, type StatementSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import type { EntryRows } from "../record/entry_rows.ts";
import type { EntryStore } from "../disk/entry_store.ts";
import { hostNumberOf } from "./host_number.ts";
import type { LedgerLimits } from "../record/ledger.ts";
import { checkVersion, TRUTH_MIGRATIONS } from "../disk/schema.ts";
import {
  eachRows,
  endedOf,
  lastSeqOf,
  limitsOf,
  readDelivered,
  selectingEnded,
  TRUTH_FILE,
} from "./sqlite_store.ts";

/** A ledger's rows for reading, beside a server that writes them or without one. */
export class TruthReader
  implements Pick<EntryStore, "hostNumber" | "lastSeq" | "read" | "readDelivered" | "ended"> {
  readonly db: DatabaseSync;
  readonly path: string;
  #selectEnded: StatementSync | undefined;

  /** @throws UserError if there is no ledger, or one of a newer program */
  constructor(directory: string) {
    this.path = `${directory}/${TRUTH_FILE}`;
    try {
      Deno.statSync(this.path);
    } catch {
      throw new UserError(`${directory}: holds no ledger (there is no ${TRUTH_FILE} in it)`);
    }
    this.db = new DatabaseSync(this.path, { readOnly: true });
    try {
      this.db.exec("pragma busy_timeout = 5000");
      const version = checkVersion(this.db, this.path, TRUTH_MIGRATIONS);
      if (version < TRUTH_MIGRATIONS.length) {
        const what = version === 0 ? "is empty" : `has the schema ${version} of an older redpkt`;
        throw new UserError(`${this.path}: ${what}. Start redpkt server --ledger ${directory} once`);
      }
    } catch (error) {
      this.db.close();
      if (error instanceof UserError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`${this.path}: cannot be read: ${why}. Restore it from a copy`);
    }
  }

  get hostNumber(): number {
    return hostNumberOf(this.db) ?? 0;
  }

  lastSeq(): number {
    return lastSeqOf(this.db);
  }

  /** The loosest limits that were ever in force. */
  limits(): LedgerLimits {
    return limitsOf(this.db);
  }

  read(afterSeq: number, take: (rows: EntryRows) => void): void {
    for (const rows of eachRows(this.db, afterSeq, Infinity)) take(rows);
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
}
