import type { Books } from "../contract/books.ts";
import { refuseOtherSchema } from "../contract/schema.ts";
import { SqliteAudits } from "./sqlite_audits.ts";
import { SqliteFile } from "./sqlite_file.ts";
import { SqliteHolds } from "./sqlite_holds.ts";
import { SqliteIntake } from "./sqlite_intake.ts";
import { SqlitePayments } from "./sqlite_payments.ts";
import { SqliteReissues } from "./sqlite_reissues.ts";
import { SqliteSettlement } from "./sqlite_settlement.ts";
import { SqliteStatements } from "./sqlite_statements.ts";
import { eventOf, SQLITE_PARTS, versionsOf } from "./sqlite_schema.ts";

/** Opens books in a file. @throws UserError, BooksAway */
export function openSqliteBooks(path: string): Books {
  const file = SqliteFile.open(path);
  try {
    return file.read((db) => {
      refuseOtherSchema(path, SQLITE_PARTS, versionsOf(db));
      const event = eventOf(db, path);
      return {
        backend: "sqlite",
        place: path,
        event,
        intake: new SqliteIntake(file),
        settlement: new SqliteSettlement(file, event),
        payments: new SqlitePayments(file),
        holds: new SqliteHolds(file),
        reissues: new SqliteReissues(file),
        statements: new SqliteStatements(file),
        audits: new SqliteAudits(file, event),
        // deno-lint-ignore require-await -- the contract is asynchronous
        close: async () => file.close(),
      };
    });
  } catch (error) {
    file.close();
    throw error;
  }
}
