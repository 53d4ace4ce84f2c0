/** Everything that can differ between hosts, books, the gateway and itself is found, wherever it is planted. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../core/base/user_error.ts";
import { AwardState } from "../../core/books/account/award_state.ts";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { TruthSource } from "../../core/books/uplink/ledger_source.ts";
import { noteOf } from "../../core/ledger/chain/notes.ts";
import { EntryKind, kinds } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { EntryRows } from "../../core/ledger/record/entry_rows.ts";
import { SqliteStore, TRUTH_FILE } from "../../core/ledger/store/sqlite_store.ts";
import { reconcileBooks } from "../../core/reconcile/reconcile_books.ts";
import { makeSeedSet } from "../../core/rehearse/stage/seed_set.ts";
import { BLOCK_HEAD_BYTES, RecordWord } from "../../core/seed/file/format.ts";
import { SeedFile } from "../../core/seed/file/seed_file.ts";
import plan from "../../scenarios/plans/crash.json" with { type: "json" };
import { settleAll } from "./wins.ts";

const AT_MS = 1_763_600_000_000;
const PACKETS = 40;
/** Users of both hosts: some win too much. */
const USERS = 15;

/** Files of a small event: ledgers of two hosts, books, and the gateway's statement. */
interface World {
  readonly folder: string;
  readonly ledgers: readonly string[];
  readonly books: string;
  readonly statement: string;
}

function files(folder: string): World {
  return {
    folder,
    ledgers: [`${folder}/host1`, `${folder}/host2`],
    books: `${folder}/books.db`,
    statement: `${folder}/gateway.csv`,
  };
}

/** Adds rows to a ledger as one commit. */
function commit(store: SqliteStore, rows: readonly (readonly number[])[]): void {
  const block = new EntryRows();
  for (const [i, [kind, packet, user, fen, sponsor, count]] of rows.entries()) {
    const seq = store.lastSeq() + 1 + i;
    block.values.set([seq, kind, packet, user, fen, sponsor, count, AT_MS + seq], block.next());
  }
  store.append(block, new Uint32Array());
}

function fenOf(i: number): number {
  return 10 + i * 7 % 90;
}

function makeLedger(directory: string, host: number): void {
  Deno.mkdirSync(directory);
  const store = new SqliteStore(directory, "off");
  store.note(noteOf(kinds.host, host), AT_MS);
  const sponsors = [1, 2, 3, 4];
  const of = (sponsor: number) => PACKETS / sponsors.length * (sponsor - 1);
  const packets = Array.from({ length: PACKETS }, (_, i) => ({
    ...{ id: host * 1_000 + 1 + i, fen: fenOf(i), user: (i * 4 + host) % USERS },
    sponsor: sponsors.findLast((sponsor) => of(sponsor) <= i)!,
  }));
  commit(
    store,
    sponsors.map((sponsor) => {
      const own = packets.filter((each) => each.sponsor === sponsor);
      const fen = own.reduce((sum, each) => sum + each.fen, 0);
      return [EntryKind.mint, own[0].id, 0, fen, sponsor, own.length];
    }),
  );
  const won = packets.slice(0, -3);
  commit(store, won.map(({ id, user, fen, sponsor }) => [EntryKind.award, id, user, fen, sponsor, HELD]));
  commit(
    store,
    won.slice(2).map(({ id, user, fen, sponsor }) => [EntryKind.open, id, user, fen, sponsor, 0]),
  );
  store.close();
}

