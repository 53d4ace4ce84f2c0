import { exists } from "../../base/exists.ts";
import { UserError } from "../../base/user_error.ts";
import type { Books } from "../contract/books.ts";
import type { MadeBooks, WantedEvent } from "../contract/make_books.ts";
import { notMade } from "../contract/schema.ts";
import { booksPlace, isPostgresUrl, postgresOptions } from "../postgres/postgres_url.ts";

export { booksPlace };

/** What people give as `--books`. */
export const BOOKS_FILE = "books.db";

export interface OpenBooksOptions {
  /** Most connections at once, for books that are reached over a network. */
  readonly connections?: number;
}

/**
 * Opens books that were made before.
 *
 * @param url `postgres://...`, or the path of a SQLite file
 * @throws UserError if there are none, or another program's or version's
 * @throws BooksAway
 */
export async function openBooks(url: string, { connections = 1 }: OpenBooksOptions = {}): Promise<Books> {
  // Each backend is loaded by whoever uses it.
  if (isPostgresUrl(url)) {
    return await (await import("../postgres/open_postgres.ts")).openPostgresBooks(url, connections);
  }
  return (await import("../sqlite/open_sqlite.ts")).openSqliteBooks(url);
}

/** What is wrong with an address that nobody needs to be asked about: one line each. */
export function addressProblems(url: string): string[] {
  try {
    if (isPostgresUrl(url)) postgresOptions(url);
    else if (!exists(url)) throw notMade(url);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [error.message];
  }
}

/**
 * Makes books, or brings those of an older program up to date.
 *
 * @param options with `roles`: who may do what, too; only PostgreSQL knows that
 * @throws UserError, BooksAway
 */
export async function makeBooks(
  url: string,
  wanted: WantedEvent,
  { roles = false }: { readonly roles?: boolean } = {},
): Promise<MadeBooks> {
  if (isPostgresUrl(url)) {
    const [{ PostgresConnection }, { makePostgresBooks }] = await Promise.all([
      import("../postgres/postgres_connection.ts"),
      import("../postgres/postgres_schema.ts"),
    ]);
    const connection = await PostgresConnection.open(url);
    try {
      return await makePostgresBooks(connection, wanted, roles);
    } finally {
      await connection.close();
    }
  }
  if (roles) throw new UserError(`--roles: ${url} is a SQLite file, which everybody has who may write it`);
  const [{ SqliteFile }, { makeSqliteBooks }] = await Promise.all([
    import("../sqlite/sqlite_file.ts"),
    import("../sqlite/sqlite_schema.ts"),
  ]);
  const file = SqliteFile.open(url, true);
  try {
    return makeSqliteBooks(file, wanted);
  } finally {
    file.close();
  }
}
