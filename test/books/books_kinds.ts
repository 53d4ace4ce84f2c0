/** Every kind of books that there is, for tests that hold of each. */
import type { Books } from "../../core/books/contract/books.ts";
import type { BooksEvent } from "../../core/books/contract/event.ts";
import { ModelBooks } from "../../core/books/model/model_books.ts";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { findPostgres, PostgresServer } from "./postgres_server.ts";

/** Fresh books for one test. */
export interface OpenedBooks {
  readonly books: Books;
  /** Opens them once more, as another process would. */
  another(): Promise<Books>;
  /** Remembers what they hold; the returned function makes them fall back to it, as a standby that lacks the rest. */
  remember(): Promise<() => Promise<void>>;
  dispose(): Promise<void>;
}

export interface BooksKind {
  readonly name: string;
  /** What it needs isn't installed. */
  readonly isMissing: boolean;
  open(event: BooksEvent): Promise<OpenedBooks>;
}

/** The event of most tests. */
export const EVENT: BooksEvent = { event: "gala", packetsPerUser: 3, packetsPerSponsor: 1 };

// deno-lint-ignore require-await -- as the others
async function openModel(event: BooksEvent): Promise<OpenedBooks> {
  const books = new ModelBooks(event);
  return {
    books,
    another: () => Promise.resolve(books),
    remember: () => {
      const fallBack = books.remember();
      return Promise.resolve(() => Promise.resolve(fallBack()));
    },
    dispose: () => books.close(),
  };
}

async function openSqlite(event: BooksEvent): Promise<OpenedBooks> {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-books-" });
  const path = `${folder}/books.db`;
  await makeBooks(path, event);
  const opened: Books[] = [];
  const another = async () => {
    opened.push(await openBooks(path));
    return opened[opened.length - 1];
  };
  return {
    books: await another(),
    another,
    async remember() {
      const { DatabaseSync } = await import("node:sqlite");
      const copy = `${folder}/copy${crypto.randomUUID()}`;
      const db = new DatabaseSync(path);
      db.prepare("vacuum into ?").run(copy);
      db.close();
      // deno-lint-ignore require-await -- as the others
      return async () => fallBackTo(DatabaseSync, path, copy);
    },
    async dispose() {
      for (const books of opened) await books.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Whoever has the file open goes on with what it holds then: each table becomes what it was. */
function fallBackTo(Database: typeof import("node:sqlite").DatabaseSync, path: string, copy: string): void {
  const db = new Database(path);
  try {
    db.prepare("attach ? as old").run(copy);
    const tables = db.prepare(
      "select name from old.sqlite_schema where type = 'table' and name not like 'sqlite_%'",
    );
    db.exec("begin immediate");
    for (const { name } of tables.all()) {
      db.exec(`delete from main."${name}"; insert into main."${name}" select * from old."${name}"`);
    }
    db.exec("commit");
  } finally {
    db.close();
  }
}

let server: Promise<PostgresServer> | undefined;
let databases = 0;
let copies = 0;

/** The one PostgreSQL of this test file; started when it is first needed. */
export function postgresServer(): Promise<PostgresServer> {
  return server ??= PostgresServer.start();
}

/** Ends what `postgresServer` has started; call it after all tests of a file. */
export async function stopPostgres(): Promise<void> {
  await (await server)?.[Symbol.asyncDispose]();
  server = undefined;
}

async function openPostgres(event: BooksEvent): Promise<OpenedBooks> {
  const postgres = await postgresServer();
  const name = `books${++databases}`;
  await postgres.sql(`create database ${name}`);
  const url = postgres.url(name);
  await makeBooks(url, event);
  const opened: Books[] = [];
  const another = async () => {
    opened.push(await openBooks(url, { connections: 4 }));
    return opened[opened.length - 1];
  };
  return {
    books: await another(),
    another,
    async remember() {
      const copy = `copy${++copies}`;
      await postgres.sql(
        inEachTable(`create schema ${copy};`, `create table ${copy}.%1$I as table books.%1$I`),
        name,
      );
      const back = inEachTable(
        "",
        `delete from books.%1$I; insert into books.%1$I select * from ${copy}.%1$I`,
      );
      return () => postgres.sql(back, name);
    },
    async dispose() {
      for (const books of opened) await books.close();
    },
  };
}

/** SQL that does something, and then something to each table of the books, as one transaction. */
function inEachTable(first: string, sql: string): string {
  return `do $$ declare t record; begin
    ${first}
    lock table books.host in access exclusive mode;
    for t in select tablename as name from pg_tables where schemaname = 'books' loop
      execute format('${sql}', t.name);
    end loop;
  end $$`;
}

/** All kinds of books. */
export const BOOKS_KINDS: readonly BooksKind[] = [
  { name: "model books", isMissing: false, open: openModel },
  { name: "books in SQLite", isMissing: false, open: openSqlite },
  { name: "books in PostgreSQL", isMissing: findPostgres() === undefined, open: openPostgres },
];
