import { compareOpenings } from "../../settle/judge/opening_order.ts";
import { type Judged, judgeOpenings, type Standing } from "../../settle/judge/judge_openings.ts";
import type { AwardState } from "../account/award_state.ts";
import type { BooksEvent } from "../contract/event.ts";
import { covers, type Hold } from "../account/holds.ts";
import type { Opening } from "../contract/openings.ts";
import type { Settled, Settlement } from "../account/settlement.ts";
import { numberArray, textArray } from "./postgres_connection.ts";
import type { Ask, PostgresConnection } from "./postgres_connection.ts";

/** Class of the advisory locks of parts: one settler each. */
export const PART_LOCK = 0x72706b73;
/** Advisory lock that settlers share and operators have alone, so that no act misses what is being judged. */
export const ACT_LOCK = 0x72706b61;

/** How often a batch is tried while another settler judges the same packet of another ledger. */
const MOST_TRIES = 5;

/** `Settlement` in PostgreSQL: one transaction with a few round trips. */
export class PostgresSettlement implements Settlement {
  readonly #connection: PostgresConnection;
  readonly #event: BooksEvent;

  constructor(connection: PostgresConnection, event: BooksEvent) {
    this.#connection = connection;
    this.#event = event;
  }

  async settle(part: number, beforeS: number, most: number): Promise<Settled | undefined> {
    for (let tries = 1;; tries++) {
      try {
        return await this.#connection.transaction((sql) => this.#settle(sql, part, beforeS, most));
      } catch (error) {
        // Two ledgers have one packet, and its users are of different parts: the next try sees what the other did.
        if (!isUniqueViolation(error) || tries === MOST_TRIES) throw error;
      }
    }
  }

