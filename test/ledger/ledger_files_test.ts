/** A ledger's files: who may have them, what is made of them, and what happens when they are damaged. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { parquetReadObjects } from "hyparquet";
import { fillLedger } from "../../bench/fill_ledger.ts";
import { fillSends } from "../../bench/fill_sends.ts";
import { LedgerFiller } from "../../bench/ledger_filler.ts";
import { UserError } from "../../core/base/user_error.ts";
import { checkLedger } from "../../core/audit/check/check.ts";
import { CHECKPOINT_FILE } from "../../core/ledger/checkpoint/checkpoint.ts";
import { closeEvent } from "../../core/audit/close_event.ts";
import { DirectoryLock } from "../../core/ledger/disk/directory_lock.ts";
import { exportLedger } from "../../core/audit/export.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { EntryRows } from "../../core/ledger/record/entry_rows.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { orderStates } from "../../core/ledger/registry/order_states.ts";
import { orderWords } from "../../core/ledger/record/order_text.ts";
import { PROJECTION_FILE } from "../../core/ledger/projection/projection.ts";
import { catchUp, Projector } from "../../core/ledger/projection/projector.ts";
import { showPacket, showUser } from "../../core/audit/show.ts";
import { SqliteStore, TRUTH_FILE } from "../../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { TruthReader } from "../../core/ledger/store/truth_reader.ts";
import { ManualClock } from "../../core/base/clock.ts";

const AWARDS = 30_000;
const USERS = 10_000;

async function withLedger(
  run: (directory: string) => void | Promise<void>,
  isCheckpointed = true,
  perCommit = 5_000,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    fillLedger(directory, { awards: AWARDS, users: USERS, isCheckpointed, perCommit });
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Changes a file behind the ledger's back. */
function tamper(directory: string, file: string, sql: string): void {
  const db = new DatabaseSync(`${directory}/${file}`);
  db.exec(sql);
  db.close();
}

/** Adds rows to a ledger, as one commit: kind, packet, user, amount, sponsor and count of each. */
function enter(directory: string, entries: readonly (readonly number[])[]): void {
  const store = new SqliteStore(directory, "off");
  const rows = new EntryRows();
  let seq = store.lastSeq();
  for (const entry of entries) rows.values.set([++seq, ...entry, 0], rows.next());
  store.append(rows, new Uint32Array());
  store.close();
}

function open(directory: string): ReturnType<typeof openJudge> {
  const truth = new TruthReader(directory);
  try {
    return openJudge(truth, directory, NO_LIMITS);
  } finally {
    truth.close();
  }
}

Deno.test("a good ledger has no problems, with and without checkpoint and projection", async () => {
  for (const isCheckpointed of [true, false]) {
    await withLedger((directory) => {
      const report = checkLedger(directory);
      assert.deepEqual(report.problems, []);
      assert.equal(report.awards, AWARDS);
      assert.equal(report.users, USERS);
      assert.equal(report.mostOfUser, AWARDS / USERS);
      assert.equal(report.balances.userFen, AWARDS * 100);
      assert.equal(report.projectionLagRows, isCheckpointed ? 0 : report.rows);
    }, isCheckpointed);
  }
});

Deno.test("a check finds a fen that is missing, an award that is gone and a packet that was given twice", async () => {
  const wrongs: readonly [file: string, sql: string, problem: RegExp][] = [
    [TRUTH_FILE, "update entry set amount = amount + 1 where seq = 5", /contradicts|holds|comes to/],
    [TRUTH_FILE, "delete from entry where seq = 20000", /lacks row 20000/],
    [TRUTH_FILE, "update entry set packet = packet - 1 where seq = 100", /row 100 contradicts/],
    [PROJECTION_FILE, "update balance set fen = fen + 1 where account = 'user'", /user holds/],
    [PROJECTION_FILE, "delete from posting where id = 500", /row 250: has posting none/],
    [PROJECTION_FILE, "delete from user_award where user = 7", /lacks the entry of its user 7/],
  ];
  for (const [file, sql, problem] of wrongs) {
    await withLedger((directory) => {
      tamper(directory, file, sql);
      assert.match(checkLedger(directory).problems.join("\n"), problem, sql);
    });
  }
});

