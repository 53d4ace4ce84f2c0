import { DatabaseSync, type StatementSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import type { PaymentOrder } from "../gateway/gateway.ts";
import type { Decided } from "../gateway/messages.ts";

/** "rpfg": a statement of the fake gateway. */
const APPLICATION_ID = 0x72706667;

const SCHEMA = `
  create table payment (
    key      text primary key,
    user     integer not null,
    fen      integer not null,
    outcome  text not null check (outcome in ('paid', 'refused')),
    reason   text not null,
    -- How often it was ordered; it was decided once.
    orders   integer not null,
    at_ms    integer not null
  ) strict, without rowid;
  pragma user_version = 1;
  pragma application_id = ${APPLICATION_ID};
`;

/** What becomes of an order that is new. */
export interface Decision {
  readonly outcome: "paid" | "refused";
  readonly reason: string;
}

/** The fake gateway's statement: what it has decided, on a disk. */
export class PaymentStore {
  readonly #db: DatabaseSync;
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #repeat: StatementSync;

  /** @throws UserError if the file is something else */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    try {
      this.#db.exec("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 10000");
      const isEmpty = this.#db.prepare("select count(*) as n from sqlite_schema").get()!.n === 0;
      if (isEmpty) this.#db.exec(`begin immediate; ${SCHEMA} commit`);
      else if (this.#db.prepare("pragma application_id").get()!.application_id !== APPLICATION_ID) {
        throw new UserError(`--statement ${path}: is a database of another program. Name another file`);
      }
    } catch (error) {
      this.#db.close();
      if (error instanceof UserError) throw error;
      throw new UserError(`--statement ${path}: cannot be used: ${(error as Error).message}`);
    }
    this.#select = this.#db.prepare("select * from payment where key = ?");
    this.#insert = this.#db.prepare("insert into payment values (?, ?, ?, ?, ?, 1, ?)");
    this.#repeat = this.#db.prepare("update payment set orders = orders + 1 where key = ?");
  }

  /** Does something in one transaction, which is on the disk when this returns. */
  commit<T>(work: () => T): T {
    this.#db.exec("begin immediate");
    try {
      const result = work();
      this.#db.exec("commit");
      return result;
    } catch (error) {
      this.#db.exec("rollback");
      throw error;
    }
  }

  /** Within a transaction: an order that is new is decided, and any other was decided long ago. */
  take({ key, user, amountFen }: PaymentOrder, decide: () => Decision, wallMs: number): Decided {
    const known = this.find(key);
    if (known !== undefined) {
      this.#repeat.run(key);
      return known;
    }
    const { outcome, reason } = decide();
    this.#insert.run(key, user, amountFen, outcome, reason, wallMs);
    return { key, user, amountFen, outcome, reason };
  }

  find(key: string): Decided | undefined {
    const row = this.#select.get(key);
    if (row === undefined) return undefined;
    const { user, fen, outcome, reason } = row as Record<string, unknown>;
    return { key, user, amountFen: fen, outcome, reason } as Decided;
  }

  /** How many are paid and refused, and the sum of what is paid, in fen. */
  sums(): { readonly paid: number; readonly refused: number; readonly paidFen: number } {
    const row = this.#db.prepare(
      `select count(*) filter (where outcome = 'paid') as paid, count(*) filter (where outcome = 'refused') as refused,
         coalesce(sum(fen) filter (where outcome = 'paid'), 0) as fen from payment`,
    ).get()!;
    return { paid: row.paid as number, refused: row.refused as number, paidFen: row.fen as number };
  }

  /** All of it as CSV, by key, in pieces. */
  *csv(): Generator<string> {
    yield `${STATEMENT_COLUMNS.join(",")}\n`;
    let piece = "";
    for (const row of this.#db.prepare("select * from payment order by key").iterate()) {
      const { key, user, fen, outcome, reason, orders, at_ms: atMs } = row as Record<string, unknown>;
      piece += `${quoted(key)},${user},${fen},${outcome},${quoted(reason)},${orders},${atMs}\n`;
      if (piece.length < 65_536) continue;
      yield piece;
      piece = "";
    }
    yield piece;
  }

  close(): void {
    this.#db.close();
  }
}

/** Columns of a gateway's statement as CSV; the first four are what reconciliation reads. */
export const STATEMENT_COLUMNS = ["key", "user", "amount_fen", "outcome", "reason", "orders", "at_ms"];

function quoted(value: unknown): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
