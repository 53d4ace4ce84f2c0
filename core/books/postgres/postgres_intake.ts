import { ROW_FIELDS, RowField } from "../../ledger/record/entry_rows.ts";
import { otherNumber } from "../contract/enrolment.ts";
import type {
  Block,
  Cursor,
  Enrolment,
  Fence,
  Intake,
  OpeningQueue,
  RowNumbers,
  SeedClaim,
  SeedHolder,
} from "../contract/intake.ts";
import { type Opening, openingsOf } from "../contract/openings.ts";
import type { PostgresConnection } from "./postgres_connection.ts";

const ROWS_AT_ONCE = 10_000;

/** `Intake` in PostgreSQL: each call is one statement. */
export class PostgresIntake implements Intake {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async enrol({ host, name, ledger, genesisHex }: Enrolment): Promise<Cursor> {
    const [inserted] = await this.#connection.ask((sql) =>
      sql`insert into books.host (host, name, ledger, epoch, seq, head, caught_up_ms)
        values (${host}, ${name}, ${ledger}, 1, 0, ${genesisHex}, 0) on conflict do nothing returning *`
    );
    if (inserted !== undefined) return cursorOf(inserted);
    const [held] = await this.#connection.ask((sql) =>
      sql`select * from books.host where host = ${host} or ledger = ${ledger} order by host <> ${host} limit 1`
    );
    if (held.host !== host) throw otherNumber(ledger, held.host, host);
    return cursorOf(held);
  }

  async cursor(host: number): Promise<Cursor | undefined> {
    const [row] = await this.#connection.ask((sql) => sql`select * from books.host where host = ${host}`);
    return row === undefined ? undefined : cursorOf(row);
  }

  async append(block: Block): Promise<boolean> {
    const { host, ledger, epochBefore, epochAfter, from, to, rows, bodies } = block;
    // With 0 as the floor: the statement knows the host's own.
    const { openings, lastMs } = openingsOf(host, rows, 0);
    const r = rowColumns(rows);
    const o = (Object.keys(OPENING_COLUMNS) as (keyof typeof OPENING_COLUMNS)[])
      .map((name) => literal(openings.map((opening) => opening[name])));
    const bodySeqs = literal(bodies.map(([seq]) => seq));
    const bodyWords = literal(bodies.map(([, words]) => `"\\\\x${bytesOf(words).toHex()}"`));
    const [{ moved }] = await this.#connection.ask((sql) =>
      sql`with moved as (
          update books.host set epoch = ${epochAfter}, seq = ${to.seq}, head = ${to.headHex},
            floor_ms = caught_up_ms, caught_up_ms = greatest(caught_up_ms, ${lastMs})
          where host = ${host} and ledger = ${ledger} and epoch = ${epochBefore} and seq = ${from.seq}
            and head = ${from.headHex}
          returning host, floor_ms
        ), entries as (
          insert into books.entry select moved.host, r.* from moved, unnest(
            ${r[0]}::text::bigint[], ${r[1]}::text::smallint[], ${r[2]}::text::bigint[], ${
        r[3]
      }::text::bigint[],
            ${r[4]}::text::bigint[], ${r[5]}::text::int[], ${r[6]}::text::bigint[], ${r[7]}::text::bigint[]) r
        ), openings as (
          insert into books.opening
          select o.part, greatest(o.opened_s, moved.floor_ms / 1000), o.packet, moved.host, o.seq, o.usr, o.sponsor, o.fen
          from moved, unnest(
            ${o[0]}::text::smallint[], ${o[1]}::text::bigint[], ${o[2]}::text::bigint[], ${
        o[3]
      }::text::bigint[],
            ${o[4]}::text::bigint[], ${o[5]}::text::int[], ${o[6]}::text::bigint[]
          ) as o(part, opened_s, packet, seq, usr, sponsor, fen)
        ), bodies as (
          insert into books.body select moved.host, b.* from moved,
            unnest(${bodySeqs}::text::bigint[], ${bodyWords}::text::bytea[]) b
        ) select count(*)::int as moved from moved`
    );
    return moved === 1;
  }

  async heartbeat({ host, ledger, epoch, seq, headHex }: Fence, caughtUpMs: number): Promise<boolean> {
    const { count } = await this.#connection.ask((sql) =>
      sql`update books.host set caught_up_ms = greatest(caught_up_ms, ${caughtUpMs})
        where host = ${host} and ledger = ${ledger} and epoch = ${epoch} and seq = ${seq} and head = ${headHex}`
    );
    return count === 1;
  }

  async claimSeed({ hash, host, ledger }: SeedClaim, wallMs: number): Promise<SeedHolder> {
    await this.#connection.ask((sql) =>
      sql`insert into books.seed_claim values (${hash}, ${host}, ${ledger}, ${wallMs}) on conflict do nothing`
    );
    const [held] = await this.#connection.ask((sql) =>
      sql`select * from books.seed_claim where hash = ${hash}`
    );
    return { hash, host: held.host, ledger: held.ledger, claimedMs: Number(held.claimed_ms) };
  }

  async retire(host: number, isRetired: boolean): Promise<boolean> {
    const { count } = await this.#connection.ask((sql) =>
      sql`update books.host set is_retired = ${isRetired} where host = ${host}`
    );
    return count === 1;
  }

  async hosts(): Promise<Cursor[]> {
    return (await this.#connection.ask((sql) => sql`select * from books.host order by host`)).map(cursorOf);
  }

  async *rows(host: number): AsyncIterable<RowNumbers> {
    let after = 0;
    for (;;) {
      const found = await this.#connection.ask((sql) =>
        sql`select seq, kind, packet, usr, amount, sponsor, count, at_ms from books.entry
          where host = ${host} and seq > ${after} order by seq limit ${ROWS_AT_ONCE}`.values()
      );
      if (found.length === 0) return;
      const rows = Float64Array.from((found as unknown as unknown[][]).flatMap((row) => row.map(Number)));
      after = rows[rows.length - ROW_FIELDS + RowField.seq];
      yield rows;
    }
  }

  async bodies(host: number): Promise<(readonly [seq: number, words: Uint32Array])[]> {
    const rows = await this.#connection.ask((sql) =>
      sql`select seq, words from books.body where host = ${host} order by seq`
    );
    return rows.map(({ seq, words }) =>
      [Number(seq), new Uint32Array(Uint8Array.from(words).buffer)] as const
    );
  }

  async *openings(): AsyncIterable<readonly Opening[]> {
    let after = { part: -1, openedS: 0, packetId: 0, host: 0, seq: 0 };
    for (;;) {
      const { part, openedS, packetId, host, seq } = after;
      const found = await this.#connection.ask((sql) =>
        sql`select part, opened_s, packet, host, seq, usr, sponsor, fen from books.opening
          where (part, opened_s, packet, host, seq) > (${part}, ${openedS}, ${packetId}, ${host}, ${seq})
          order by part, opened_s, packet, host, seq limit ${ROWS_AT_ONCE}`
      );
      if (found.length === 0) return;
      const openings = found.map((row): Opening => ({
        part: row.part,
        openedS: Number(row.opened_s),
        host: row.host,
        seq: Number(row.seq),
        packetId: Number(row.packet),
        user: Number(row.usr),
        sponsor: row.sponsor,
        fen: Number(row.fen),
      }));
      after = openings[openings.length - 1];
      yield openings;
    }
  }

  async queue(): Promise<OpeningQueue> {
    const [{ openings, fen, oldest }] = await this.#connection.ask((sql) =>
      sql`select count(*) as openings, sum(fen) as fen, min(opened_s) as oldest from books.opening`
    );
    return {
      openings: Number(openings),
      fen: Number(fen ?? 0),
      oldestS: oldest === null ? undefined : Number(oldest),
    };
  }
}

/** Columns of a queued opening in the order of the statement, without the host. */
const OPENING_COLUMNS = {
  part: true,
  openedS: true,
  packetId: true,
  seq: true,
  user: true,
  sponsor: true,
  fen: true,
} as const satisfies { readonly [Name in keyof Opening]?: true };

/** Each column of rows as an array in PostgreSQL's text, which costs the client the least. */
function rowColumns(rows: RowNumbers): string[] {
  const columns = Array.from({ length: ROW_FIELDS }, () => new Array<number>(rows.length / ROW_FIELDS));
  for (let at = 0, row = 0; at < rows.length; at += ROW_FIELDS, row++) {
    for (let field = 0; field < ROW_FIELDS; field++) columns[field][row] = rows[at + field];
  }
  return columns.map(literal);
}

function literal(values: readonly (number | string)[]): string {
  return `{${values.join(",")}}`;
}

function cursorOf(row: Record<string, unknown>): Cursor {
  return {
    host: row.host as number,
    name: row.name as string,
    ledger: row.ledger as string,
    epoch: row.epoch as number,
    seq: Number(row.seq),
    headHex: row.head as string,
    caughtUpMs: Number(row.caught_up_ms),
    isRetired: row.is_retired as boolean,
  };
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