/** A world in which everything agrees. */
async function makeWorld(): Promise<World> {
  const world = files(await Deno.makeTempDir({ prefix: "redpkt-reconcile-" }));
  await makeBooks(world.books, { event: "gala" });
  const books = await openBooks(world.books);
  for (const [i, directory] of world.ledgers.entries()) {
    makeLedger(directory, i + 1);
    await carry(world, directory, i + 1);
  }
  await books.holds.hold({ kind: "user", first: 3, last: 3 }, "a suspect", AT_MS);
  await settleAll(books);
  const claimed = (await books.payments.claim(AT_MS * 2, 1, 1_000)).sort((a, b) => a.packetId - b.packetId);
  const { refused, queued, paid } = AwardState;
  const states = claimed.map((_, i) => i === 0 ? refused : i === 1 ? queued : paid);
  await books.payments.finish(
    claimed.map(({ packetId, claim }, i) => ({ packetId, claim, state: states[i], dueMs: 0, reason: "" })),
  );
  const lines = claimed.map(({ packetId, user, amountFen }, i) =>
    `gala/${packetId},${user},${amountFen},${states[i] === AwardState.paid ? "paid" : "refused"},"a, b",1,5\n`
  ).filter((_, i) => states[i] !== AwardState.queued);
  lines.push("other/1,5,7,paid,,1,5\n");
  await Deno.writeTextFile(
    world.statement,
    `key,user,amount_fen,outcome,reason,orders,at_ms\n${lines.join("")}`,
  );
  await books.close();
  return world;
}

/** Brings what the books lack of a ledger. */
async function carry({ books: path }: World, directory: string, host: number): Promise<void> {
  const books = await openBooks(path);
  using source = TruthSource.beside(directory);
  const { ledger, genesisHex } = source;
  let { seq, headHex } = await books.intake.enrol({ host, name: "", ledger, genesisHex });
  for (let block = source.blockAfter({ seq, headHex }, 50); block !== undefined;) {
    assert.ok(await books.intake.append({ host, ledger, ...block }));
    ({ seq, headHex } = block.to);
    block = source.blockAfter({ seq, headHex }, 50);
  }
  await books.close();
}

async function differencesIn(world: World, ledgers = world.ledgers): Promise<readonly string[]> {
  const books = await openBooks(world.books);
  try {
    const result = await reconcileBooks(books, {
      ledgers,
      fleetFiles: [],
      gatewayStatement: world.statement,
    });
    assert.equal(result.isClean, result.differences.length === 0);
    return result.differences;
  } finally {
    await books.close();
  }
}

async function copyOf(world: World): Promise<World> {
  const copy = files(await Deno.makeTempDir({ prefix: "redpkt-reconcile-" }));
  for (const directory of ["", "/host1", "/host2"]) {
    await Deno.mkdir(copy.folder + directory, { recursive: true });
    for (const { name, isFile } of Deno.readDirSync(world.folder + directory)) {
      if (isFile) {
        await Deno.copyFile(`${world.folder}${directory}/${name}`, `${copy.folder}${directory}/${name}`);
      }
    }
  }
  return copy;
}

type Plant = (world: World) => void;

/** Changes the books behind their back. */
function books(...sql: string[]): Plant {
  return (world) => change(world.books, sql);
}

function change(path: string, sql: readonly string[]): void {
  const db = new DatabaseSync(path);
  for (const statement of sql) {
    const { changes } = db.prepare(statement).run();
    assert.ok(Number(changes) > 0, `it changes something: ${statement}`);
  }
  db.close();
}

/** Changes the gateway's statement. */
function gateway(edit: (lines: string[]) => void): Plant {
  return ({ statement }) => {
    const lines = Deno.readTextFileSync(statement).trimEnd().split("\n");
    const before = lines.join();
    edit(lines);
    assert.notEqual(lines.join(), before);
    Deno.writeTextFileSync(statement, `${lines.join("\n")}\n`);
  };
}

const ONE_AWARD_ROW =
  `host = 1 and seq = (select min(seq) from entry where host = 1 and kind = ${EntryKind.award})`;
const ONE_OPEN_ROW =
  `host = 2 and seq = (select min(seq) from entry where host = 2 and kind = ${EntryKind.open})`;
const PAID = `packet = (select min(packet) from award where state = ${AwardState.paid})`;
const HELD_ONE = `packet = (select min(packet) from award where state = ${AwardState.held})`;
const state = (name: "overUser" | "overSponsor") =>
  `packet = (select min(packet) from award where state = ${AwardState[name]})`;
