/** `redpkt books` and `redpkt ledger adopt`, as people use them. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fillLedger } from "../../bench/fill_ledger.ts";
import { openBooks } from "../../core/books/open/open_books.ts";
import { kinds } from "../../core/ledger/kinds/entry_kinds.ts";
import { noteOf } from "../../core/ledger/chain/notes.ts";
import { SqliteStore } from "../../core/ledger/store/sqlite_store.ts";
import { copyFolder } from "../audit/world.ts";
import { redpkt } from "../processes.ts";
import { booksContentOf, contentOf } from "./real_ledger.ts";

const AWARDS = 3_000;

/** A ledger of a host with awards that are open, in a folder. */
function makeLedger(directory: string, host: number, awards = AWARDS): string {
  Deno.mkdirSync(directory, { recursive: true });
  const store = new SqliteStore(directory, "off");
  store.note(noteOf(kinds.host, host), 1_763_000_000_000);
  store.close();
  fillLedger(directory, { awards, users: 1_000, isCheckpointed: true, perCommit: 500 });
  return directory;
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-books-command-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs it to its end; fails unless it ends with this code. */
async function run(args: readonly string[], code = 0): Promise<string> {
  const { stdout, stderr, code: ended } = await redpkt(args);
  assert.equal(ended, code, `redpkt ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout + stderr;
}

function change(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

Deno.test("books are made once for one event, and nothing else is taken for books", async () => {
  await withFolder(async (folder) => {
    const books = ["--books", `${folder}/books.db`];
    assert.match(
      await run(["books", "status", ...books], 2),
      /holds no books. Make them once: redpkt books init/,
    );
    assert.deepEqual([...Deno.readDirSync(folder)], [], "looking makes nothing");
    assert.match(await run(["books", "init", ...books], 2), /--event: is missing/);
    assert.match(
      await run(["books", "init", ...books, "--event", "gala", "--packets-per-user", "0"]),
      /gala: made/,
    );
    assert.match(await run(["books", "init", ...books]), /nothing changed/);
    const other = ["--event", "other", "--packets-per-user", "3"];
    assert.match(
      await run(["books", "init", ...books, ...other], 2),
      /--event other, and they have gala; --packets-per-user 3, and they have 0 \(no limit\)/,
    );
    const status = JSON.parse(await run(["books", "status", ...books, "--json"]));
    assert.deepEqual([status.schemaVersion, status.event, status.packetsPerUser, status.packetsPerSponsor], [
      ...[1, "gala", null, 1],
    ]);
    change(`${folder}/books.db`, "update part_version set version = 99");
    assert.match(await run(["books", "status", ...books], 2), /schema 99, and this redpkt knows up to/);
    change(`${folder}/foreign.db`, "create table t (x)");
    assert.match(
      await run(["books", "init", "--books", `${folder}/foreign.db`, "--event", "x"], 2),
      /of another program/,
    );
    await Deno.writeTextFile(
      `${folder}/text`,
      "no database, and long enough to be taken for a page".repeat(100),
    );
    assert.match(
      await run(["books", "init", "--books", `${folder}/text`, "--event", "x"], 2),
      /is no database/,
    );
    assert.match(await run(["books", "stats", ...books], 2), /no such action. Did you mean status\?/);
    assert.match(
      await run(["books", "init", "--roles", "--books", `${folder}/new.db`, "--event", "x"], 2),
      /SQLite file/,
    );
  });
});

Deno.test("fill carries a ledger once, check compares every row, and each planted difference is found", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/books.db`;
    const books = ["--books", path];
    await run(["books", "init", ...books, "--event", "gala"]);
    const ledgers = [1, 2].map((host) => makeLedger(`${folder}/${host}`, host));
    const first = JSON.parse(
      await run(["books", "fill", ...books, "--ledger", ledgers[0], "--name", "one", "--json"]),
    );
    assert.deepEqual([first.host, first.rows], [1, first.seq]);
    assert.ok(first.rows > AWARDS);
    assert.match(await run(["books", "fill", ...books, "--ledger", ledgers[0]]), /: 0 rows carried/);
    await run(["books", "fill", ...books, "--ledger", ledgers[1]]);
    assert.match(
      await run(["books", "status", ...books]),
      /2 hosts, 6,0\d\d rows\n.*\n +1 +one .*\n[^]*to settle: 6,000 openings/,
    );

    const check = ["books", "check", ...books, ...ledgers.flatMap((ledger) => ["--ledger", ledger])];
    assert.match(
      await run(check),
      /host 2: 3,0\d\d rows; 3,000.00 yuan made, .* 3,000.00 yuan opened[^]*ok: .* 2 compared/,
    );
    const good = await Deno.readFile(path);
    const planted: readonly (readonly [sql: string, said: RegExp])[] = [
      [
        "update entry set amount = amount + 1 where host = 1 and seq = 700",
        /host 1: row 700 isn't the ledger's/,
      ],
      [
        "update entry set user = 5 where host = 2 and seq between 900 and 904",
        /host 2: 5 rows in all differ/,
      ],
      ["delete from entry where host = 1 and seq = 40", /host 1: row 41 comes after row 39/],
      [
        "delete from entry where host = 1 and seq > 3000",
        /its cursor is at row \d+, and its rows end with 3000/,
      ],
      [
        "update host set seq = seq - 1 where host = 2",
        /host 2: row \d+ with head .* is no place in the history/,
      ],
      [
        "update host set head = 'ff' where host = 2",
        /host 2: row \d+ with head ff is no place in the history/,
      ],
      ["delete from host where host = 2", /the books don't know its ledger/],
      ["update entry set amount = amount * 3 where host = 1 and kind = 2", /fen were awarded, and \d+ made/],
    ];
    for (const [sql, said] of planted) {
      change(path, sql);
      assert.match(await run(check, 1), said, sql);
      await Deno.writeFile(path, good);
    }
    change(`${ledgers[0]}/ledger.db`, "update entry set user = user + 1 where seq = 9");
    assert.match(await run(check, 1), /host 1: .*not what was committed/);
    assert.match(await run(["books", "fill", ...books, "--ledger", folder], 2), /holds no ledger/);
  });
});

