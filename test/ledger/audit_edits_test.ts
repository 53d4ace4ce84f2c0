/** Edits of a ledger behind its back, by somebody who knows SQL, and by somebody who knows the chain too. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { checkLedger } from "../../core/audit/check/check.ts";
import type { Anchor } from "../../core/audit/check/check_chain.ts";
import { computeChain, recomputeChain } from "../audit/chain.ts";
import { contentOf, differences } from "../audit/content.ts";
import { verdictOf } from "../audit/damage.ts";
import { copyFolder, makeWorld } from "../audit/world.ts";

/** Numbers of kinds, as the file has them. */
const K = {
  mint: 1,
  award: 2,
  giveBack: 3,
  fund: 6,
  send: 7,
  claim: 8,
  takeBack: 9,
  group: 10,
  open: 20,
} as const;

/** The row of a kind that is so many from the first. */
const row = (kind: number, skip = 0) =>
  `(select seq from entry where kind = ${kind} order by seq limit 1 offset ${skip})`;
const body = (kind: number) => `update body set words = %s where seq = ${row(kind)}`;
/** The words with one of them, of four bytes, replaced. */
const word = (at: number, hex: string) =>
  `cast(substr(words, 1, ${at * 4}) || x'${hex}' || substr(words, ${at * 4 + 5}) as blob)`;
const append = (kind: number, values: string) =>
  `insert into entry select max(seq) + 1, ${kind}, ${values}, max(at_ms) from entry`;
const swap = (column: string, a: string, b: string) =>
  `update entry set ${column} = (select ${column} from entry as other where seq = iif(entry.seq = ${a}, ${b}, ${a}))
   where seq in (${a}, ${b})`;

