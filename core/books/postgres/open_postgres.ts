import type { Books } from "../contract/books.ts";
import { refuseOtherSchema } from "../contract/schema.ts";
import { PostgresConnection } from "./postgres_connection.ts";
import { PostgresIntake } from "./postgres_intake.ts";
import { eventOf, POSTGRES_PARTS, versionsOf } from "./postgres_schema.ts";

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
    return {
      backend: "postgres",
      place,
      event: await connection.ask((sql) => eventOf(sql, place)),
      intake: new PostgresIntake(connection),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