Deno.test("a damaged checkpoint is not used, and all rows are read instead", async () => {
  await withLedger(async (directory) => {
    const path = `${directory}/${CHECKPOINT_FILE}`;
    const good = await Deno.readFile(path);
    assert.equal(open(directory).rowsRead, 0);
    for (const at of [0, 30, good.length >> 1]) {
      const bad = good.slice();
      bad[at] ^= 1;
      await Deno.writeFile(path, bad);
      const { judge, checkpointFault, rowsRead } = open(directory);
      assert.notEqual(checkpointFault, undefined, `byte ${at}`);
      assert.ok(rowsRead > AWARDS);
      assert.equal(judge.awards, AWARDS);
    }
    await Deno.writeFile(path, good.subarray(0, good.length - 1));
    assert.match(open(directory).checkpointFault!, /cut off/);
    // And the next one is made anew.
    catchUp(directory, new ManualClock());
    assert.equal(open(directory).rowsRead, 0);
  });
});

/** A ledger with sent packets, of which most have ended, and the ids of those. */
async function withSends(run: (directory: string) => void, isCheckpointed = true): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    fillSends(directory, { packets: SENT, openEvery: OPEN_EVERY, users: 100, isCheckpointed });
    run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const SENT = 2_000;
const OPEN_EVERY = 100;
const MOST_SENT_ID = 0xffff_ffff;

Deno.test("a start keeps open packets alone in memory, and with a checkpoint reads no row", async () => {
  for (const isCheckpointed of [true, false]) {
    await withSends((directory) => {
      const truth = new TruthReader(directory);
      const { judge, rowsRead, checkpointFault } = openJudge(truth, directory, NO_LIMITS);
      assert.equal(checkpointFault, undefined);
      if (isCheckpointed) assert.equal(rowsRead, 0);
      assert.equal(judge.sends.keptCount, SENT / OPEN_EVERY);
      assert.equal(judge.sends.list.size, SENT);
      assert.equal([...judge.sends.pending.all()].length, 0, "all users have heard");
      assert.equal(judge.balances().packetFen, 100 * SENT / OPEN_EVERY);
      // The second packet has ended: it is read when somebody asks.
      const ended = judge.sends.packet(MOST_SENT_ID - 1)!;
      assert.deepEqual([...ended.shareOf], [[2, 0], [3, 1]]);
      assert.equal(judge.sends.packet(MOST_SENT_ID - SENT), undefined);
      truth.close();
      assert.deepEqual(checkLedger(directory).problems, []);
    }, isCheckpointed);
  }
});

Deno.test("a packet whose end is told otherwise than its rows is found, and one whose end is nowhere is kept", async () => {
  await withSends((directory) => {
    tamper(directory, TRUTH_FILE, "update ended set words = zeroblob(length(words)) where number = 2");
    assert.match(checkLedger(directory).problems.join("\n"), /row \d+ contradicts/);
    tamper(directory, TRUTH_FILE, "delete from ended");
    Deno.removeSync(`${directory}/${CHECKPOINT_FILE}`);
    // The rows are as they must be, but it isn't what was committed.
    const noEnds = ["ledger.db: rows 1 to 6060: not what was committed (the chain doesn't hold)"];
    assert.deepEqual(checkLedger(directory).problems, noEnds);
    catchUp(directory, new ManualClock());
    for (let times = 0; times < 2; times++) {
      const { judge } = open(directory);
      assert.equal(judge.sends.keptCount, SENT);
      assert.deepEqual([...judge.sends.packet(MOST_SENT_ID - 1)!.shareOf], [[2, 0], [3, 1]]);
      assert.deepEqual(checkLedger(directory).problems, noEnds);
    }
  });
});

Deno.test("a checkpoint whose sends are damaged is not used", async () => {
  await withSends((directory) => {
    const path = `${directory}/${CHECKPOINT_FILE}`;
    const bytes = Deno.readFileSync(path);
    bytes[bytes.length - 100] ^= 1; // there are no awards, so the sends are last
    Deno.writeFileSync(path, bytes);
    const { checkpointFault, judge } = open(directory);
    assert.match(checkpointFault!, /checksum of its sends/);
    assert.equal(judge.sends.keptCount, SENT / OPEN_EVERY);
    Deno.writeFileSync(path, bytes.subarray(0, bytes.length - 9));
    assert.match(open(directory).checkpointFault!, /cut off/);
  });
});

