/** An uplink as a process of its own, which others kill: `uplink_process.ts HOST DIRECTORY URL`. */
import { sleep, systemClock } from "../../core/base/clock.ts";
import type { Books } from "../../core/books/contract/books.ts";
import { BooksAway } from "../../core/books/contract/books_away.ts";
import { openBooks } from "../../core/books/open/open_books.ts";
import { TruthSource } from "../../core/books/uplink/ledger_source.ts";
import { Uplink } from "../../core/books/uplink/uplink.ts";

const REST_MS = 50;

const [host, directory, url] = Deno.args;
const source = TruthSource.beside(directory);
let books: Books | undefined;
let uplink: Uplink | undefined;
for (;;) {
  try {
    books ??= await openBooks(url);
    uplink ??= new Uplink({
      host: Number(host),
      name: `host ${host}`,
      intake: books.intake,
      source,
      clock: systemClock,
      quietMs: () => undefined, // whoever writes the ledger is another process, and tells nothing
      isHurried: () => true,
    });
    await sleep((await uplink.turn()).restMs);
  } catch (error) {
    if (!(error instanceof BooksAway)) throw error;
    await sleep(REST_MS);
  }
}
