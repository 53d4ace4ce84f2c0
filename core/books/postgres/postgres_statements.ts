import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { HELD } from "../../ledger/record/entry.ts";
import { isReissuedSql, reissuedSumsSql } from "../account/reissue_sql.ts";
import {
  type BooksAward,
  type BooksSums,
  type OpeningSums,
  type Statements,
  SUMMED_KINDS,
} from "../account/statements.ts";
import type { Ask, PostgresConnection } from "./postgres_connection.ts";

const AWARDS_AT_ONCE = 10_000;
/** Every row of the event is read, in ms. */
const SUMS_MS = 3_600_000;

/** `Statements` in PostgreSQL. */
export class PostgresStatements implements Statements {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  sums(): Promise<BooksSums> {
    return this.#connection.ask((sql) =>
      sql.begin(async (sql) => {
        // One moment for all of it, while settlement and payout go on.
        await sql`set transaction isolation level repeatable read read only`;
        await sql`select set_config('statement_timeout', ${String(SUMS_MS)}, true)`;
        const reissued = await sql.unsafe(reissuedSumsSql("books."));
        const counts = (packet: string) =>
          sql.unsafe(reissued.length === 0 ? "true" : `not ${isReissuedSql("books.", packet)}`);
        const entries = await sql`select sponsor, kind,
            kind = ${EntryKind.award} and count <> ${HELD} as is_open, count(*) as rows,
            sum(case kind when ${EntryKind.mint} then count else 1 end) as packets, sum(amount) as fen
          from books.entry where kind = any(${`{${SUMMED_KINDS.join(",")}}`}::text::smallint[])
            and (kind in (${EntryKind.mint}, ${EntryKind.giveBack}) or ${counts("packet")})
          group by 1, 2, 3`;
        const awards = await sql`select sponsor, state, count(*) as awards, sum(fen) as fen
          from books.award where ${counts("packet")} group by 1, 2`;
        return {
          entries: entries.map(({ sponsor, kind, is_open: isOpen, rows, packets, fen }) => ({
            sponsor,
            kind,
            isOpen,
            rows: Number(rows),
            packets: Number(packets),
            fen: Number(fen),
          })),
          awards: awards.map(({ sponsor, state, awards, fen }) => ({
            sponsor,
            state,
            awards: Number(awards),
            fen: Number(fen),
          })),
          waiting: await openingSums(sql, "books.opening", reissued.length > 0),
          again: await openingSums(sql, "books.again", reissued.length > 0),
          reissued: reissued.map(({ sponsor, packets, fen, given_back_fen: givenBackFen }) => ({
            sponsor,
            packets: Number(packets),
            fen: Number(fen),
            givenBackFen: Number(givenBackFen),
          })),
        };
      }) as Promise<BooksSums>, SUMS_MS);
  }

  async *awards(): AsyncIterable<readonly BooksAward[]> {
    let after = -1;
    for (;;) {
      const rows = await this.#connection.ask((sql) =>
        sql`select packet, host, seq, usr, sponsor, fen, opened_s, state, reason from books.award
          where packet > ${after} order by packet limit ${AWARDS_AT_ONCE}`.values()
      );
      if (rows.length === 0) return;
      const awards = rows.map((
        [packet, host, seq, user, sponsor, fen, openedS, state, reason],
      ): BooksAward => ({
        packetId: Number(packet),
        host,
        seq: Number(seq),
        user: Number(user),
        sponsor,
        fen: Number(fen),
        openedS: Number(openedS),
        state,
        reason,
      }));
      after = awards[awards.length - 1].packetId;
      yield awards;
    }
  }
}

async function openingSums(sql: Ask, table: string, hasReissued: boolean): Promise<OpeningSums[]> {
  const where = hasReissued ? `where not ${isReissuedSql("books.", "packet")}` : "";
  const rows = await sql.unsafe(
    `select sponsor, count(*) as openings, sum(fen) as fen from ${table} ${where} group by 1`,
  );
  return rows.map(({ sponsor, openings, fen }) => ({
    sponsor,
    openings: Number(openings),
    fen: Number(fen),
  }));
}