const EDITS: Readonly<Record<string, string>> = {
  "two amounts are swapped": swap("amount", row(K.award), row(K.award, 1)),
  "an award is a fen more, another a fen less": `update entry set amount = amount + iif(seq = ${
    row(K.award, 4)
  }, 1, -1) where seq in (${row(K.award, 4)}, ${row(K.award, 5)})`,
  "two users are swapped": swap("user", row(K.award), row(K.award, 1)),
  "an award goes to another user": `update entry set user = 19 where seq = ${row(K.award, 2)}`,
  "an award and its opening go to another user":
    `update entry set user = 18 where packet = (select packet from entry where seq = ${row(K.open)})`,
  "an award is of another packet": `update entry set packet = packet + 20 where seq = ${row(K.award, 3)}`,
  "a held award is its user's at once": `update entry set count = 0 where seq = ${row(K.award, 3)}`,
  "an award waits to be opened": `update entry set count = 1 where seq = ${row(K.award, 1)}`,
  "an opening is forged": append(
    K.open,
    "(select packet from entry where kind = 2 and count = 1 and packet not in (select packet from entry where kind in (20, 21))), (select user from entry where kind = 2 and count = 1 and packet not in (select packet from entry where kind in (20, 21))), (select amount from entry where kind = 2 and count = 1 and packet not in (select packet from entry where kind in (20, 21))), (select sponsor from entry where kind = 2 and count = 1 and packet not in (select packet from entry where kind in (20, 21))), 0",
  ),
  "a mint and an award are forged": `${append(K.mint, "10000, 0, 500, 7, 5")}; ${
    append(K.award, "10001, 13, 400, 7, 0")
  }`,
  "an award is forged": append(K.award, "26, 13, 1, 1, 0"),
  "a user is funded": append(K.fund, "77, 13, 100000, 0, 0"),
  "a funding is raised": `update entry set amount = amount + 100 where seq = ${row(K.fund)}`,
  "a mint is larger": `update entry set amount = amount + 100 where seq = ${row(K.mint)}`,
  "a mint is another sponsor's": `update entry set sponsor = 5 where seq = ${row(K.mint)}`,
  "all is an hour later": "update entry set at_ms = at_ms + 3600000",
  "one row is a second earlier": "update entry set at_ms = at_ms - 1000 where seq = 40",
  "limits are raised": `${body(22).replace("%s", word(0, "e8030000"))}`,
  "it is another host's": body(27).replace("%s", word(0, "08000000")),
  "it is no numbered host's": `delete from body where seq = ${
    row(27)
  }; update entry set kind = 22 where seq = ${row(27)}; insert into body select ${
    row(22)
  }, words from body where seq = ${row(22, 1)}`,
  "it is two hosts'": `${
    append(27, "0, 0, 0, 0, 0")
  }; insert into body select max(seq), x'08000000' from entry`,
  "whose it is is said again": `${
    append(27, "0, 0, 0, 0, 0")
  }; insert into body select max(seq), x'07000000' from entry`,
  "event time is a day ahead": body(28).replace("%s", word(0, "ffffffff")),
  "event time is nowhere": `update entry set kind = 22 where seq = ${row(28)}`,
  "the last ten rows are gone": `delete from entry where seq > (select max(seq) - 10 from entry);
    delete from body where seq > (select max(seq) from entry)`,
  "the last commit is gone":
    `delete from entry where seq > (select max(seq) from link where seq < (select max(seq) from link));
    delete from link where seq > (select max(seq) from entry)`,
  "all that came after the projection is gone":
    `delete from entry where seq > 217; delete from body where seq > 217;
    delete from ended where seq > 217; delete from link where seq > 217;
    delete from delivered where mark > (select max(mark) from link)`,
  "two rows are in another order":
    `update entry set seq = -1 where seq = 12; update entry set seq = 12 where seq = 13;
    update entry set seq = 13 where seq = -1`,
  "a row is gone, and those after it have moved up": `delete from entry where seq = 30;
    update entry set seq = seq - 1 where seq > 30; update body set seq = seq - 1 where seq > 30;
    update ended set seq = seq - 1 where seq > 30; update link set seq = seq - 1 where seq > 30`,
  "a send has other shares": body(K.send).replace("%s", word(6, "0a000000")),
  "a send lasts longer": body(K.send).replace("%s", word(2, "ffffff7f")),
  "a send has another request id": body(K.send).replace("%s", word(4, "39300000")),
  "a group has another member": body(K.group).replace("%s", word(3, "63000000")),
  "a share goes to another user": `update entry set user = 6 where seq = ${row(K.claim, 1)}`,
  "a share is another one": swap("count", row(K.claim), row(K.claim, 1)),
  "what was left never went back": `delete from entry where seq = ${row(K.takeBack)}`,
  "what is left has gone back to the sponsor": append(
    K.giveBack,
    "(select max(packet + count) from entry where kind = 1), 0, 1, 2, 0",
  ),
  "a packet has ended otherwise":
    "update ended set words = zeroblob(length(words)) where number = (select min(number) from ended)",
  "a packet's end is nowhere": "delete from ended where number = (select min(number) from ended)",
  "a packet has ended that hasn't": "insert into ended select min(number) - 1, words, seq from ended",
  "what was delivered is not": "delete from delivered where mark = 1",
  "another packet was delivered": `update delivered set packets = ${
    word(0, "1c000000").replaceAll("words", "packets")
  } where mark = 1`,
  "a mark has a byte more": "update delivered set packets = cast(packets || x'00' as blob) where mark = 1",
  "a delivery is forged": "insert into delivered select max(mark) + 1, x'01000000' from delivered",
  "it is another ledger": "update identity set id = '00000000000000000000000000000000'",
  "it is two ledgers": "insert into identity values ('00000000000000000000000000000000')",
  "a row lies before the first": "insert into entry values (-1, 2, 1, 13, 100, 1, 0, 0)",
  "a link lies before the first": "insert into link values (0, 0, zeroblob(32))",
  "a trigger waits":
    "create trigger t after insert on entry begin update entry set user = 13 where seq = new.seq; end",
  "a table is hidden": "create table hidden (x)",
  "a view is hidden": "create view hidden as select * from entry",
  "a column is added": "alter table entry add column hint integer",
};