Deno.test("a host is retired by its number, and comes back", async () => {
  await withFolder(async (folder) => {
    const books = ["--books", `${folder}/books.db`];
    await run(["books", "init", ...books, "--event", "gala"]);
    await run(["books", "fill", ...books, "--ledger", makeLedger(`${folder}/7`, 7, 10)]);
    assert.match(await run(["books", "retire", ...books, "--host", "7"]), /waits for it no longer/);
    assert.match(await run(["books", "status", ...books]), /retired/);
    await run(["books", "retire", ...books, "--host", "7", "--undo"]);
    assert.doesNotMatch(await run(["books", "status", ...books]), /retired/);
    assert.match(await run(["books", "retire", ...books, "--host", "8"], 2), /don't know this host/);
  });
});

Deno.test("an adopted ledger is the books' from then on: its copies, older states and rivals are refused", async () => {
  await withFolder(async (folder) => {
    const books = ["--books", `${folder}/books.db`];
    const adopt = (
      directory: string,
    ) => ["ledger", "adopt", directory, ...books, "--reason", "its machine died"];
    await run(["books", "init", ...books, "--event", "gala"]);
    const old = makeLedger(`${folder}/old`, 7, 1_000);
    assert.match(await run(adopt(old), 2), /the books don't know ledger/);
    await run(["books", "fill", ...books, "--ledger", old]);
    copyFolder(old, `${folder}/older`);
    fillLedger(old, { awards: 500, users: 1_000, isCheckpointed: false, firstSponsor: 50 });
    copyFolder(old, `${folder}/adopted`);
    copyFolder(old, `${folder}/rival`);
    assert.match(await run(["ledger", "adopt", old], 2), /--books: is missing[^]*--reason: is missing/);

    // What the books lack comes with it.
    assert.match(await run(adopt(`${folder}/adopted`)), /epoch 2 of ledger [0-9a-f]{32}; 5\d\d rows carried/);
    assert.match(
      await run(["ledger", "show", `${folder}/adopted`]),
      /adopted at .*, epoch 2 from then on: its machine died/,
    );
    assert.equal((await redpkt(["ledger", "check", `${folder}/adopted`])).code, 0);
    assert.match(await run(adopt(`${folder}/rival`), 2), /another machine has adopted it/);
    assert.match(await run(adopt(`${folder}/older`), 2), /another machine has adopted it/);
    assert.match(
      await run(["books", "fill", ...books, "--ledger", old], 2),
      /another machine has adopted this ledger/,
    );
    fillLedger(old, { awards: 700, users: 1_000, isCheckpointed: false, firstSponsor: 70 });
    assert.match(
      await run(["books", "fill", ...books, "--ledger", old], 2),
      /another machine has adopted this ledger/,
    );

    fillLedger(`${folder}/adopted`, { awards: 500, users: 1_000, isCheckpointed: false, firstSponsor: 60 });
    await run(["books", "fill", ...books, "--ledger", `${folder}/adopted`]);
    assert.match(await run(adopt(`${folder}/adopted`)), /epoch 3/);
    // One that died after it had said so in the ledger, and before the books knew.
    const store = new SqliteStore(`${folder}/adopted`, "off");
    store.note(noteOf(kinds.adoption, { epoch: 4, reason: "half", token: "half" }), Date.now());
    store.close();
    assert.match(await run(adopt(`${folder}/adopted`)), /epoch 4 .*; 2 rows carried/);
    const opened = await openBooks(books[1]);
    assert.deepEqual((await booksContentOf(opened.intake, 7)).rows, contentOf(`${folder}/adopted`).rows);
    await opened.close();
    await run(["books", "check", ...books, "--ledger", `${folder}/adopted`]);
  });
});
