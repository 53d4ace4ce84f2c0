import { AwardState } from "../account/award_state.ts";
import {
  type ActResult,
  type BooksAct,
  type Hold,
  type Holds,
  type HoldTarget,
  SENT_STATES,
  STOPPED_STATES,
  withoutOne,
} from "../account/holds.ts";
import { numberArray, textArray } from "./postgres_connection.ts";
import type { Ask, PostgresConnection } from "./postgres_connection.ts";
import { ACT_LOCK, sponsorsOf } from "./postgres_settlement.ts";

const { queued, held, revoked } = AwardState;

/** An award that an act changed. */
interface Changed {
  readonly user: number;
  readonly sponsor: number;
  readonly fen: number;
}

/** `Holds` in PostgreSQL. */
export class PostgresHolds implements Holds {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  hold(target: HoldTarget, reason: string, wallMs: number): Promise<ActResult> {
    return this.#alone(async (sql) => {
      const { kind, first, last } = target;
      await sql`insert into books.hold values (${kind}, ${first}, ${last}, ${reason})
        on conflict (kind, first, last) do update set reason = excluded.reason`;
      const changed = await change(sql, target, held, `a.state = ${queued}`);
      return await note(sql, "hold", target, reason, wallMs, changed, await count(sql, target, SENT_STATES));
    });
  }

  release(target: HoldTarget, reason: string, wallMs: number): Promise<ActResult | undefined> {
    return this.#alone(async (sql) => {
      const { kind, first, last } = target;
      const ended = await sql`delete from books.hold
        where kind = ${kind} and first = ${first} and last = ${last}`;
      if (ended.count === 0) return undefined;
      const where = `a.state = ${held} and not exists (select 1 from books.hold h
        where (case h.kind when 'user' then a.usr else a.packet end) between h.first and h.last)`;
      const changed = await change(sql, target, queued, where);
      return await note(sql, "release", target, reason, wallMs, changed, 0);
    });
  }

  revoke(first: number, last: number, reason: string, wallMs: number): Promise<ActResult> {
    return this.#alone(async (sql) => {
      const target: HoldTarget = { kind: "packet", first, last };
      await sql`insert into books.revoked values (${first}, ${last})`;
      const where = `a.state in (${STOPPED_STATES.join(", ")}) and not a.has_doubt`;
      const changed = await change(sql, target, revoked, where);
      await giveBackPlaces(sql, changed);
      const tooLate = await count(sql, target, [...SENT_STATES, ...STOPPED_STATES]);
      return await note(sql, "revoke", target, reason, wallMs, changed, tooLate);
    });
  }

  async holds(): Promise<Hold[]> {
    const rows = await this.#connection.ask((sql) =>
      sql`select kind, first, last, reason from books.hold order by kind collate "C", first, last`
    );
    return rows.map((row) => ({ ...row, first: Number(row.first), last: Number(row.last) }) as Hold);
  }

  async journal(): Promise<BooksAct[]> {
    const rows = await this.#connection.ask((sql) =>
      sql`select act, kind, first, last, reason, wall_ms, awards, fen from books.act order by id`
    );
    return rows.map(({ act, kind, first, last, reason, wall_ms: wallMs, awards, fen }) => ({
      act,
      kind,
      first: Number(first),
      last: Number(last),
      reason,
      wallMs: Number(wallMs),
      awards: Number(awards),
      fen: Number(fen),
    }));
  }

  /** No settler judges meanwhile: each judges before an act or with it. */
  #alone<T>(act: (sql: Ask) => Promise<T>): Promise<T> {
    return this.#connection.transaction(async (sql) => {
      await sql`select pg_advisory_xact_lock(${ACT_LOCK})`;
      return await act(sql);
    });
  }
}

function columnOf({ kind }: HoldTarget): string {
  return kind === "user" ? "usr" : "packet";
}

async function change(sql: Ask, target: HoldTarget, state: AwardState, where: string): Promise<Changed[]> {
  const rows = await sql.unsafe(
    `update books.award a set state = ${state} where a.${columnOf(target)} between $1 and $2 and ${where}
     returning a.usr, a.sponsor, a.fen`,
    [target.first, target.last],
  ).values();
  return rows.map(([user, sponsor, fen]) => ({ user: Number(user), sponsor, fen: Number(fen) }));
}

async function count(sql: Ask, target: HoldTarget, states: readonly AwardState[]): Promise<number> {
  const [{ n }] = await sql.unsafe(
    `select count(*)::int as n from books.award
     where ${columnOf(target)} between $1 and $2 and state in (${states.join(", ")})`,
    [target.first, target.last],
  );
  return n;
}

/** Users may be given other packets for those that were revoked. */
async function giveBackPlaces(sql: Ask, changed: readonly Changed[]): Promise<void> {
  const users = [...new Set(changed.map(({ user }) => user))];
  const held = await sql`select usr, sponsors from books.holder
    where usr = any(${numberArray(users)}::text::bigint[])`.values();
  const sponsors = new Map(held.map(([user, array]) => [Number(user), sponsorsOf(array)]));
  for (const { user, sponsor } of changed) sponsors.set(user, withoutOne(sponsors.get(user) ?? [], sponsor));
  await sql`update books.holder h set sponsors = r.sponsors::int[]
    from unnest(${numberArray([...sponsors.keys()])}::text::bigint[],
      ${textArray([...sponsors.values()].map(numberArray))}::text::text[]) as r(usr, sponsors)
    where h.usr = r.usr`;
}

async function note(
  sql: Ask,
  act: BooksAct["act"],
  { kind, first, last }: HoldTarget,
  reason: string,
  wallMs: number,
  changed: readonly Changed[],
  tooLate: number,
): Promise<ActResult> {
  const fen = changed.reduce((sum, award) => sum + award.fen, 0);
  await sql`insert into books.act (act, kind, first, last, reason, wall_ms, awards, fen)
    values (${act}, ${kind}, ${first}, ${last}, ${reason}, ${wallMs}, ${changed.length}, ${fen})`;
  return { awards: changed.length, fen, tooLate };
}