  async #settle(sql: Ask, part: number, beforeS: number, most: number): Promise<Settled | undefined> {
    const [{ has }] = await sql`select pg_try_advisory_xact_lock(${PART_LOCK}, ${part}) as has,
      pg_advisory_xact_lock_shared(${ACT_LOCK})`;
    if (has !== true) return undefined;
    const batch = await takeOpenings(sql, part, beforeS, most);
    if (batch.length === 0) return { openings: 0, states: new Map(), again: 0 };
    const judged = judgeOpenings(batch, await standingOf(sql, batch, this.#event));
    return await store(sql, batch, judged);
  }
}

/** Takes a batch out of the queue, in the order of judgement. */
async function takeOpenings(sql: Ask, part: number, beforeS: number, most: number): Promise<Opening[]> {
  const columns = ["opened_s", "packet", "host", "seq", "usr", "sponsor", "fen"];
  const upTo = Math.min(beforeS, Number.MAX_SAFE_INTEGER);
  // One text a column costs the client a fraction of a row's objects.
  const [row] = await sql`with batch as (
      delete from books.opening where ctid = any(array(
        select ctid from books.opening where part = ${part} and opened_s < ${upTo}
        order by opened_s, packet, host, seq limit ${most}))
      returning opened_s, packet, host, seq, usr, sponsor, fen
    ) select string_agg(opened_s::text, ',') as opened_s, string_agg(packet::text, ',') as packet,
        string_agg(host::text, ',') as host, string_agg(seq::text, ',') as seq,
        string_agg(usr::text, ',') as usr, string_agg(sponsor::text, ',') as sponsor,
        string_agg(fen::text, ',') as fen
      from batch`;
  if (row.packet === null) return [];
  const [openedS, packetId, host, seq, user, sponsor, fen] = columns.map((name) =>
    (row[name] as string).split(",")
  );
  return packetId.map((packet, i): Opening => ({
    part,
    openedS: Number(openedS[i]),
    packetId: Number(packet),
    host: Number(host[i]),
    seq: Number(seq[i]),
    user: Number(user[i]),
    sponsor: Number(sponsor[i]),
    fen: Number(fen[i]),
  })).sort(compareOpenings);
}

/** What the books know that bears on a batch; the questions travel together. */
async function standingOf(sql: Ask, batch: readonly Opening[], event: BooksEvent): Promise<Standing> {
  const users = numberArray([...new Set(batch.map(({ user }) => user))]);
  const packetIds = batch.map(({ packetId }) => packetId);
  const packets = numberArray(packetIds);
  const [least, last] = packetIds.reduce(
    ([min, max], id) => [Math.min(min, id), Math.max(max, id)],
    [Infinity, 0],
  );
  const [held, known, revoked, holds] = await Promise.all([
    sql`select usr, sponsors from books.holder where usr = any(${users}::text::bigint[])`.values(),
    sql`select packet from books.award where packet = any(${packets}::text::bigint[])`.values(),
    sql`select first, last from books.revoked where first <= ${last} and last >= ${least}`.values(),
    sql`select kind, first, last, reason from books.hold`,
  ]);
  const inForce = holds.map((hold) =>
    ({ ...hold, first: Number(hold.first), last: Number(hold.last) }) as Hold
  );
  return {
    limits: event,
    holders: new Map(held.map(([user, sponsors]) => [Number(user), sponsorsOf(sponsors)])),
    settled: new Set(known.map(([packet]) => Number(packet))),
    isRevoked: (id) => revoked.some(([first, last]) => Number(first) <= id && id <= Number(last)),
    isHeld: (user, packetId) => inForce.some((hold) => covers(hold, user, packetId)),
  };
}

async function store(sql: Ask, batch: readonly Opening[], judged: Judged): Promise<Settled> {
  const states = new Map<AwardState, number>();
  const awards: Opening[] = [];
  const again: Opening[] = [];
  for (const [i, opening] of batch.entries()) {
    const state = judged.states[i];
    (state === 0 ? again : awards).push(opening);
    if (state !== 0) states.set(state, (states.get(state) ?? 0) + 1);
  }
  const a = columnsOf(awards);
  const given = numberArray(judged.states.filter((state) => state !== 0));
  const users = numberArray([...judged.holders.keys()]);
  const sponsors = textArray([...judged.holders.values()].map(numberArray));
  const writes = [
    sql`insert into books.award (packet, host, seq, usr, sponsor, fen, opened_s, state, due_ms)
      select r.*, r.opened_s * 1000 from unnest(${a[0]}::text::bigint[], ${a[1]}::text::int[],
        ${a[2]}::text::bigint[], ${a[3]}::text::bigint[], ${a[4]}::text::int[], ${a[5]}::text::bigint[],
        ${a[6]}::text::bigint[], ${given}::text::smallint[])
        as r(packet, host, seq, usr, sponsor, fen, opened_s, state)`,
    sql`insert into books.holder
      select r.usr, r.sponsors::int[] from unnest(${users}::text::bigint[], ${sponsors}::text::text[])
        as r(usr, sponsors)
      on conflict (usr) do update set sponsors = excluded.sponsors`,
  ];
  if (again.length > 0) {
    const g = columnsOf(again);
    writes.push(sql`insert into books.again (packet, host, seq, usr, sponsor, fen, opened_s)
      select r.* from unnest(${g[0]}::text::bigint[], ${g[1]}::text::int[], ${g[2]}::text::bigint[],
        ${g[3]}::text::bigint[], ${g[4]}::text::int[], ${g[5]}::text::bigint[], ${
      g[6]
    }::text::bigint[]) as r`);
  }
  await Promise.all(writes);
  return { openings: batch.length, states, again: again.length };
}

/** Packet, host, row, user, sponsor, fen and second, as arrays. */
function columnsOf(openings: readonly Opening[]): string[] {
  const names = ["packetId", "host", "seq", "user", "sponsor", "fen", "openedS"] as const;
  return names.map((name) => numberArray(openings.map((opening) => opening[name])));
}

/** An array of PostgreSQL as the client hands it over: as text. */
export function sponsorsOf(array: string): number[] {
  return array === "{}" ? [] : array.slice(1, -1).split(",").map(Number);
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "23505";
}
