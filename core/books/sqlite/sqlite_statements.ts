import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { HELD } from "../../ledger/record/entry.ts";
import { isReissuedSql, reissuedSumsSql } from "../account/reissue_sql.ts";
import {
  type AwardSums,
  type BooksAward,
  type BooksSums,
  type EntrySums,
  type OpeningSums,
  type Statements,
  SUMMED_KINDS,
} from "../account/statements.ts";
import type { SqliteFile } from "./sqlite_file.ts";

const AWARDS_AT_ONCE = 10_000;

/** `Statements` in SQLite. */
export class SqliteStatements implements Statements {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  // deno-lint-ignore require-await -- the contract is asynchronous
  async sums(): Promise<BooksSums> {
    return this.#file.read((db) => {
      const rows = (sql: string) => db.prepare(sql).all().map((row) => ({ ...row })) as unknown[];
      db.exec("begin");
      try {
        const reissued = rows(reissuedSumsSql("")) as Record<string, number>[];
        const counts = reissued.length === 0 ? "true" : `not ${isReissuedSql("", "packet")}`;
        const entries = rows(`
          select sponsor, kind, kind = ${EntryKind.award} and count <> ${HELD} as isOpen, count(*) as rows,
            sum(iif(kind = ${EntryKind.mint}, count, 1)) as packets, sum(amount) as fen
          from entry where kind in (${SUMMED_KINDS})
            and (kind in (${EntryKind.mint}, ${EntryKind.giveBack}) or ${counts}) group by 1, 2, 3`) as EntrySums[];
        return {
          entries: entries.map((sums) => ({ ...sums, isOpen: Boolean(sums.isOpen) })),
          awards: rows(
            `select sponsor, state, count(*) as awards, sum(fen) as fen from award where ${counts} group by 1, 2`,
          ) as AwardSums[],
          waiting: rows(openingSums("opening", counts)) as OpeningSums[],
          again: rows(openingSums("again", counts)) as OpeningSums[],
          reissued: reissued.map(({ sponsor, packets, fen, given_back_fen: givenBackFen }) => ({
            sponsor,
            packets,
            fen,
            givenBackFen,
          })),
        };
      } finally {
        db.exec("commit");
      }
    });
  }

  async *awards(): AsyncIterable<readonly BooksAward[]> {
    let after = -1;
    for (;;) {
      const awards = this.#file.read((db) =>
        db.prepare(
          `select packet as packetId, host, seq, user, sponsor, fen, opened_s as openedS, state, reason from award
           where packet > ? order by packet limit ${AWARDS_AT_ONCE}`,
        ).all(after).map((row) => ({ ...row }))
      ) as unknown as BooksAward[];
      if (awards.length === 0) return;
      after = awards[awards.length - 1].packetId;
      yield awards;
    }
  }
}

function openingSums(table: string, where: string): string {
  return `select sponsor, count(*) as openings, sum(fen) as fen from ${table} where ${where} group by 1`;
}
