import type { Books } from "../contract/books.ts";
import { refuseOtherSchema } from "../contract/schema.ts";
import { SqliteFile } from "./sqlite_file.ts";
import { SqliteIntake } from "./sqlite_intake.ts";
import { eventOf, SQLITE_PARTS, versionsOf } from "./sqlite_schema.ts";

/** Opens books in a file. @throws UserError, BooksAway */
export function openSqliteBooks(path: string): Books {
  const file = SqliteFile.open(path);
  try {
    return file.read((db) => {
      refuseOtherSchema(path, SQLITE_PARTS, versionsOf(db));
      return {
        backend: "sqlite",
        place: path,
        event: eventOf(db, path),
        intake: new SqliteIntake(file),
        // deno-lint-ignore require-await -- the contract is asynchronous
        close: async () => file.close(),
      };
    });
  } catch (error) {
    file.close();
    throw error;
  }
}