/** Those that are after all that a file beside the truth knows, once its mark is forged too: only time can tell. */
const APPENDED = [
  "an opening is forged",
  "a mint and an award are forged",
  "an award is forged",
  "a user is funded",
  "what is left has gone back to the sponsor",
  "a delivery is forged",
];

const good = Deno.makeTempDirSync({ prefix: "redpkt-good-" });
makeWorld(good);
addEventListener("unload", () => Deno.removeSync(good, { recursive: true }));

/** What the check says of an edited copy. */
function verdictAfter(
  sql: string,
  more: (db: DatabaseSync, folder: string) => void = () => {},
  expect?: Anchor,
): string {
  const folder = Deno.makeTempDirSync({ prefix: "redpkt-edit-" });
  try {
    copyFolder(good, folder);
    const db = new DatabaseSync(`${folder}/ledger.db`);
    db.exec(sql);
    more(db, folder);
    db.close();
    assert.notDeepEqual(differences(contentOf(good), contentOf(folder)), [], `${sql}: changes something`);
    return verdictOf(folder, expect);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("the chain is what its description says, computed by a reader that shares no code with it", () => {
  assert.equal(verdictOf(good), "ok");
  const db = new DatabaseSync(`${good}/ledger.db`, { readOnly: true });
  const links = computeChain(db);
  db.close();
  assert.ok(links.length > 30);
  for (const { seq, mark, stored, head } of links) assert.equal(stored, head, `row ${seq}, mark ${mark}`);
  assert.equal(checkLedger(good).head, links.at(-1)!.head);
});

Deno.test("every edit of a ledger is found", () => {
  for (const [what, sql] of Object.entries(EDITS)) assert.notEqual(verdictAfter(sql), "ok", what);
});

Deno.test("every edit is found also if its chain was computed anew", () => {
  for (const [what, sql] of Object.entries(EDITS)) {
    assert.notEqual(verdictAfter(sql, recomputeChain), "ok", what);
  }
});

Deno.test("every edit of what was known is found also if its chain and its mark were made anew", () => {
  const { rows, head } = checkLedger(good);
  const forgeAll = (db: DatabaseSync, folder: string) => {
    recomputeChain(db);
    forgeMark(db, folder);
  };
  for (const [what, sql] of Object.entries(EDITS)) {
    if (APPENDED.includes(what)) continue;
    const expect = { seq: rows, head };
    assert.notEqual(verdictAfter(sql, forgeAll, expect), "ok", what);
  }
});

Deno.test("an edit before the projection's last row is found by the projection alone", () => {
  const forgeAll = (db: DatabaseSync, folder: string) => {
    recomputeChain(db);
    forgeMark(db, folder);
    Deno.removeSync(`${folder}/checkpoint`);
  };
  for (const what of ["two amounts are swapped", "one row is a second earlier", "limits are raised"]) {
    assert.match(verdictAfter(EDITS[what], forgeAll), /projection/, what);
  }
});

/** Writes the mark that a server would have written. */
function forgeMark(db: DatabaseSync, folder: string): void {
  const { id } = db.prepare("select id from identity").get()!;
  const { seq, mark, head } = db.prepare("select * from link order by seq desc, mark desc limit 1").get()!;
  const digits = (number: unknown) => String(number).padStart(16, "0");
  const words = `redpkt-head 1 ${id} ${digits(seq)} ${digits(mark)} ${(head as Uint8Array).toHex()}`;
  const bytes = new Uint8Array(1024);
  const line = new TextEncoder().encode(`${words} ${crc32(words).toString(16).padStart(8, "0")}\n`);
  for (const at of [0, 512]) bytes.set(line, at);
  Deno.writeFileSync(`${folder}/head`, bytes);
}
