/** A real server while PostgreSQL is killed, stopped in its tracks, and back. */
import assert from "node:assert/strict";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { startServer } from "../processes.ts";
import { EVENT } from "./books_kinds.ts";
import { findPostgres, PostgresServer } from "./postgres_server.ts";
import { booksContentOf, contentOf } from "./real_ledger.ts";
import { fleet, until, withFolder } from "./server_world.ts";

Deno.test({
  name:
    "with PostgreSQL killed awards go on and say how far the books are behind, and all is there when it is back",
  ignore: findPostgres() === undefined,
  async fn() {
    await withFolder(async (folder) => {
      await using postgres = await PostgresServer.start();
      const url = postgres.url();
      await makeBooks(url, EVENT);
      await using server = await startServer([
        ...["--ledger", `${folder}/1`, "--host-number", "1", "--workers", "1"],
        ...["--books", url, "--books-name", "studio"],
      ]);
      await server.running.event("books reached");
      await using client = fleet(server.port, "0-999");
      const won = async () => (await server.get("/counters")).counters.shakeWon;
      const health = async () => (await server.get("/health")).books;

      await server.post("/packets", { ratePerS: 1_000, total: 200 });
      await until("some have won", async () => await won() >= 50);
      await postgres.kill9();
      await server.running.event("books away: awards go on, and are carried later");
      await server.post("/packets", { ratePerS: 1_000, total: 300 });
      const before = await won();
      await until("others win while it is away", async () => await won() >= before + 50);
      await until("it tells how far behind the books are", async () => {
        const { status, lagRows, lagMs, reason, name } = await health();
        return status === "away" && lagRows >= 50 && lagMs > 0 && reason !== undefined && name === "studio";
      });
      const { counters } = await server.get("/counters");
      assert.ok(counters.uplinkFailures > 0);
      await postgres.restart();
      await until("the books have all", async () => {
        const { status, lagRows } = await health();
        return status === "reached" && lagRows === 0;
      });
      client.process.kill("SIGTERM");
      await client.ended();
      server.running.process.kill("SIGTERM");
      assert.equal(await server.running.ended(), 0);

      const books = await openBooks(url);
      const { rows, openings } = await booksContentOf(books.intake, 1);
      await books.close();
      assert.deepEqual(rows, contentOf(`${folder}/1`).rows);
      assert.equal(openings.length, rows.filter((kind, i) => i % 8 === 1 && kind === 20).length);
    });
  },
});
