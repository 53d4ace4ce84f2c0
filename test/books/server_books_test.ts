/** Real servers that carry their ledgers to books. */
import assert from "node:assert/strict";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { TestSet } from "../../core/seed/make/testing.ts";
import { systemClock } from "../../core/base/clock.ts";
import { redpkt, Running, startServer } from "../processes.ts";
import { copyFolder } from "../audit/world.ts";
import { EVENT } from "./books_kinds.ts";
import { booksContentOf, contentOf } from "./real_ledger.ts";
import { fleet, until, withFolder } from "./server_world.ts";

/** A host with this number, in the folder. */
function hostFlags(folder: string, host: number, books = `${folder}/books.db`): string[] {
  return [
    ...["--ledger", `${folder}/${host}`, "--host-number", String(host), "--workers", "1"],
    ...["--books", books],
  ];
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
      await using client = fleet(server.port, `${host * 1_000}-${host * 1_000 + 999}`);
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

Deno.test("a server that is killed while it carries rows goes on where the books are", async () => {
  await withFolder(async (folder) => {
    const url = `${folder}/books.db`;
    await makeBooks(url, EVENT);
    for (const isLast of [false, false, true]) {
      await using server = await startServer(hostFlags(folder, 5));
      await server.running.event("books reached");
      await server.post("/packets", { ratePerS: 2_000, total: 400 });
      await using client = fleet(server.port, "0-1999");
      await until("some rows are carried", async () => {
        const { counters } = await server.get("/counters");
        return counters.uplinkRows > 50 && counters.shakeOpened > 10;
      });
      server.running.process.kill(isLast ? "SIGTERM" : "SIGKILL");
      await server.running.ended();
      client.process.kill("SIGTERM");
      await client.ended();
    }
    const books = await openBooks(url);
    const found = await booksContentOf(books.intake, 5);
    await books.close();
    assert.deepEqual(found.rows, contentOf(`${folder}/5`).rows);
    const opens = found.rows.filter((kind, i) => i % 8 === 1 && kind === 20).length;
    assert.equal(found.openings.length, opens);
  });
});

/** A server that makes some packets, and so some rows, and ends. */
async function live(flags: readonly string[]): Promise<void> {
  await using server = await startServer(flags);
  await server.post("/packets", { ratePerS: 1_000, total: 5 });
  await server.running.event("books reached");
  await until("the books have all", async () => (await server.get("/health")).books.lagRows === 0);
  server.running.process.kill("SIGTERM");
  assert.equal(await server.running.ended(), 0);
}

Deno.test("a copy that goes on beside its ledger is refused loudly, and an adopted ledger's old server drains", async () => {
  await withFolder(async (folder) => {
    await makeBooks(`${folder}/books.db`, EVENT);
    await live(hostFlags(folder, 1));
    copyFolder(`${folder}/1`, `${folder}/copy`);
    await live(hostFlags(folder, 1));
    const ofCopy = hostFlags(folder, 1).map((flag) => flag === `${folder}/1` ? `${folder}/copy` : flag);
    {
      await using copy = await startServer(ofCopy);
      const { kind, reason, level } = await copy.running.event("books refuse this ledger");
      assert.deepEqual([kind, level], ["copy", "error"]);
      assert.match(
        String(reason),
        /the books know rows up to \d+, and this ledger .* row \d+. What is won here is not paid/,
      );
      const { gauges } = await copy.get("/counters");
      assert.equal(gauges.uplinkRefused, 1);
      assert.equal((await copy.get("/health")).books.status, "refused");
      assert.equal((await copy.get("/ready")).ready, true, "it waits for nobody, and stops for nobody");
    }
    const adopt = [
      "ledger",
      "adopt",
      `${folder}/adopted`,
      "--books",
      `${folder}/books.db`,
      "--reason",
      "test",
    ];
    await using old = await startServer(hostFlags(folder, 1));
    await old.running.event("books reached");
    await until("the books have all", async () => (await old.get("/health")).books.lagRows === 0);
    copyFolder(`${folder}/1`, `${folder}/adopted`, [
      "ledger.db",
      "ledger.db-wal",
      "head",
      "projection.db",
      "checkpoint",
    ]);
    const { code, stderr } = await redpkt(adopt);
    assert.equal(code, 0, stderr);
    await old.post("/packets", { ratePerS: 1_000, total: 5 });
    assert.equal((await old.running.event("books refuse this ledger")).kind, "adopted");
    assert.match(
      String((await old.running.event("draining")).reason),
      /another machine has adopted this ledger/,
    );
    assert.equal(await old.running.ended(), 2);
  });
});

Deno.test("of two hosts that give away one seed file the books let the first, and the other drains", async () => {
  await withFolder(async (folder) => {
    await makeBooks(`${folder}/books.db`, EVENT);
    const start = systemClock.wallMs() + 3_600_000;
    using set = new TestSet({
      name: "twice",
      expires: new Date(start + 86_400_000).toISOString(),
      sponsors: [{ number: 1, name: "Tea", budgetFen: 100, amounts: { kind: "fixed", amountFen: 1 } }],
      waves: [{ name: "only", start: new Date(start).toISOString(), lengthS: 10 }],
      hosts: { count: 1 },
    });
    /** Each on a machine of its own, as far as files go. */
    const flags = (host: number) => {
      Deno.mkdirSync(`${folder}/seeds${host}`);
      Deno.copyFileSync(set.path("host-000"), `${folder}/seeds${host}/host-000.seed`);
      return [
        ...hostFlags(folder, host),
        ...[
          "--seed",
          `${folder}/seeds${host}/host-000.seed`,
          "--seed-keys",
          set.keys.path,
          "--host-id",
          "host-000",
        ],
        ...["--claims", `${folder}/claims${host}`],
      ];
    };
    await using first = await startServer(flags(1));
    await first.running.event("books reached");
    await using second = new Running(["server", "--port", "0", "--admin", "127.0.0.1:0", ...flags(2)]);
    const told = await second.event("seed file is another ledger's in the books");
    assert.deepEqual([told.host, told.level], [1, "error"]);
    assert.match(String((await second.event("draining")).reason), /gives the seed file's tickets away since/);
    assert.equal(await second.ended(), 2);
    assert.equal((await first.get("/health")).books.status, "reached");
  });
});

Deno.test("what books can't have beside them is refused at once, in a line each", async () => {
  await withFolder(async (folder) => {
    const flags = ["--books", `${folder}/none.db`, "--version0", "on", "--plugins", "shake,send"];
    const { code, stderr } = await redpkt(["server", ...flags]);
    assert.equal(code, 2);
    const lines = stderr.trimEnd().split("\n");
    assert.equal(lines.length, 4, stderr);
    assert.match(lines[0], /holds no books. Make them once: redpkt books init/);
    assert.match(lines[1], /--books: needs --ledger DIR/);
    assert.match(lines[2], /--version0 on: with --books a win counts when its user opens it/);
    assert.match(lines[3], /--books: plugin send moves money between users.* Leave send out of --plugins/);
    assert.match(
      (await redpkt(["server", "--books-name", "x"])).stderr,
      /--books-name: goes with --books URL/,
    );
  });
});