const firstPaid = (lines: readonly string[]) =>
  lines.findIndex((line) => line.startsWith("gala/") && line.includes(",paid,"));

const DIFFERENCES: readonly (readonly [what: string, plant: Plant, found: RegExp])[] = [
  // Hosts against books
  [
    "an amount in the books",
    books(`update entry set amount = amount + 1 where ${ONE_AWARD_ROW}`),
    /host1: rows from 1 on.*: rows 6$/,
  ],
  [
    "a row missing in the books",
    books(`delete from entry where ${ONE_AWARD_ROW}`),
    /host1: rows from 1 on.*: rows 6$/,
  ],
  [
    "two amounts exchanged",
    books(
      `update entry set amount = 10 + 17 - amount where host = 1 and kind = ${EntryKind.award} and amount in (10, 17)`,
    ),
    /host1: rows from 1 on/,
  ],
  [
    "another user in a row",
    books(`update entry set user = user + 1 where ${ONE_AWARD_ROW}`),
    /host1: rows from 1 on/,
  ],
  [
    "another user, in the row and in what was judged",
    books(
      `update entry set user = 900 where host = 2 and packet = 2003 and kind = ${EntryKind.open}`,
      "update award set user = 900 where packet = 2003",
    ),
    /host2: rows from 1 on/,
  ],
  [
    "another time of a row",
    books(`update entry set at_ms = at_ms + 1 where ${ONE_AWARD_ROW}`),
    /host1: rows from 1 on/,
  ],
  [
    "another kind of a row",
    books(`update entry set kind = ${EntryKind.giveBack} where ${ONE_AWARD_ROW}`),
    /host1: rows from 1 on/,
  ],
  [
    "another sponsor of a row",
    books(`update entry set sponsor = 9 where ${ONE_AWARD_ROW}`),
    /host1: rows from 1 on/,
  ],
  [
    "a row behind the cursor",
    books("insert into entry values (1, 9999, 1, 90000, 0, 5, 1, 1, 5)"),
    /host 1: the books have rows behind/,
  ],
  [
    "rows of a host that nobody knows",
    books("insert into entry values (7, 1, 1, 90000, 0, 5, 1, 1, 5)"),
    /host 7: the books have rows behind/,
  ],
  ["all rows of a host missing", books("delete from entry where host = 1"), /host1: rows from 1 on/],
  [
    "another head",
    books(
      "update host set head = replace(head, substr(head, 1, 1), '0') || '' where host = 1",
      "update host set head = '00' || substr(head, 3) where host = 1",
    ),
    /host1: its head at row/,
  ],
  [
    "a ledger that the books don't know",
    books("update host set ledger = 'x' where host = 2"),
    /host2: the books don't know this ledger/,
  ],
  [
    "another host number",
    books(
      "update host set host = 5 where host = 2",
      "update entry set host = 5 where host = 2",
      "update award set host = 5 where host = 2",
    ),
    /host2: is host number 2, and host 5 in the books/,
  ],
  [
    "a ledger that has lost rows",
    ({ ledgers }) =>
      change(`${ledgers[0]}/${TRUTH_FILE}`, [
        "delete from entry where seq > 70",
        "delete from link where seq > 70",
      ]),
    /host1: lacks \d+ rows that the books have/,
  ],
  [
    "rows that the books don't have",
    ({ ledgers }) => {
      const store = new SqliteStore(ledgers[1], "off");
      commit(store, [[EntryKind.mint, 2_500, 0, 10, 1, 1]]);
      store.close();
    },
    /host2: has 1 rows that the books don't have/,
  ],
  // Openings against settlement
  [
    "an opening that nobody judged",
    books("delete from award where packet = 1003"),
    /packet 1003 was opened, and isn't in settlement/,
  ],
  [
    "another amount in settlement",
    books(`update award set fen = fen + 1 where ${PAID}`),
    /was opened, and packet .* is in settlement/,
  ],
  [
    "another user in settlement",
    books(`update award set user = user + 1 where ${PAID}`),
    /was opened, and packet .* is in settlement/,
  ],
  [
    "another sponsor in settlement",
    books(`update award set sponsor = 9 where ${PAID}`),
    /was opened, and packet .* is in settlement/,
  ],
  [
    "an award that nobody opened",
    books(`insert into award values (77, 1, 9000, 5, 1, 100, 1, ${AwardState.queued}, '', 0, 0, 0)`),
    /packet 77 is in settlement, and this row opened nothing/,
  ],
  [
    "an opening that waits again",
    books("insert into opening select 1, opened_s, packet, host, seq, user, sponsor, fen from award limit 1"),
    /OFF|too much/,
  ],
  [
    "an opened row that was turned into another kind",
    books(`update entry set kind = ${EntryKind.lapse} where ${ONE_OPEN_ROW}`),
    /this row opened nothing/,
  ],
  // Limits and holds
  [
    "one over the limit of a sponsor made payable",
    books(`update award set state = ${AwardState.queued} where ${state("overSponsor")}`),
    /is given \d+ packets, 2 of one sponsor/,
  ],
  [
    "one over the limit of a user made paid",
    books(`update award set state = ${AwardState.paid} where ${state("overUser")}`),
    /is given 4 packets/,
  ],
  [
    "a user noted with less than they have",
    books("delete from holder where user = 7"),
    /user 7: is noted with another number/,
  ],
  [
    "a user noted with more than they have",
    books("update holder set sponsors = sponsors || ',9' where user = 7"),
    /user 7: is noted with another number/,
  ],
  [
    "a held packet made payable",
    books(`update award set state = ${AwardState.queued} where ${HELD_ONE}`),
    /isn't held and a hold is about it/,
  ],
  ["a hold that is gone", books("delete from hold"), /is held without a hold/],
  // Books against the gateway
  [
    "a payment that the gateway doesn't know",
    gateway((lines) => lines.splice(firstPaid(lines), 1)),
    /is paid in the books, and the gateway doesn't know it/,
  ],
  [
    "a payment that the books don't know",
    gateway((lines) => lines.push("gala/5,5,100,paid,,1,5")),
    /gala\/5: is known to the gateway, and not to the books/,
  ],
  [
    "a payment under no packet's key",
    gateway((lines) => lines.push("gala/x,5,100,paid,,1,5")),
    /gala\/x: .*no packet can have this key/,
  ],
  [
    "a payment twice",
    gateway((lines) => lines.push(lines[firstPaid(lines)])),
    /is 2 times in the gateway's statement/,
  ],
  [
    "another amount at the gateway",
    gateway((lines) => lines[firstPaid(lines)] = lines[firstPaid(lines)].replace(/,(\d+),paid/, ",9$1,paid")),
    /in the books, and 9\d+ fen to user/,
  ],
  [
    "another user at the gateway",
    gateway((lines) =>
      lines[firstPaid(lines)] = lines[firstPaid(lines)].replace(/,(\d+),(\d+),paid/, ",9$1,$2,paid")
    ),
    /fen to user 9\d+ at the gateway/,
  ],
  [
    "a payment that the gateway refused",
    gateway((lines) => lines[firstPaid(lines)] = lines[firstPaid(lines)].replace(",paid,", ",refused,")),
    /is paid in the books, and refused at the gateway/,
  ],
  [
    "a refusal that the gateway paid",
    gateway((lines) => lines[1] = lines[1].replace(",refused,", ",paid,")),
    /is refused in the books, and paid at the gateway$/,
  ],
  [
    "a payment that the books have forgotten",
    books(`update award set state = ${AwardState.unknown} where ${PAID}`),
    /is unknown in the books, and paid at the gateway. Let/,
  ],
  [
    "a payment of what is over a limit",
    books(`update award set state = ${AwardState.overUser} where ${PAID}`),
    /is overUser in the books, and paid at the gateway$/,
  ],
];

