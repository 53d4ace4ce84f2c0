import { ROW_FIELDS } from "../../ledger/record/entry_rows.ts";
import { auditSql } from "../account/audit_sql.ts";
import type { Audits, Found, OpeningMismatch, UserOver } from "../account/audits.ts";
import type { BooksEvent } from "../contract/event.ts";
import type { RowNumbers } from "../contract/intake.ts";
import { blocksSql, type BlockSums, ROWS_PER_BLOCK } from "../account/row_hash.ts";
import type { PostgresConnection } from "./postgres_connection.ts";

const COLUMNS = ["seq", "kind", "packet", "usr", "amount", "sponsor", "count", "at_ms"];
/** Every row of the event is read, in ms. */
const LONG_MS = 3_600_000;

type Row = Readonly<Record<string, string | number | null>>;

/** `Audits` in PostgreSQL. */
export class PostgresAudits implements Audits {
  readonly #connection: PostgresConnection;
  readonly #sql: ReturnType<typeof auditSql>;

  constructor(connection: PostgresConnection, event: BooksEvent) {
    this.#connection = connection;
    this.#sql = auditSql({ schema: "books.", user: "usr", sponsorCount: "cardinality(h.sponsors)" }, event);
  }

  async blocks(host: number, upToSeq: number): Promise<BlockSums[]> {
    const rows = await this.#read(blocksSql("books.entry", COLUMNS, "host = $1 and seq <= $2"), [
      host,
      upToSeq,
    ]);
    return rows.map((row) => ({
      block: Number(row.block),
      rows: Number(row.row_count),
      fen: Number(row.fen),
      hashes: [Number(row.hash0), Number(row.hash1)],
    }));
  }

  async rowsOfBlock(host: number, block: number): Promise<RowNumbers> {
    const rows = await this.#read(
      `select ${COLUMNS} from books.entry where host = $1 and seq between $2 and $3 order by seq`,
      [host, block * ROWS_PER_BLOCK + 1, (block + 1) * ROWS_PER_BLOCK],
    );
    const numbers = new Float64Array(rows.length * ROW_FIELDS);
    for (const [i, row] of rows.entries()) {
      numbers.set(COLUMNS.map((name) => Number(row[name])), i * ROW_FIELDS);
    }
    return numbers;
  }

  strayRows(): Promise<Found<number>> {
    return this.#found(this.#sql.strayRows, ({ id }) => Number(id));
  }

  openings(): Promise<Found<OpeningMismatch>> {
    return this.#found(this.#sql.openings, (row) => {
      const said = (side: "e" | "s") =>
        row[`${side}_packet`] === null
          ? undefined
          : ["packet", "usr", "sponsor", "fen"].map((name) => Number(row[`${side}_${name}`]));
      return { host: Number(row.host), seq: Number(row.seq), row: said("e"), opening: said("s") };
    });
  }

  usersOver(): Promise<Found<UserOver>> {
    return this.#found(this.#sql.usersOver, ({ id, packets, most }) => ({
      ...{ user: Number(id), packets: Number(packets), ofOneSponsor: Number(most) },
    }));
  }

  holders(): Promise<Found<number>> {
    return this.#found(this.#sql.holders, ({ id }) => Number(id));
  }

  holds(): Promise<Found<number>> {
    return this.#found(this.#sql.holds, ({ id }) => Number(id));
  }

  async #found<T>(sql: string | undefined, take: (row: Row) => T): Promise<Found<T>> {
    if (sql === undefined) return { count: 0, first: [] };
    const rows = await this.#read(sql);
    return { count: Number(rows[0]?.total ?? 0), first: rows.map(take) };
  }

  /** Reads for as long as it takes. */
  #read(text: string, values: readonly number[] = []): Promise<readonly Row[]> {
    return this.#connection.ask((sql) =>
      sql.begin(async (sql) => {
        await sql`select set_config('statement_timeout', ${String(LONG_MS)}, true)`;
        return await sql.unsafe(text, [...values]);
      }) as Promise<readonly Row[]>, LONG_MS);
  }
}
