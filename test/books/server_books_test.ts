/** Real servers that carry their ledgers to books. */
import assert from "node:assert/strict";
import { sleep } from "../../core/base/clock.ts";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { Running, startServer } from "../processes.ts";
import { EVENT } from "./books_kinds.ts";
import { booksContentOf, contentOf } from "./real_ledger.ts";

const LOOK_MS = 50;

/** Waits for something that must come; a test that hangs is ended by the runner of its processes. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 2_000; looks++) {
    if (await isSo()) return;
    await sleep(LOOK_MS);
  }
  assert.fail(`it doesn't come to this: ${what}`);
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-server-books-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A host with this number, in the folder. */
function hostFlags(folder: string, host: number, books = `${folder}/books.db`): string[] {
  return [
    ...["--ledger", `${folder}/${host}`, "--host-number", String(host), "--workers", "1"],
    ...["--books", books],
  ];
}

/** Users who speak version 1, win and open, until somebody ends them. */
function fleet(port: number, users: string): Running {
  return new Running([
    ...["client", "--users", users, "--server", `127.0.0.1:${port}`, "--qps", "400", "--workers", "1"],
    ...["--protocol", "1", "--behave", "openPercent=80", "--behave", "openAfterMs=[0, 200]"],
    ...["--control", "127.0.0.1:0", "--least-answered", "0"],
  ]);
}

Deno.test("two hosts' ledgers are in the books to the last row when the hosts have ended, and each opening once", async () => {
  await withFolder(async (folder) => {
    const url = `${folder}/books.db`;
    await makeBooks(url, EVENT);
    for (const host of [1, 2]) {
      await using server = await startServer(hostFlags(folder, host));
      const reached = await server.running.event("books reached");
      assert.equal(reached.books, url);
      await server.post("/packets", { ratePerS: 1_000, total: 300 });
      await using client = fleet(server.port, `${host * 1_000}-${host * 1_000 + 199}`);
      await until("a hundred have won, and some have opened", async () => {
        const { counters } = await server.get("/counters");
        return counters.shakeWon >= 100 && counters.shakeOpened >= 30;
      });
      client.process.kill("SIGTERM");
      await client.ended();
      await until("it tells what it has carried", async () => {
        const { books } = await server.get("/health");
        return books.status === "reached" && books.lagRows === 0 && books.name === `host ${host}`;
      });
      const { counters, gauges } = await server.get("/counters");
      assert.ok(counters.uplinkRows > 100);
      assert.deepEqual([counters.uplinkFailures, gauges.uplinkRefused], [0, 0]);
      server.running.process.kill("SIGTERM");
      assert.equal(await server.running.ended(), 0);
    }
    const books = await openBooks(url);
    try {
      for (const host of [1, 2]) {
        const { rows } = contentOf(`${folder}/${host}`);
        const found = await booksContentOf(books.intake, host);
        assert.deepEqual(found.rows, rows);
        const opens = rows.filter((kind, i) => i % 8 === 1 && kind === 20).length;
        assert.ok(opens > 20, `${opens} were opened`);
        assert.equal(found.openings.length, opens);
      }
    } finally {
      await books.close();
    }
  });
});
