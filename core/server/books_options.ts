import type { LoadedPlugin } from "../plugin/loader.ts";
import { addressProblems } from "../books/open/open_books.ts";
import { flag } from "../cli/flags.ts";
import { z } from "zod";
import type { HostBooks } from "../books/uplink/uplink_thread.ts";

/** Flags of a server whose ledger is carried to books. */
export const BOOKS_FLAGS = {
  books: flag(
    "URL",
    "books that the ledger is carried to: postgres://... or a SQLite file (see redpkt books)",
    z.string().min(1).optional(),
  ),
  "books-name": flag(
    "NAME",
    "the host's name in the books",
    z.string().min(1).max(100).optional(),
    "--host-id",
  ),
};

interface BooksOptions {
  readonly books?: string | undefined;
  readonly "books-name"?: string | undefined;
  readonly ledger?: string | undefined;
  readonly "host-id"?: string | undefined;
  readonly "host-number"?: number;
  readonly version0?: "on" | "off" | undefined;
}

/** What books need, and what they can't have beside them. */
export function booksProblems({ books, "books-name": name, ledger, version0 }: BooksOptions): string[] {
  if (books === undefined) return name === undefined ? [] : ["--books-name: goes with --books URL"];
  return [
    ...addressProblems(books),
    ...(ledger === undefined ? ["--books: needs --ledger DIR"] : []),
    ...(version0 === "on"
      ? [
        "--version0 on: with --books a win counts when its user opens it, and version 0 opens nothing. " +
        "Leave one of them out",
      ]
      : []),
  ];
}

/** Money that users move among themselves stays with one host. */
export function booksPluginProblems({ books }: BooksOptions, plugins: readonly LoadedPlugin[]): string[] {
  if (books === undefined) return [];
  return plugins.filter(({ plugin }) => plugin.movesMoney === true).map(({ plugin }) =>
    `--books: plugin ${plugin.name} moves money between users, and their balances stay with one host. ` +
    `Leave ${plugin.name} out of --plugins`
  );
}

/** The books that a server was given; undefined for none. */
export function hostBooks(
  { books, "books-name": name, "host-id": id, "host-number": number }: BooksOptions,
): HostBooks | undefined {
  return books === undefined ? undefined : { url: books, name: name ?? id ?? `host ${number}` };
}
