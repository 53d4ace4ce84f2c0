import { DatabaseSync } from "node:sqlite";
import { EntryKind } from "../record/entry.ts";
import { migrate, TRUTH_MIGRATIONS } from "../disk/schema.ts";
import { lastSeqOf, TRUTH_FILE } from "./sqlite_store.ts";

/** A seed file as a ledger remembers it. */
export interface UsedSeed {
  readonly hash: string;
  /** Where it was when it was first used. */
  readonly path: string;
}

/**
 * Which ledger a directory holds, and which seed files it gives away: for the moment before the ledger thread opens it.
 * What is noted is durable when the call returns.
 */
export class LedgerIdentity {
  readonly directory: string;
  readonly #db: DatabaseSync;

  /**
   * Opens the ledger, or makes an empty one.
   *
   * @param directory it must exist, and be locked by this process
   * @throws UserError if there is something else in it
   */
  constructor(directory: string) {
    this.directory = directory;
    const path = `${directory}/${TRUTH_FILE}`;
    this.#db = new DatabaseSync(path);
    this.#db.exec("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 2000");
    migrate(this.#db, path, TRUTH_MIGRATIONS);
  }

  get id(): string {
    return this.#db.prepare("select id from identity").get()!.id as string;
  }

  /** How many rows it has. */
  get rows(): number {
    return lastSeqOf(this.#db);
  }

  hasSeed(hash: string): boolean {
    return this.#db.prepare("select 1 from seed where hash = ?").get(hash) !== undefined;
  }

  /** Notes that this ledger gives a file's tickets away. Noting it again changes nothing. */
  noteSeed(hash: string, path: string, wallMs: number): void {
    this.#db.prepare("insert into seed values (?, ?, ?) on conflict do nothing").run(hash, path, wallMs);
  }

  /** The highest id of a packet that was ever made, 0 for none. Reads every row of an old ledger. */
  lastPacketId(): number {
    const last = this.#db.prepare("select max(packet + count - 1) as id from entry where kind = ?");
    return (last.get(EntryKind.mint)!.id as number | null) ?? 0;
  }

  close(): void {
    this.#db.close();
  }
}

/** The seed files that an open ledger gives away; none if it is older than seed files. */
export function usedSeeds(db: DatabaseSync): UsedSeed[] {
  const { user_version: version } = db.prepare("pragma user_version").get()!;
  if (version as number < 2) return [];
  return db.prepare("select hash, path from seed order by at_ms, hash").all() as unknown as UsedSeed[];
}
