import type { Books } from "../../books/contract/books.ts";
import type { BooksEvent } from "../../books/contract/event.ts";
import type { EntryStore } from "../../ledger/disk/entry_store.ts";
import type { StoredLedger } from "../../ledger/store/stored_ledger.ts";
import type { ShowStore } from "../../link/show_store.ts";

/** Where a test puts something wrong into a world, to see that the world finds it. The program gives none. */
export interface WorldSeams {
  /** What a host's ledger writes to. */
  store?(store: EntryStore): EntryStore;
  readonly ledgerClass?: typeof StoredLedger;
  /** The books as the programs see them. */
  books?(books: Books): Books;
  /** What the books take for the event's limits. */
  limits?(event: BooksEvent): BooksEvent;
  showStore?(store: ShowStore): ShowStore;
}
