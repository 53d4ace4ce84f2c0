/** Compares a ledger with what its users saw, and with itself, in plain SQL: nothing of the ledger's code is used. */
import { DatabaseSync } from "node:sqlite";
import { computeChain } from "./chain.ts";
import { copyFolder } from "./world.ts";

/** Clocks of hosts may differ by this. */
const CLOCKS_DIFFER_MS = 1_000;

/** What must have no row. Kinds: 1 mint, 2 award, 3 give back, 6 fund, 7 send, 8 claim, 9 take back, 20 open, 21 lapse. */
const NEVER: Readonly<Record<string, string>> = {
  "rows don't count up by 1": "select max(seq) from entry having max(seq) <> count(*) or min(seq) <> 1",
  "a packet is awarded twice": "select packet from entry where kind = 2 group by packet having count(*) > 1",
  "a packet is opened or lapses twice":
    "select packet from entry where kind in (20, 21) group by packet having count(*) > 1",
  // Ids of mints only grow, so it is of the last one that begins before it.
  "an award is of no mint of its sponsor": `select packet from entry as award where kind = 2 and not exists (
    select 1 from entry as mint where mint.sponsor = award.sponsor and mint.seq < award.seq
    and award.packet < mint.packet + mint.count and mint.seq = (select seq from entry
      where kind = 1 and packet <= award.packet order by packet desc limit 1))`,
  "something is opened or lapses that wasn't held so": `select packet from entry as later
    where kind in (20, 21) and not exists (select 1 from entry as award where award.kind = 2 and award.count = 1
    and award.seq < later.seq and award.packet = later.packet and award.user = later.user
    and award.amount = later.amount and award.sponsor = later.sponsor)`,
  "a sponsor has given more than there was":
    `select sponsor from entry where kind in (1, 2, 3) group by sponsor
    having sum(iif(kind = 1, amount, -amount)) < 0`,
  "a share is claimed twice":
    "select packet from entry where kind = 8 group by packet, count having count(*) > 1",
  "a user has two shares of a packet":
    "select packet from entry where kind = 8 group by packet, user having count(*) > 1",
  "more came out of a sent packet than was in it":
    `select packet from entry where kind in (7, 8, 9) group by packet
    having sum(iif(kind = 7, amount, -amount)) < 0`,
  "a user has sent more than there was": `select user from (
      select user, amount as fen from entry where (kind = 2 and count <> 1) or kind in (6, 8, 20)
      union all select user, iif(kind = 9, amount, -amount) from entry where kind in (7, 9) and sponsor <> 1
    ) group by user having sum(fen) < 0`,
};

/** Which rows a kind of sighting stands for. */
const ROWS_OF: Readonly<Record<string, string>> = { shake: "kind = 2", claim: "kind = 8", open: "kind = 20" };

/**
 * @param fleetFiles as `redpkt client --awards` writes them
 * @returns what isn't as it must be; empty if everything is
 */
export function audit(directory: string, fleetFiles: readonly string[]): string[] {
  const folder = Deno.makeTempDirSync({ prefix: "redpkt-audit-" });
  copyFolder(directory, folder);
  const db = new DatabaseSync(`${folder}/ledger.db`);
  try {
    const problems: string[] = [];
    for (const { seq, mark, stored, head } of computeChain(db)) {
      if (stored !== head) {
        problems.push(`the link of row ${seq}, mark ${mark} is ${stored}, and must be ${head}`);
      }
    }
    // Of this copy alone: else each row would be looked for among all others, which takes hours.
    db.exec("create index audit_packet on entry (kind, packet)");
    for (const [what, sql] of Object.entries(NEVER)) {
      for (const row of db.prepare(sql).all()) problems.push(`${what}: ${Object.values(row).join()}`);
    }
    readSightings(db, fleetFiles);
    problems.push(...unlike(db), ...unseen(db));
    return problems;
  } finally {
    db.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

function readSightings(db: DatabaseSync, files: readonly string[]): void {
  db.exec("create temp table seen (user integer, packet integer, amount integer, kind text, at_ms integer)");
  const insert = db.prepare("insert into seen values (?, ?, ?, ?, ?)");
  db.exec("begin");
  for (const file of files) {
    const lines = Deno.readTextFileSync(file).split("\n").slice(1, -1);
    for (const line of lines) {
      const [user, packet, amount, kind, atMs] = line.split(",");
      insert.run(Number(user), Number(packet), Number(amount), kind, Number(atMs));
    }
  }
  db.exec("commit; create index temp.seen_packet on seen (packet, user, kind)");
  db.exec(
    "create temp table moved as select kind, packet, user, amount, at_ms from entry where kind in (2, 8, 20)",
  );
  db.exec("create index temp.moved_packet on moved (packet, user, kind)");
}

/** What somebody saw and the ledger hasn't, for that user and with that amount. */
function unlike(db: DatabaseSync): string[] {
  return Object.entries(ROWS_OF).flatMap(([kind, rows]) =>
    db.prepare(
      `select distinct user, packet, amount from seen where kind = '${kind}' and not exists (select 1 from moved
       where moved.${rows} and moved.packet = seen.packet and moved.user = seen.user and moved.amount = seen.amount)`,
    ).all().map(({ user, packet, amount }) =>
      `user ${user} saw ${amount} fen of packet ${packet} (${kind}), and the ledger hasn't that`
    )
  );
}

/** What was durable before its user logged in for the last time and stayed to the end, and never seen. */
function unseen(db: DatabaseSync): string[] {
  return db.prepare(
    `with stay as materialized (select user, max(at_ms) as since from seen where kind = 'stayed' group by user)
     select moved.user, moved.packet, moved.kind from moved join stay using (user)
     where moved.kind in (2, 8) and moved.at_ms + ${CLOCKS_DIFFER_MS} < stay.since and not exists (select 1 from seen
     where seen.packet = moved.packet and seen.user = moved.user and seen.kind = iif(moved.kind = 2, 'shake', 'claim'))`,
  ).all().map(({ user, packet }) =>
    `user ${user} never saw packet ${packet}, though they logged in again and stayed`
  );
}
