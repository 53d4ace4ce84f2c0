/** What every kind of books must do: cases by interface, run on each kind. */
import type { BooksEvent } from "../../core/books/contract/event.ts";
import { BOOKS_KINDS, EVENT, type OpenedBooks, stopPostgres } from "./books_kinds.ts";

/** One promise, and how it is tried on fresh books. */
export type BooksCase = readonly [what: string, run: (opened: OpenedBooks) => Promise<void>];

/** Registers cases for every kind of books; once a file. */
export function describeBooks(cases: readonly BooksCase[], event: BooksEvent = EVENT): void {
  Deno.test.afterAll(stopPostgres);
  for (const kind of BOOKS_KINDS) {
    for (const [what, run] of cases) {
      Deno.test({
        name: `${kind.name}: ${what}`,
        ignore: kind.isMissing,
        // PostgreSQL and connections to it outlive a test.
        sanitizeOps: false,
        sanitizeResources: false,
        async fn() {
          const opened = await kind.open(event);
          try {
            await run(opened);
          } finally {
            await opened.dispose();
          }
        },
      });
    }
  }
}
