import type { Books } from "../contract/books.ts";
import { BooksAway } from "../contract/books_away.ts";
import { openBooks, type OpenBooksOptions } from "./open_books.ts";

const AWAY_MS = 1_000;

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
