import { z } from "zod";
import { flag, wholeNumber } from "../../cli/flags.ts";
import { MOST_HOST_NUMBER } from "../../base/id_space.ts";
import { BOOKS_FILE } from "../open/open_books.ts";

/** The one flag of every command that uses books. */
export const BOOKS_FLAG = flag(
  "URL",
  "the books: postgres://... or a SQLite file",
  z.string().min(1).default(BOOKS_FILE),
);

/** A host of the books. */
export const HOST_FLAG = flag("N", "the host's number", wholeNumber(0, MOST_HOST_NUMBER).optional());
