import { ExitCode, UserError } from "../../base/user_error.ts";
import type { Books } from "../contract/books.ts";
import { BooksAway } from "../contract/books_away.ts";
import { openBooks, type OpenBooksOptions } from "../open/open_books.ts";

/** Opens books for a command, and closes them. @throws UserError also if they are away */
export function withBooks<T>(
  url: string,
  run: (books: Books) => Promise<T>,
  options?: OpenBooksOptions,
): Promise<T> {
  return reaching(async () => {
    const books = await openBooks(url, options);
    try {
      return await run(books);
    } finally {
      await books.close();
    }
  });
}

/** Whoever runs a command is told that the books are away; whoever runs it again changes nothing twice. */
export async function reaching<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof BooksAway)) throw error;
    throw new UserError(
      `the books are away: ${error.message}. Run it again when they are back`,
      ExitCode.diskFailed,
    );
  }
}
