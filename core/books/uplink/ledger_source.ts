import { DatabaseSync, type StatementSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import { genesis } from "../../ledger/chain/chain.ts";
import { hexOf, ledgerIdOf, linkAt } from "../../ledger/chain/links.ts";
import { epochAt, hostNumberOf } from "../../ledger/chain/notes.ts";
import { ChainBroken, eachProven } from "../../ledger/chain/prove_chain.ts";
import { transferKinds } from "../../ledger/kinds/transfers.ts";
import { ROW_FIELDS, RowField } from "../../ledger/record/entry_rows.ts";
import { TRUTH_FILE } from "../../ledger/store/sqlite_store.ts";
import type { TruthReader } from "../../ledger/store/truth_reader.ts";
import type { Block, Place } from "../contract/intake.ts";

/** Rows of what users send each other. */
const TRANSFERS: ReadonlySet<number> = new Set(Object.values(transferKinds).map(({ number }) => number));

/** A ledger whose rows go to the books. */
export interface LedgerSource {
  /** Its id. */
  readonly ledger: string;
  readonly genesisHex: string;
  /** Its last row that ends a commit. */
  lastSeq(): number;
  /** When the first row after one was written, in unix ms; undefined if there is none. */
  atMsAfter(seq: number): number | undefined;
  /** Whether this was its state once. */
  knows(place: Place): boolean;
  /** How often it was adopted up to a row, plus 1. */
  epochAt(seq: number): number;
  /**
   * The whole commits after a place that it knows: about so many rows, or one commit that has more. Undefined if there is
   * none.
   *
   * @throws SourceRefused if the books may not have them
   */
  blockAfter(place: Place, rows: number): SourceBlock | undefined;
}

export type SourceBlock = Omit<Block, "host" | "ledger">;

/** Rows that the books may not have. */
export class SourceRefused extends Error {
  override name = "SourceRefused";
}

/** How a database is looked at: each look sees one moment, and none is held in between. */
interface Look {
  begin(): void;
  end(): void;
}

/** A ledger's rows, proven as they are read. */
export class TruthSource implements LedgerSource {
  readonly ledger: string;
  readonly genesisHex: string;
  readonly hostNumber: number;
  readonly #db: DatabaseSync;
  readonly #look: Look;
  readonly #selectLast: StatementSync;
  readonly #selectAtMs: StatementSync;

  private constructor(db: DatabaseSync, look: Look) {
    this.#db = db;
    this.#look = look;
    this.ledger = ledgerIdOf(db);
    this.genesisHex = hexOf(genesis(this.ledger).head);
    this.hostNumber = hostNumberOf(db) ?? 0;
    this.#selectLast = db.prepare("select max(seq) as seq from link");
    this.#selectAtMs = db.prepare("select at_ms as atMs from entry where seq > ? order by seq limit 1");
  }

  /** Beside a server that writes it. It holds no moment, so that the server's log can begin anew. */
  static beside(directory: string): TruthSource & Disposable {
    // Not read-only: SQLite clears up beside the file when the last one closes it, and that may be this one.
    const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
    try {
      db.exec("pragma busy_timeout = 5000; pragma wal_autocheckpoint = 0; pragma query_only = 1");
      const source = new TruthSource(db, { begin: () => db.exec("begin"), end: () => db.exec("rollback") });
      return Object.assign(source, { [Symbol.dispose]: () => db.close() });
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Of a ledger that may belong to nobody, and is left as it is. */
  static of(truth: TruthReader): TruthSource {
    return new TruthSource(truth.db, { begin: () => truth.db.renew(), end: () => {} });
  }

  lastSeq(): number {
    return this.#looking(() => (this.#selectLast.get()!.seq as number | null) ?? 0);
  }

  atMsAfter(seq: number): number | undefined {
    return this.#looking(() => this.#selectAtMs.get(seq)?.atMs as number | undefined);
  }

  knows({ seq, headHex }: Place): boolean {
    return this.#looking(() => {
      const link = linkAt(this.#db, seq);
      return link !== undefined && hexOf(link.head) === headHex;
    });
  }

  epochAt(seq: number): number {
    return this.#looking(() => epochAt(this.#db, seq));
  }

  blockAfter(from: Place, rows: number): SourceBlock | undefined {
    return this.#looking(() => {
      const link = linkAt(this.#db, from.seq);
      if (link === undefined || hexOf(link.head) !== from.headHex) {
        throw new SourceRefused(`row ${from.seq} isn't the end of a commit any more`);
      }
      const { value, done } = proving(() => eachProven(this.#db, link, undefined, rows).next());
      if (done === true) return undefined;
      const numbers = value.values.slice(0, value.count * ROW_FIELDS);
      refuseTransfers(numbers);
      const seq = numbers[numbers.length - ROW_FIELDS + RowField.seq];
      return {
        epochBefore: epochAt(this.#db, from.seq),
        epochAfter: epochAt(this.#db, seq),
        from,
        to: { seq, headHex: hexOf(linkAt(this.#db, seq)!.head) },
        rows: numbers,
        bodies: [...value.bodies],
      };
    });
  }

  #looking<T>(look: () => T): T {
    this.#look.begin();
    try {
      return look();
    } finally {
      this.#look.end();
    }
  }
}

function proving<T>(prove: () => T): T {
  try {
    return prove();
  } catch (error) {
    if (error instanceof ChainBroken || error instanceof UserError) {
      throw new SourceRefused(`the ledger's ${error.message}: restore it from a copy`);
    }
    throw error;
  }
}

/** Balances and packets that users send belong to one host: the books can't settle them. */
function refuseTransfers(rows: Float64Array): void {
  for (let at = 0; at < rows.length; at += ROW_FIELDS) {
    if (!TRANSFERS.has(rows[at + RowField.kind])) continue;
    throw new SourceRefused(
      `row ${
        rows[at + RowField.seq]
      } is of plugin send, whose money stays with one host: books don't take it`,
    );
  }
}
