import { ExitCode, UserError } from "../../base/user_error.ts";
import type { Books } from "../contract/books.ts";
import { BooksAway } from "../contract/books_away.ts";
import { openBooks, type OpenBooksOptions } from "./open_books.ts";

const AWAY_MS = 1_000;

/**
 * Opens books for a command that does one thing, and closes them.
 *
 * @throws UserError if there are none, or they are away
 */
export async function withBooks<T>(url: string, work: (books: Books) => Promise<T>): Promise<T> {
  let books: Books | undefined;
  try {
    return await work(books = await openBooks(url));
  } catch (error) {
    if (!(error instanceof BooksAway)) throw error;
    throw new UserError(`--books ${error.message}. They are away or busy: try again`, ExitCode.diskFailed);
  } finally {
    await books?.close();
  }
}

/** How a command that goes on and on waits for books. */
export interface Patience {
  readonly isStopped: () => boolean;
  readonly wait: (ms: number) => Promise<void>;
  /** Told once that they are away. */
  readonly onAway: (error: BooksAway) => void;
}

/**
 * Opens books for a command that goes on and on, as soon as they are there.
 *
 * @returns undefined if it was stopped before
 * @throws UserError if there are none
 */
export async function awaitBooks(
  url: string,
  options: OpenBooksOptions,
  { isStopped, wait, onAway }: Patience,
): Promise<Books | undefined> {
  for (let tries = 0; !isStopped(); tries++) {
    try {
      return await openBooks(url, options);
    } catch (error) {
      if (!(error instanceof BooksAway)) throw error;
      if (tries === 0) onAway(error);
      await wait(AWAY_MS);
    }
  }
  return undefined;
}
