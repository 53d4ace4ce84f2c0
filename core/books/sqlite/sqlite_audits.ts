// deno-lint-ignore-file require-await -- the contract is asynchronous
import { ROW_FIELDS } from "../../ledger/record/entry_rows.ts";
import { auditSql } from "../account/audit_sql.ts";
import type { Audits, Found, OpeningMismatch, UserOver } from "../account/audits.ts";
import type { BooksEvent } from "../contract/event.ts";
import type { RowNumbers } from "../contract/intake.ts";
import { blocksSql, type BlockSums, ROWS_PER_BLOCK } from "../account/row_hash.ts";
import type { SqliteFile } from "./sqlite_file.ts";

const COLUMNS = ["seq", "kind", "packet", "user", "amount", "sponsor", "count", "at_ms"];

/** `Audits` in SQLite. */
export class SqliteAudits implements Audits {
  readonly #file: SqliteFile;
  readonly #sql: ReturnType<typeof auditSql>;

  constructor(file: SqliteFile, event: BooksEvent) {
    this.#file = file;
    // Sponsors are a text such as '1,2'.
    const sponsorCount =
      "case h.sponsors when '' then 0 else length(h.sponsors) - length(replace(h.sponsors, ',', '')) + 1 end";
    this.#sql = auditSql({ schema: "", user: "user", sponsorCount }, event);
  }

  async blocks(host: number, upToSeq: number): Promise<BlockSums[]> {
    const sql = blocksSql("entry", COLUMNS, "host = ? and seq <= ?");
    return this.#file.read((db) => db.prepare(sql).all(host, upToSeq)).map((row) => ({
      block: row.block as number,
      rows: row.row_count as number,
      fen: row.fen as number,
      hashes: [row.hash0 as number, row.hash1 as number],
    }));
  }

  async rowsOfBlock(host: number, block: number): Promise<RowNumbers> {
    const rows = this.#file.read((db) =>
      db.prepare(`select ${COLUMNS} from entry where host = ? and seq between ? and ? order by seq`)
        .all(host, block * ROWS_PER_BLOCK + 1, (block + 1) * ROWS_PER_BLOCK)
    );
    const numbers = new Float64Array(rows.length * ROW_FIELDS);
    for (const [i, row] of rows.entries()) numbers.set(Object.values(row) as number[], i * ROW_FIELDS);
    return numbers;
  }

  async strayRows(): Promise<Found<number>> {
    return this.#found(this.#sql.strayRows, ({ id }) => id!);
  }

  async openings(): Promise<Found<OpeningMismatch>> {
    return this.#found(this.#sql.openings, (row) => ({
      host: row.host!,
      seq: row.seq!,
      row: row.e_packet === null ? undefined : [row.e_packet, row.e_user!, row.e_sponsor!, row.e_fen!],
      opening: row.s_packet === null ? undefined : [row.s_packet, row.s_user!, row.s_sponsor!, row.s_fen!],
    }));
  }

  async usersOver(): Promise<Found<UserOver>> {
    return this.#found(this.#sql.usersOver, ({ id, packets, most }) => ({
      ...{ user: id!, packets: packets!, ofOneSponsor: most! },
    }));
  }

  async holders(): Promise<Found<number>> {
    return this.#found(this.#sql.holders, ({ id }) => id!);
  }

  async holds(): Promise<Found<number>> {
    return this.#found(this.#sql.holds, ({ id }) => id!);
  }

  #found<T>(sql: string | undefined, take: (row: Record<string, number | null>) => T): Found<T> {
    if (sql === undefined) return { count: 0, first: [] };
    const rows = this.#file.read((db) => db.prepare(sql).all()) as Record<string, number | null>[];
    return { count: rows[0]?.total ?? 0, first: rows.map(take) };
  }
}
