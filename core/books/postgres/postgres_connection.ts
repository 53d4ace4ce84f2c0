import type postgres from "postgres";
import { after } from "../../base/clock.ts";
import { UserError } from "../../base/user_error.ts";
import { BooksAway } from "../contract/books_away.ts";
import { onLostWrite } from "./lost_writes.ts";
import { booksPlace, postgresOptions } from "./postgres_url.ts";

/** How long a connection may take to come about, and anything that is asked on it. */
const CONNECT_S = 5;
const ANSWER_MS = 15_000;

export type Sql = postgres.Sql;
/** A transaction, or a connection outside of one. */
export type Ask = postgres.ISql;

/**
 * Books in PostgreSQL. Each call is bounded in time; when it fails nobody knows whether it was done. A connection that
 * has gone comes back with the next call.
 */
export class PostgresConnection {
  readonly place: string;
  readonly #connect: () => Sql;
  #sql: Sql;

  private constructor(url: string, connect: () => Sql) {
    this.place = booksPlace(url);
    this.#connect = connect;
    this.#sql = connect();
  }

  /**
   * Loads the client; nothing is connected before it is needed.
   *
   * @param connections at most so many at once
   * @throws UserError if the address can't be understood
   */
  static async open(url: string, connections = 1): Promise<PostgresConnection> {
    const options = postgresOptions(url);
    const { default: postgres } = await import("postgres");
    const connect = () =>
      postgres(options.url, {
        ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
        max: connections,
        connect_timeout: CONNECT_S,
        fetch_types: false, // arrays go as text
        backoff: () => 0.2, // who asks has their own rests
        onnotice: () => {},
        connection: { application_name: "redpkt", statement_timeout: ANSWER_MS },
      });
    return new PostgresConnection(url, connect);
  }

  /**
   * Asks something.
   *
   * @throws BooksAway if they are away, slow, full or going down
   * @throws UserError if whoever runs this must do something
   */
  async ask<T>(ask: (sql: Sql) => Promise<T>, answerMs = ANSWER_MS): Promise<T> {
    const sql = this.#sql;
    const { promise: hopeless, resolve: giveUp } = Promise.withResolvers<BooksAway>();
    const away = (why: string) => giveUp(new BooksAway(`${this.place}: ${why}`));
    const cancel = after(answerMs + 1_000, () => away(`no answer within ${answerMs} ms`));
    const forget = onLostWrite(() => away("the connection was lost"));
    try {
      const asked = ask(sql);
      asked.catch(() => {}); // when nobody waits for it any more
      const result = await Promise.race([asked, hopeless]);
      if (result instanceof BooksAway) throw result;
      return result;
    } catch (error) {
      const named = error instanceof BooksAway ? error : this.#named(error);
      // What the client keeps of a lost connection must not meet the next one.
      if (named instanceof BooksAway && isOfConnection(error)) this.#drop(sql);
      throw named;
    } finally {
      cancel();
      forget();
    }
  }

  /** Asks several things as one transaction. Throws as `ask` does. */
  transaction<T>(ask: (sql: postgres.TransactionSql) => Promise<T>): Promise<T> {
    return this.ask((sql) => sql.begin(ask) as Promise<T>);
  }

  async close(): Promise<void> {
    await this.#sql.end({ timeout: 1 });
  }

  /** Whatever hangs on these connections must not hold up what comes next. */
  #drop(sql: Sql): void {
    if (this.#sql === sql) this.#sql = this.#connect();
    sql.end({ timeout: 0 }).catch(() => {}); // it has nothing left to lose
  }

  #named(error: unknown): unknown {
    if (!(error instanceof Error) || !("code" in error)) return error;
    const code = String(error.code);
    const said = `${this.place}: ${error.message}`;
    if (isPassing(code)) return new BooksAway(said, { cause: error });
    const remedy = /CERT|ERR_(TLS|SSL)/.test(code) ? TLS : REMEDIES[code];
    return remedy === undefined ? error : new UserError(`--books ${said}. ${remedy}`);
  }
}

/** SQLSTATEs of faults that pass by. */
const PASSING = new Set([
  "25006", // read-only: a standby that isn't promoted
  "40001", // serialization failure
  "40P01", // deadlock
  "55P03", // lock not available
  "57014", // statement timeout
  "57P01", // going down
  "57P02",
  "57P03", // starting up
  "57P05",
  "58000", // of the system below it
  "58030",
]);
/** Their classes: connection lost, and no more disk, memory or connections. */
const PASSING_CLASSES = ["08", "53"];

/** Whether the connection is lost, or nobody knows; a server that answered has none of these. */
function isOfConnection(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return !/^[0-9A-Z]{5}$/.test(code) || code.startsWith("08") || code.startsWith("57P");
}

function isPassing(code: string): boolean {
  // Of the system, such as ECONNREFUSED, and of the client, such as CONNECTION_CLOSED.
  if (/^E[A-Z]+$/.test(code) || /^CONNECT(ION)?_/.test(code)) return true;
  return PASSING.has(code) || (/^[0-9A-Z]{5}$/.test(code) && PASSING_CLASSES.includes(code.slice(0, 2)));
}

const TLS = "Name whoever vouches for its certificate: ...?sslmode=verify-full&sslrootcert=FILE";
const RIGHTS = "Give the right address, or the role its rights: see docs/books.md";
const REMEDIES: Readonly<Record<string, string>> = {
  "28000": RIGHTS,
  "28P01": "Give the right password, best in the environment as PGPASSWORD",
  "3D000": "Make the database first: createdb NAME",
  "42501": RIGHTS,
};

/** Numbers as an array in PostgreSQL's text, which costs the client the least. */
export function numberArray(values: readonly (number | boolean)[]): string {
  return `{${values.join(",")}}`;
}

/** Texts as an array in PostgreSQL's text. */
export function textArray(values: readonly string[]): string {
  return `{${values.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
