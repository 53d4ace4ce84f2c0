import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { HELD } from "../../ledger/record/entry.ts";
import { AwardState, COUNTED_STATES } from "./award_state.ts";
import { MOST_FOUND } from "./audits.ts";

/** How a backend names things. */
export interface SqlNames {
  /** In front of tables: `books.` or nothing. */
  readonly schema: string;
  readonly user: string;
  /** How many sponsors a holder has, as an expression. */
  readonly sponsorCount: string;
}

/** What must agree, as SQL that both databases understand. Each returns `total`, how many there are, with every row. */
export function auditSql(
  { schema, user, sponsorCount }: SqlNames,
  event: { readonly packetsPerUser: number; readonly packetsPerSponsor: number },
) {
  const found = (sql: string) =>
    `with found as (${sql}) select *, (select count(*) from found) as total from found order by 1, 2 limit ${MOST_FOUND}`;
  const counted = `state in (${COUNTED_STATES.join(", ")})`;
  const limits = [
    ...(event.packetsPerUser === Infinity ? [] : [`sum(n) > ${event.packetsPerUser}`]),
    ...(event.packetsPerSponsor === Infinity ? [] : [`max(n) > ${event.packetsPerSponsor}`]),
  ];
  const said = ["packet", user, "sponsor", "fen"];
  const covers = `exists (select 1 from ${schema}hold h
    where (case h.kind when 'user' then a.${user} else a.packet end) between h.first and h.last)`;
  return {
    strayRows: found(`
      select e.host as id, count(*) as zero from ${schema}entry e left join ${schema}host h on e.host = h.host
      where h.host is null or e.seq > h.seq group by 1`),
    openings: found(`
      select coalesce(e.host, s.host) as host, coalesce(e.seq, s.seq) as seq,
        ${said.map((name) => `e.${name} as e_${name}, s.${name} as s_${name}`).join(", ")}
      from (select host, seq, packet, ${user}, sponsor, amount as fen from ${schema}entry
          where kind = ${EntryKind.open} or (kind = ${EntryKind.award} and count <> ${HELD})) e
        full join (
          select host, seq, packet, ${user}, sponsor, fen from ${schema}award
          union all select host, seq, packet, ${user}, sponsor, fen from ${schema}again
          union all select host, seq, packet, ${user}, sponsor, fen from ${schema}opening
        ) s on e.host = s.host and e.seq = s.seq
      where e.host is null or s.host is null or ${
      said.map((name) => `e.${name} <> s.${name}`).join(" or ")
    }`),
    usersOver: limits.length === 0 ? undefined : found(`
      select ${user} as id, sum(n) as packets, max(n) as most
      from (select ${user}, sponsor, count(*) as n from ${schema}award where ${counted} group by 1, 2) as each_one
      group by 1 having ${limits.join(" or ")}`),
    holders: found(`
      select coalesce(a.${user}, h.${user}) as id, 0 as zero
      from (select ${user}, count(*) as n from ${schema}award where ${counted} group by 1) a
        full join ${schema}holder h on a.${user} = h.${user}
      where coalesce(a.n, 0) <> coalesce(${sponsorCount}, 0)`),
    holds: found(`
      select packet as id, 0 as zero from ${schema}award a
      where (state = ${AwardState.held} and not ${covers}) or (state = ${AwardState.queued} and ${covers})`),
  };
}