Deno.test("hosts, books and gateway that agree have no difference, in one event and beside others", async () => {
  const world = await makeWorld();
  try {
    assert.deepEqual(await differencesIn(world), []);
    assert.deepEqual(
      await differencesIn(world, [world.ledgers[1]]),
      [],
      "a host whose ledger isn't given is read from the books",
    );
    assert.deepEqual(await differencesIn(world, []), []);
  } finally {
    await Deno.remove(world.folder, { recursive: true });
  }
});

Deno.test(`each of ${DIFFERENCES.length} planted differences is found`, async (t) => {
  const world = await makeWorld();
  for (const [what, plant, found] of DIFFERENCES) {
    await t.step(what, async () => {
      const copy = await copyOf(world);
      try {
        plant(copy);
        const differences = await differencesIn(copy);
        assert.ok(differences.some((words) => found.test(words)), JSON.stringify(differences));
      } finally {
        await Deno.remove(copy.folder, { recursive: true });
      }
    });
  }
  await Deno.remove(world.folder, { recursive: true });
});

Deno.test("tickets of a host whose ledger nobody has are compared with its rows in the books", async () => {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-reconcile-" });
  const world = files(folder);
  try {
    const set = makeSeedSet(plan, folder, AT_MS);
    const file = new SeedFile(set.serverFlags[1]);
    const { groups } = file.description;
    Deno.mkdirSync(world.ledgers[0]);
    const store = new SqliteStore(world.ledgers[0], "off");
    store.note(noteOf(kinds.host, 1), AT_MS);
    store.note(noteOf(kinds.seed, { hash: file.hash, path: "host.seed" }), AT_MS);
    commit(
      store,
      groups.map(([, sponsor, first, count, fen]) => [EntryKind.mint, first, 0, fen, sponsor, count]),
    );
    file.loadBlock(0);
    const record = (word: number) => file.words[BLOCK_HEAD_BYTES / 4 + word];
    const [id, fen] = [record(RecordWord.id), record(RecordWord.amountFen)];
    const sponsor = groups.find(([, , first, count]) => id >= first && id < first + count)![1];
    commit(store, [[EntryKind.award, id, 5, fen, sponsor, HELD], [EntryKind.open, id, 5, fen, sponsor, 0]]);
    store.close();
    file.close();
    await makeBooks(world.books, { event: "gala" });
    await carry(world, world.ledgers[0], 1);
    const compare = async () => {
      const books = await openBooks(world.books);
      const seeds = { places: [set.folder], keys: set.keys };
      const { differences } = await reconcileBooks(books, { ledgers: [], fleetFiles: [], seeds });
      await books.close();
      return differences;
    };
    assert.deepEqual(await compare(), []);
    change(world.books, [
      `update entry set amount = amount + 1 where kind in (${EntryKind.award}, ${EntryKind.open})`,
      "update opening set fen = fen + 1",
    ]);
    const differences = await compare();
    assert.ok(
      differences.some((words) => /the ledger gave \d+ fen, and the ticket is of/.test(words)),
      differences[0],
    );
    change(world.books, [`update entry set kind = ${EntryKind.order} where kind = ${EntryKind.seed}`]);
    assert.ok((await compare()).some((words) => words.includes("is in the ledger and not in the seeds")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a statement that is cut or no statement is refused, and never taken for one of few payments", async () => {
  const world = await makeWorld();
  try {
    const text = await Deno.readTextFile(world.statement);
    const wrong: readonly (readonly [string, RegExp])[] = [
      [text.slice(0, -4), /cut off/],
      ["", /is empty/],
      [text.replace("amount_fen", "amount"), /first line must begin/],
      [text.replace(",paid,", ",perhaps,"), /line \d+ is no payment/],
      [text.replace(/\n(gala\/\d+),\d+/, "\n$1,-1"), /line 2 is no payment/],
    ];
    for (const [other, found] of wrong) {
      await Deno.writeTextFile(world.statement, other);
      await assert.rejects(
        differencesIn(world),
        (error) => error instanceof UserError && found.test(error.message),
      );
    }
  } finally {
    await Deno.remove(world.folder, { recursive: true });
  }
});
