import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ledgerIdOf, linkAt } from "../ledger/chain/links.ts";
import { allNumbers, returningArrays } from "../ledger/disk/sqlite_rows.ts";
import { EntryKind } from "../ledger/kinds/entry_kinds.ts";
import { TRUTH_FILE } from "../ledger/store/sqlite_store.ts";

/** A row that ends a commit, and the begin of that commit's head. */
export interface RowMark {
  /** 0: before the first row; then the head is {@linkcode NO_HEAD}. */
  readonly seq: number;
  /** 8 bytes in hexadecimal digits. */
  readonly head: string;
}

export const HEAD_DIGITS = 16;
export const NO_HEAD = "0".repeat(HEAD_DIGITS);
export const START: RowMark = { seq: 0, head: NO_HEAD };

/** Numbers of an award: packet, user and sponsor. */
export const AWARD_NUMBERS = 3;

/** Awards of whole commits. */
export interface AwardBlock {
  readonly to: RowMark;
  readonly awards: Uint32Array;
}

/** The awards of a ledger that are durable. */
export interface AwardSource {
  /** The ledger's id, 32 hexadecimal digits. */
  readonly ledger: string;
  readonly hostNumber: number;
  tip(): RowMark;
  /** Whether this was its state once. */
  knows(mark: RowMark): boolean;
  /** The awards of the whole commits in the next rows after one: about so many rows, or one commit that has more. */
  after(seq: number, rows: number): AwardBlock | undefined;
}

/** The awards of a ledger beside the server that writes it. Holds no moment of it, so that its log can begin anew. */
export class TruthAwards implements AwardSource, Disposable {
  readonly ledger: string;
  readonly hostNumber: number;
  readonly #db: DatabaseSync;
  readonly #last: StatementSync;
  readonly #until: StatementSync;
  readonly #awards: StatementSync;

  constructor(directory: string, hostNumber: number) {
    const db = this.#db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
    this.hostNumber = hostNumber;
    try {
      db.exec("pragma busy_timeout = 5000; pragma wal_autocheckpoint = 0; pragma query_only = 1");
      this.ledger = ledgerIdOf(db);
      this.#last = db.prepare("select max(seq) as seq from link");
      this.#until = db.prepare(
        `select coalesce((select max(seq) from link where seq > ?1 and seq <= ?1 + ?2),
                         (select min(seq) from link where seq > ?1)) as seq`,
      );
      this.#awards = returningArrays(
        db.prepare(
          `select packet, user, sponsor from entry where seq > ? and seq <= ? and kind = ${EntryKind.award}`,
        ),
      );
    } catch (error) {
      db.close();
      throw error;
    }
  }

  tip(): RowMark {
    return this.#looking(() => this.#markAt((this.#last.get()!.seq as number | null) ?? 0)!);
  }

  knows({ seq, head }: RowMark): boolean {
    return this.#looking(() => this.#markAt(seq)?.head === head);
  }

  after(seq: number, rows: number): AwardBlock | undefined {
    return this.#looking(() => {
      const until = this.#until.get(seq, rows)!.seq as number | null;
      if (until === null) return undefined;
      const awards = Uint32Array.from(allNumbers(this.#awards, seq, until).flat());
      return { to: this.#markAt(until)!, awards };
    });
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #markAt(seq: number): RowMark | undefined {
    if (seq === 0) return START;
    const link = linkAt(this.#db, seq);
    return link && { seq, head: link.head.toHex().slice(0, HEAD_DIGITS) };
  }

  #looking<T>(look: () => T): T {
    this.#db.exec("begin");
    try {
      return look();
    } finally {
      this.#db.exec("rollback");
    }
  }
}
