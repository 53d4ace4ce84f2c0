import type { Books } from "../contract/books.ts";
import type { MadeBooks, WantedEvent } from "../contract/make_books.ts";
import { booksPlace, isPostgresUrl } from "../postgres/postgres_url.ts";

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

/** Makes books, or brings those of an older program up to date. @throws UserError, BooksAway */
export async function makeBooks(url: string, wanted: WantedEvent): Promise<MadeBooks> {
  if (isPostgresUrl(url)) {
    const [{ PostgresConnection }, { makePostgresBooks }] = await Promise.all([
      import("../postgres/postgres_connection.ts"),
      import("../postgres/postgres_schema.ts"),
    ]);
    const connection = await PostgresConnection.open(url);
    try {
      return await makePostgresBooks(connection, wanted);
    } finally {
      await connection.close();
    }
  }
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
