import { AwardState, QUEUE_STATES } from "../account/award_state.ts";
import type { ClaimedPayment, PaymentQueue, PaymentResult, Payments } from "../account/payments.ts";
import { numberArray, textArray } from "./postgres_connection.ts";
import type { PostgresConnection } from "./postgres_connection.ts";

const { queued, sending, paid, refused, unknown, held } = AwardState;

/** `Payments` in PostgreSQL: each call is one statement. */
export class PostgresPayments implements Payments {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async claim(wallMs: number, leaseMs: number, most: number): Promise<ClaimedPayment[]> {
    // States stand as they are in the index, or it isn't used.
    const rows = await this.#connection.ask((sql) =>
      sql`with due as (
          select packet from books.award where state in (${sql.unsafe(QUEUE_STATES.join(", "))})
            and due_ms <= ${wallMs}
          order by due_ms, packet limit ${most} for update skip locked
        ) update books.award a
          set state = case a.state when ${queued} then ${sending} else ${unknown} end::smallint,
            due_ms = ${wallMs + leaseMs}, claims = a.claims + 1,
            has_doubt = a.has_doubt or a.state <> ${queued}
          from due where a.packet = due.packet
          returning a.packet, a.usr, a.fen, a.claims, a.state`.values()
    );
    return rows.map(([packet, user, fen, claims, state]): ClaimedPayment => ({
      packetId: Number(packet),
      user: Number(user),
      amountFen: Number(fen),
      claim: claims,
      isUnknown: state === unknown,
    }));
  }

  async finish(results: readonly PaymentResult[]): Promise<number[]> {
    const latest = new Map(results.map((result) => [result.packetId, result]));
    if (latest.size < results.length) {
      // One statement changes a row once: those of older claims go first.
      const older = results.filter((result) => latest.get(result.packetId) !== result);
      return [...await this.finish(older), ...await this.finish([...latest.values()])];
    }
    const ordered = [...results].sort((a, b) => a.packetId - b.packetId);
    const packets = numberArray(ordered.map(({ packetId }) => packetId));
    const claims = numberArray(ordered.map(({ claim }) => claim));
    const states = numberArray(ordered.map(({ state }) => state));
    const dues = numberArray(ordered.map(({ dueMs }) => Math.floor(dueMs)));
    const reasons = textArray(ordered.map(({ reason }) => reason));
    // The conditions are those of `mayFinish`.
    const rows = await this.#connection.ask((sql) =>
      sql`with result as (
          select * from unnest(${packets}::text::bigint[], ${claims}::text::int[], ${states}::text::smallint[],
            ${dues}::text::bigint[], ${reasons}::text::text[]) as r(packet, claim, state, due_ms, reason)
        ), finished as (
          update books.award a set state = r.state, due_ms = r.due_ms, reason = r.reason,
            has_doubt = a.has_doubt or r.state = ${unknown}
          from result r where a.packet = r.packet and (
            (r.state in (${paid}, ${refused}) and a.state in (${queued}, ${sending}, ${unknown}, ${held}))
            or (r.state in (${queued}, ${unknown}) and a.state in (${sending}, ${unknown})
              and a.claims = r.claim))
          returning 1
        ) select r.packet from result r left join books.award a using (packet)
          where a.packet is null or (r.state in (${paid}, ${refused}) and a.state <> r.state
            and a.state not in (${queued}, ${sending}, ${unknown}, ${held}))`.values()
    );
    return rows.map(([packet]) => Number(packet));
  }

  async queue(): Promise<PaymentQueue> {
    const [row] = await this.#connection.ask((sql) =>
      sql`select count(*) filter (where state = ${queued}) as queued,
          count(*) filter (where state = ${sending}) as sending,
          count(*) filter (where state = ${unknown}) as unknown,
          coalesce(sum(fen), 0) as fen, min(due_ms) as due
        from books.award where state in (${sql.unsafe(QUEUE_STATES.join(", "))})`
    );
    return {
      queued: Number(row.queued),
      sending: Number(row.sending),
      unknown: Number(row.unknown),
      fen: Number(row.fen),
      nextDueMs: row.due === null ? undefined : Number(row.due),
    };
  }
}
