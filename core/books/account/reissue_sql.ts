import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";

/** Whether a row or an award is of a ticket that was made anew: it moves nobody's money. Ranges don't overlap. */
export function isReissuedSql(schema: string, packet: string): string {
  return `coalesce((select r.last from ${schema}reissued r where r.first <= ${packet} order by r.first desc limit 1), -1)
    >= ${packet}`;
}

/**
 * By sponsor: what was made anew, and what of it the lost ledgers gave back nevertheless when somebody found and closed
 * them. What a lost host hasn't said that it put in is no sum yet. SQL that both databases understand.
 */
export function reissuedSumsSql(schema: string): string {
  return `select r.sponsor, sum(r.last - r.first + 1) as packets, sum(r.fen) as fen,
      sum(case when exists (select 1 from ${schema}entry g
          where g.host = r.host and g.kind = ${EntryKind.giveBack} and g.sponsor = r.sponsor)
        then r.fen - coalesce((select sum(w.amount) from ${schema}entry w where w.host = r.host
          and w.kind = ${EntryKind.award} and w.packet between r.first and r.last), 0)
        else 0 end) as given_back_fen
    from ${schema}reissued r where exists (select 1 from ${schema}entry m where m.host = r.host
      and m.kind = ${EntryKind.mint} and m.sponsor = r.sponsor
      and r.first between m.packet and m.packet + m.count - 1)
    group by r.sponsor`;
}
