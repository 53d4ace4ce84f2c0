import type { Books } from "../contract/books.ts";
import { refuseOtherSchema } from "../contract/schema.ts";
import { PostgresAudits } from "./postgres_audits.ts";
import { PostgresConnection } from "./postgres_connection.ts";
import { PostgresHolds } from "./postgres_holds.ts";
import { PostgresIntake } from "./postgres_intake.ts";
import { PostgresPayments } from "./postgres_payments.ts";
import { eventOf, POSTGRES_PARTS, versionsOf } from "./postgres_schema.ts";
import { PostgresReissues } from "./postgres_reissues.ts";
import { PostgresSettlement } from "./postgres_settlement.ts";
import { PostgresStatements } from "./postgres_statements.ts";

/**
 * Opens books in a database.
 *
 * @param connections at most so many at once
 * @throws UserError, BooksAway
 */
export async function openPostgresBooks(url: string, connections: number): Promise<Books> {
  const connection = await PostgresConnection.open(url, connections);
  try {
    const { place } = connection;
    refuseOtherSchema(place, POSTGRES_PARTS, await connection.ask(versionsOf));
    const event = await connection.ask((sql) => eventOf(sql, place));
    return {
      backend: "postgres",
      place,
      event,
      intake: new PostgresIntake(connection),
      settlement: new PostgresSettlement(connection, event),
      payments: new PostgresPayments(connection),
      holds: new PostgresHolds(connection),
      reissues: new PostgresReissues(connection),
      statements: new PostgresStatements(connection),
      audits: new PostgresAudits(connection, event),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