Deno.test("a checkpoint that knows more than the rows is not believed", async () => {
  await withLedger((directory) => {
    tamper(directory, TRUTH_FILE, "delete from entry where seq > 10002; delete from link where seq > 10002");
    const { checkpointFault, judge } = open(directory);
    assert.match(checkpointFault!, /rows that this ledger doesn't have/);
    assert.equal(judge.awards, 10_000);
  });
});

Deno.test("a projection of rows that the ledger doesn't have is left as it is", async () => {
  for (const set of ["seq = 1000000000", "head = 'ab'", "ledger = 'cd'"]) {
    await withLedger((directory) => {
      tamper(directory, PROJECTION_FILE, `update progress set ${set}`);
      assert.throws(() => catchUp(directory, new ManualClock()), /knows another history of row \d+ than/);
    });
  }
});

Deno.test("a projection that is gone or damaged is made again", async () => {
  await withLedger(async (directory) => {
    const spoil: (() => void | Promise<void>)[] = [
      () => Deno.remove(`${directory}/${PROJECTION_FILE}`),
      () => Deno.writeTextFile(`${directory}/${PROJECTION_FILE}`, "no database"),
    ];
    for (const damage of spoil) {
      await damage();
      catchUp(directory, new ManualClock());
      const { problems, projectionLagRows } = checkLedger(directory);
      assert.deepEqual([problems, projectionLagRows], [[], 0]);
    }
  });
});

Deno.test("many small bulks are merged, and a user's awards are all found at each moment, also of a merge that was broken off", async () => {
  await withLedger(
    (directory) => {
      const open = () => new Projector(directory, new ManualClock(), { mostPerBulk: 100 });
      const bulks = open();
      while (bulks.turn().rows > 0);
      bulks.close();
      const awards = showUser(directory, 42);
      assert.equal(awards.length, AWARDS / USERS);
      for (let pieces = 1, isDone = false; !isDone; pieces++) {
        assert.ok(pieces < 1_000, "a merge comes to an end");
        const projector = open();
        for (let piece = 0; piece < pieces && !isDone; piece++) isDone = !projector.tidy();
        projector.close();
        assert.deepEqual(checkLedger(directory).problems, [], `after ${pieces} pieces`);
        assert.deepEqual(showUser(directory, 42), awards);
      }
      const db = new DatabaseSync(`${directory}/${PROJECTION_FILE}`, { readOnly: true });
      const most = db.prepare("select level, count(*) as runs from run group by level order by 2 desc")
        .get()!;
      db.close();
      assert.ok(
        most.runs as number < 64,
        `${most.runs} runs of level ${most.level}, of ${AWARDS / 100} bulks`,
      );
    },
    false,
    100,
  );
});

Deno.test("a user's and a packet's story, from the projection and from the rows after it", async () => {
  for (const isCheckpointed of [true, false]) {
    await withLedger((directory) => {
      const awards = showUser(directory, 42);
      assert.equal(awards.length, AWARDS / USERS);
      assert.deepEqual(awards.map(({ sponsor }) => sponsor), [1, 2, 3]);
      const { award, sponsor } = showPacket(directory, awards[1].packetId);
      assert.deepEqual([award, sponsor], [awards[1], 2]);
      assert.equal(showPacket(directory, 1_000_000).sponsor, undefined);
      assert.deepEqual(showUser(directory, 5_000_000), []);
    }, isCheckpointed);
  }
});

Deno.test("closing an event gives back what nobody won, once", async () => {
  await withLedger((directory) => {
    enter(directory, [[EntryKind.mint, AWARDS + 1, 0, 70, 9, 7]]);
    const clock = new ManualClock();
    assert.deepEqual(closeEvent(directory, clock), [{ sponsor: 9, amountFen: 70 }]);
    assert.deepEqual(closeEvent(directory, clock), []);
    const { problems, balances } = checkLedger(directory);
    assert.deepEqual(problems, []);
    assert.equal(balances.returnedFen, 70);
    assert.equal(showPacket(directory, AWARDS + 3).wasGivenBack, true);
  });
});

Deno.test("closing an event gives back what was won and never opened, and shows it so", async () => {
  await withLedger((directory) => {
    const { mint, award, open: opening } = EntryKind;
    enter(directory, [
      [mint, AWARDS + 1, 0, 70, 9, 7],
      [award, AWARDS + 1, 42, 10, 9, 1],
      [award, AWARDS + 2, 42, 20, 9, 1],
      [opening, AWARDS + 1, 42, 10, 9, 0],
    ]);
    const states = () => showUser(directory, 42).slice(-2).map(({ state }) => state);
    assert.deepEqual(states(), ["open", "unopened"]);
    assert.equal(checkLedger(directory).balances.heldFen, 20);
    const clock = new ManualClock();
    assert.deepEqual(closeEvent(directory, clock), [{ sponsor: 9, amountFen: 60 }]);
    assert.deepEqual(closeEvent(directory, clock), []);
    assert.deepEqual(states(), ["open", "lapsed"]);
    const { problems, balances } = checkLedger(directory);
    assert.deepEqual(problems, []);
    assert.deepEqual([balances.returnedFen, balances.heldFen], [60, 0]);
    assert.equal(balances.userFen, AWARDS * 100 + 10);
  });
});

Deno.test("an export holds every row, as CSV and as Parquet", async () => {
  await withLedger(async (directory) => {
    const rows = await exportLedger(directory, "csv", `${directory}/ledger.csv`);
    const [header, ...lines] = (await Deno.readTextFile(`${directory}/ledger.csv`)).trimEnd().split("\n");
    assert.equal(header, "seq,kind,packet_id,user,amount_fen,sponsor,count,committed_at_ms");
    assert.equal(lines.length, rows);
    assert.match(lines[0], /^1,mint,1,0,500000,1,5000,\d{13}$/);
    assert.equal(await exportLedger(directory, "parquet", `${directory}/ledger.parquet`), rows);
    const bytes = await Deno.readFile(`${directory}/ledger.parquet`);
    const read = await parquetReadObjects({ file: bytes.buffer });
    assert.equal(read.length, rows);
    const texts = read.map((row) => Object.values(row).join(","));
    assert.deepEqual(texts, lines);
  });
});

Deno.test("a directory has one process at a time", async () => {
  const directory = await Deno.makeTempDir();
  const lock = DirectoryLock.take(directory, "--ledger");
  assert.throws(
    () => DirectoryLock.take(directory, "--ledger"),
    (error) => error instanceof UserError && error.message.includes(`process ${Deno.pid} uses this ledger`),
  );
  lock.release();
  DirectoryLock.take(directory, "--ledger").release();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("a file of another program or of a newer redpkt is left alone", async () => {
  const directory = await Deno.makeTempDir();
  tamper(directory, TRUTH_FILE, "create table theirs (x)");
  assert.throws(() => new SqliteStore(directory), /another program/);
  await Deno.remove(`${directory}/${TRUTH_FILE}`);
  new SqliteStore(directory).close();
  tamper(directory, TRUTH_FILE, "pragma user_version = 99");
  assert.throws(() => new SqliteStore(directory), /schema 99.*newer redpkt/);
  assert.throws(() => new TruthReader(directory), /newer redpkt/);
  tamper(directory, TRUTH_FILE, "pragma user_version = 1");
  for (const open of [TruthReader, SqliteStore]) {
    assert.throws(() => new open(directory), /schema 1 of an older redpkt.*redpkt ledger upgrade /);
  }
  await Deno.remove(directory, { recursive: true });
});

Deno.test("what is no database is said to be none", async () => {
  const directory = await Deno.makeTempDir();
  await Deno.writeTextFile(
    `${directory}/${TRUTH_FILE}`,
    "certainly no database, and long enough to be looked into",
  );
  assert.throws(
    () => checkLedger(directory),
    (error) => error instanceof UserError && /cannot be read/.test(error.message),
  );
  await Deno.remove(directory, { recursive: true });
});

Deno.test("where there is no ledger, every question says so", () => {
  assert.throws(() => checkLedger("/nowhere"), /holds no ledger/);
  assert.throws(() => showUser("/nowhere", 1), /holds no ledger/);
});

Deno.test("an event that is closed ends what was ordered: no later start makes more of it", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const clock = new ManualClock();
    const store = new SqliteStore(directory, "off");
    const ledger = new StoredLedger(openJudge(store, directory, NO_LIMITS).judge, store, clock);
    const filler = new LedgerFiller(ledger);
    const order = { plugin: "shake", route: "POST /packets", key: "eve", body: {}, fixed: {}, atMs: 5 };
    const { words, bytes } = orderWords({ ...order, packets: 100 });
    filler.enterParts(words);
    assert.equal(filler.enter(EntryKind.order, { count: bytes }), 1);
    filler.enter(EntryKind.mint, { user: 1, packetId: 1, count: 10, amountFen: 50, sponsor: 3 });
    ledger.close();
    for (let time = 0; time < 2; time++) {
      const gave = closeEvent(directory, clock);
      assert.deepEqual(gave, time === 0 ? [{ sponsor: 3, amountFen: 50 }] : []);
      const [{ isEnded, made, openParts }] = orderStates(open(directory).judge);
      assert.deepEqual([isEnded, made, openParts], [true, 10, []], "and what went back can't be won");
      assert.deepEqual(checkLedger(directory).problems, []);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
