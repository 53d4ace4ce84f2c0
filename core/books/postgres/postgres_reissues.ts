import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import {
  firstWithin,
  judgeReissue,
  type Reissue,
  type ReissueOutcome,
  type Reissues,
  type WantedReissue,
} from "../account/reissues.ts";
import { numberArray } from "./postgres_connection.ts";
import type { Ask, PostgresConnection } from "./postgres_connection.ts";
import { ACT_LOCK } from "./postgres_settlement.ts";

/** `Reissues` in PostgreSQL. */
export class PostgresReissues implements Reissues {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  reissue(wanted: WantedReissue): Promise<ReissueOutcome> {
    return this.#connection.transaction(async (sql) => {
      // No settler judges meanwhile, and nobody else sets ids aside.
      await sql`select pg_advisory_xact_lock(${ACT_LOCK})`;
      const [before] = await sql`select * from books.reissue where hash = ${wanted.hash}`;
      const [holder] = await sql`select c.host, coalesce(h.caught_up_ms, 0) as caught_up_ms
        from books.seed_claim c left join books.host h using (host) where c.hash = ${wanted.hash}`;
      const [{ used }] = await sql`select coalesce(sum(tickets), 0) as used from books.reissue
        where set_id = ${wanted.set}`;
      const outcome = judgeReissue(wanted, {
        before: before && reissueOf(before),
        holder: holder && { host: holder.host, caughtUpMs: Number(holder.caught_up_ms) },
        wonPacketId: holder && await wonPacketId(sql, holder.host, wanted),
        usedIds: Number(used),
      });
      if (outcome.kind === "done" && !outcome.isRepeated) await note(sql, outcome.reissue, wanted);
      return outcome;
    });
  }

  async reissues(): Promise<Reissue[]> {
    const rows = await this.#connection.ask((sql) => sql`select * from books.reissue order by first_id`);
    return rows.map(reissueOf);
  }
}

function rangesOf({ ranges }: WantedReissue): readonly string[] {
  return (["sponsor", "first", "last", "fen"] as const).map((name) =>
    numberArray(ranges.map((range) => range[name]))
  );
}

async function wonPacketId(sql: Ask, host: number, { ranges }: WantedReissue): Promise<number | undefined> {
  if (ranges.length === 0) return undefined;
  const first = Math.min(...ranges.map((range) => range.first));
  const last = Math.max(...ranges.map((range) => range.last));
  const won = await sql`select packet from books.award where packet between ${first} and ${last}
    union all select packet from books.opening where packet between ${first} and ${last}
    union all select packet from books.entry
      where host = ${host} and kind = ${EntryKind.award} and packet between ${first} and ${last}`.values();
  return firstWithin(ranges, won.map(([packet]) => Number(packet)));
}

async function note(sql: Ask, reissue: Reissue, wanted: WantedReissue): Promise<void> {
  const { hash, set, host, fenceMs, terms, firstId, tickets, reason, wallMs } = reissue;
  await sql`insert into books.reissue
    values (${hash}, ${set}, ${host}, ${fenceMs}, ${terms}, ${firstId}, ${tickets}, ${reason}, ${wallMs})`;
  const [sponsor, first, last, fen] = rangesOf(wanted);
  await sql`insert into books.reissued select ${hash}, ${host}, r.* from unnest(${sponsor}::text::int[],
    ${first}::text::bigint[], ${last}::text::bigint[], ${fen}::text::bigint[]) r`;
  await sql`insert into books.revoked
    select * from unnest(${first}::text::bigint[], ${last}::text::bigint[]) r`;
}

function reissueOf(row: Record<string, unknown>): Reissue {
  return {
    hash: row.hash as string,
    set: row.set_id as string,
    host: row.host as number,
    fenceMs: Number(row.fence_ms),
    terms: row.terms as string,
    firstId: Number(row.first_id),
    tickets: Number(row.tickets),
    reason: row.reason as string,
    wallMs: Number(row.wall_ms),
  };
}
