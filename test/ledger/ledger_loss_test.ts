/** A truth that lost rows: whoever knows more is believed, nothing is touched, and one command goes on. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { LedgerFiller } from "../../bench/ledger_filler.ts";
import { UserError } from "../../core/base/user_error.ts";
import { acceptLoss } from "../../core/audit/accept_loss.ts";
import { checkLedger } from "../../core/audit/check/check.ts";
import { CHECKPOINT_FILE } from "../../core/ledger/checkpoint/checkpoint.ts";
import { closeEvent } from "../../core/audit/close_event.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { EntryRows } from "../../core/ledger/record/entry_rows.ts";
import { MARK_FILE, readMark } from "../../core/ledger/chain/head_mark.ts";
import { refuseLostRows } from "../../core/ledger/evidence/inspect.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { LedgerIdentity } from "../../core/ledger/store/ledger_identity.ts";
import { kinds } from "../../core/ledger/kinds/entry_kinds.ts";
import { notesOf } from "../../core/ledger/chain/notes.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { PROJECTION_FILE } from "../../core/ledger/projection/projection.ts";
import { catchUp, Projector } from "../../core/ledger/projection/projector.ts";
import { SqliteStore, TRUTH_FILE } from "../../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { TruthReader } from "../../core/ledger/store/truth_reader.ts";
import { Random } from "../../core/base/random.ts";
import { ManualClock } from "../../core/base/clock.ts";
import { redpkt } from "../processes.ts";

const LOG_FILE = `${TRUTH_FILE}-wal`;
const WALL_MS = 1_763_600_000_000;
/** Commits of a life, and awards of each. */
const COMMITS = 20;
const PER_COMMIT = 10;

/** Commits that are in the truth's file; later ones are in its log alone. */
const EMPTIED = 5;

/** Ledgers as crashes leave them. */
class LossWorld implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  readonly clock = new ManualClock(WALL_MS); // the clock of its first row: a step would be a row of its own
  #copies = 0;

  /**
   * A ledger whose server is killed: what is in its files at that moment. The projection and the checkpoint have rows up
   * to `projectedCommits`.
   */
  killed(projectedCommits = 0): string {
    const directory = `${this.folder}/alive-${this.#copies}`;
    Deno.mkdirSync(directory);
    const store = new SqliteStore(directory, "off");
    store.noteLimits({ packetsPerUser: 3, packetsPerSponsor: Infinity }, WALL_MS);
    const ledger = new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, this.clock);
    const filler = new LedgerFiller(ledger);
    const projector = new Projector(directory, this.clock, { sync: "off" });
    for (let commit = 0; commit < COMMITS; commit++) {
      const firstId = 1 + commit * PER_COMMIT;
      const entry = { sponsor: 7, amountFen: 100 };
      filler.enter(EntryKind.mint, {
        ...entry,
        packetId: firstId,
        count: PER_COMMIT,
        amountFen: 100 * PER_COMMIT,
      });
      for (let i = 0; i < PER_COMMIT; i++) {
        const award = {
          ...entry,
          packetId: firstId + i,
          user: commit * 100 + i,
          count: i % 2 === 0 ? HELD : 0,
        };
        filler.enter(EntryKind.award, award);
      }
      filler.enter(EntryKind.open, { packetId: firstId, user: commit * 100 });
      assert.ok(ledger.commit());
      if (commit + 1 === EMPTIED) projector.emptyLog();
      if (commit + 1 === projectedCommits) {
        while (projector.turn().rows > 0);
        projector.writeCheckpoint();
      }
    }
    const killed = this.copy(directory);
    projector.close();
    ledger.close();
    return killed;
  }

  copy(directory: string): string {
    const copy = `${this.folder}/copy-${this.#copies++}`;
    Deno.mkdirSync(copy);
    for (const { name } of Deno.readDirSync(directory)) {
      Deno.copyFileSync(`${directory}/${name}`, `${copy}/${name}`);
    }
    return copy;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Every file of a directory, by name, as the hash of its bytes. */
function files(directory: string): Record<string, string> {
  return Object.fromEntries(
    [...Deno.readDirSync(directory)].map((
      { name },
    ) => [name, hash("sha256", Deno.readFileSync(`${directory}/${name}`))]),
  );
}

/** A start is refused with these words, and no file of the directory is another one then. */
function assertRefused(directory: string, words: RegExp, what: string): void {
  const before = files(directory);
  assert.throws(
    () => refuseLostRows(directory, WALL_MS),
    (error) => error instanceof UserError && words.test(error.message) && !error.message.includes("\n"),
    what,
  );
  assert.deepEqual(files(directory), before, what);
}

function edit(path: string, change: (bytes: Uint8Array) => Uint8Array | void): void {
  const bytes = Deno.readFileSync(path);
  Deno.writeFileSync(path, change(bytes) ?? bytes);
}

function tamper(directory: string, file: string, sql: string): void {
  const db = new DatabaseSync(`${directory}/${file}`);
  db.exec(sql);
  db.close();
}

function rowsOf(directory: string): number {
  return new LedgerIdentity(directory).rows;
}

const KNOWS =
  /head knows rows? \d+( to \d+)? \([\d,]+ rows?\) that ledger\.db lacks.*accept-loss .* --reason/;

Deno.test("a log that was deleted, halved, zeroed in parts or had one bit flipped after a kill is noticed by the mark", () => {
  using world = new LossWorld();
  const killed = world.killed(3);
  refuseLostRows(killed, WALL_MS);
  const random = new Random(1);
  const size = Deno.statSync(`${killed}/${LOG_FILE}`).size;
  const losses: [what: string, change: (log: string) => void][] = [
    ["deleted", (log) => Deno.removeSync(log)],
    ["emptied", (log) => Deno.truncateSync(log)],
    ["halved", (log) => Deno.truncateSync(log, size >> 1)],
    ["last byte", (log) => Deno.truncateSync(log, size - 1)],
    ["its header", (log) => edit(log, (bytes) => void (bytes[17] ^= 1))],
  ];
  for (let i = 0; i < 40; i++) {
    const at = random.below(size);
    losses.push([
      `bit of byte ${at}`,
      (log) => edit(log, (bytes) => void (bytes[at] ^= 1 << random.below(8))),
    ]);
    losses.push([`4 kB from ${at}`, (log) => edit(log, (bytes) => void bytes.fill(0, at, at + 4096))]);
  }
  let refused = 0;
  for (const [what, change] of losses) {
    for (const hasIndex of [true, false]) {
      const directory = world.copy(killed);
      change(`${directory}/${LOG_FILE}`);
      if (!hasIndex) Deno.removeSync(`${directory}/${TRUTH_FILE}-shm`);
      if (rowsAreWhole(directory, killed)) continue; // such as a bit in what SQLite doesn't read
      assertRefused(directory, KNOWS, `${what}, seed 1`);
      refused++;
    }
  }
  assert.ok(refused > losses.length, `${refused} were refused`);
});

/** Whether a damaged copy still has every row, so that there is nothing to refuse. */
function rowsAreWhole(directory: string, original: string): boolean {
  try {
    return rowsOf(directory) === rowsOf(original);
  } catch {
    return false;
  }
}

Deno.test("what the projection or the checkpoint knows alone is believed too, and both heads must be of this history", () => {
  using world = new LossWorld();
  const [young, grown] = [world.killed(), world.killed(COMMITS)];
  const lost = (directory: string) => {
    Deno.removeSync(`${directory}/${LOG_FILE}`);
    return directory;
  };
  // The mark is as old as after a power loss: it says what the truth still has, which is nothing.
  const old = (directory: string) => {
    const { ledger } = readMark(directory)!;
    Deno.removeSync(`${directory}/${MARK_FILE}`);
    tamper(directory, TRUTH_FILE, "delete from link; delete from entry; delete from body");
    const store = new SqliteStore(directory, "off");
    store.close();
    assert.equal(readMark(directory)!.ledger, ledger);
    return directory;
  };
  const cases: readonly (readonly [what: string, directory: string, words: RegExp])[] = [
    ["log", lost(world.copy(grown)), /projection\.db knows rows .*checkpoint knows rows/],
    [
      "projection",
      without(old(world.copy(grown)), CHECKPOINT_FILE),
      /: projection\.db knows rows 1 to 241 \(241 rows\)/,
    ],
    [
      "checkpoint",
      without(old(world.copy(grown)), PROJECTION_FILE),
      /: checkpoint knows rows 1 to 241 \(241 rows\)/,
    ],
    ["another", swapped(world, grown, young), /head is of ledger [0-9a-f]{32}, and ledger\.db is ledger/],
  ];
  for (const [what, directory, words] of cases) assertRefused(directory, words, what);
  for (const file of [PROJECTION_FILE, CHECKPOINT_FILE]) {
    const directory = world.copy(grown);
    branch(directory);
    const other = file === PROJECTION_FILE ? CHECKPOINT_FILE : PROJECTION_FILE;
    assertRefused(
      without(directory, other),
      new RegExp(`${file} knows another history of rows up to 241`),
      file,
    );
  }
});

/** The same ledger with as many rows, of which the last ones are others: a copy that has grown. */
function branch(directory: string): void {
  Deno.removeSync(`${directory}/${MARK_FILE}`);
  tamper(directory, TRUTH_FILE, "delete from link where seq > 229; delete from entry where seq > 229");
  const store = new SqliteStore(directory, "off");
  const ledger = new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, new ManualClock());
  const filler = new LedgerFiller(ledger);
  const mint = { packetId: ledger.nextPacketId, sponsor: 7, count: 20, amountFen: 2_000 };
  filler.enter(EntryKind.mint, mint);
  for (let i = 0; i < 11; i++) {
    filler.enter(EntryKind.award, {
      packetId: mint.packetId + i,
      user: 9_000 + i,
      sponsor: 7,
      amountFen: 100,
    });
  }
  ledger.close();
}

function without(directory: string, file: string): string {
  for (const suffix of ["", "-wal", "-shm"]) {
    try {
      Deno.removeSync(`${directory}/${file}${suffix}`);
    } catch {
      // there is none
    }
  }
  return directory;
}

/** One ledger's truth beside another's files. */
function swapped(world: LossWorld, to: string, from: string): string {
  const directory = world.copy(to);
  for (const suffix of ["", "-wal", "-shm"]) {
    Deno.copyFileSync(`${from}/${TRUTH_FILE}${suffix}`, `${directory}/${TRUTH_FILE}${suffix}`);
  }
  return directory;
}

Deno.test("a truth that is gone, was replaced by an older copy, or has lost its mark is refused", () => {
  using world = new LossWorld();
  const killed = world.killed(2);
  const gone = without(world.copy(killed), TRUTH_FILE);
  assertRefused(gone, /head knows rows 1 to 241 \(241 rows\), and there is no ledger\.db/, "gone");
  assertRefused(without(world.copy(killed), MARK_FILE), /head is missing, so that nobody knows/, "no mark");
  const blank = world.copy(killed);
  edit(`${blank}/${MARK_FILE}`, (bytes) => bytes.fill(0));
  assertRefused(blank, /head is damaged/, "blank mark");
  const old = world.copy(killed);
  const store = new SqliteStore(old, "off");
  store.append(new EntryRows(), Uint32Array.of(1));
  store.close();
  const behind = world.copy(old);
  for (const suffix of ["", "-wal", "-shm"]) without(behind, `${TRUTH_FILE}${suffix}`);
  for (const suffix of ["", "-wal", "-shm"]) {
    Deno.copyFileSync(`${killed}/${TRUTH_FILE}${suffix}`, `${behind}/${TRUTH_FILE}${suffix}`);
  }
  assertRefused(behind, /head knows of deliveries after row 241 that ledger\.db lacks/, "marks");
});

Deno.test("one damaged copy of the mark hides nothing, and damage to what can be made anew stops no event", () => {
  using world = new LossWorld();
  const killed = world.killed(2);
  for (const at of [40, 512 + 40]) {
    const directory = world.copy(killed);
    edit(`${directory}/${MARK_FILE}`, (bytes) => void (bytes[at] ^= 1));
    refuseLostRows(directory, WALL_MS);
    Deno.truncateSync(`${directory}/${LOG_FILE}`, Deno.statSync(`${directory}/${LOG_FILE}`).size - 1);
    assertRefused(directory, KNOWS, `byte ${at}`);
  }
  for (const file of [CHECKPOINT_FILE, PROJECTION_FILE]) {
    const directory = without(world.copy(killed), `${file}-wal`);
    edit(`${directory}/${file}`, (bytes) => void bytes.fill(7, 0, 40));
    const before = files(directory)[file];
    const [aside] = refuseLostRows(directory, WALL_MS);
    assert.deepEqual([aside.file, aside.name], [file, `${file}.aside-2025-11-20T00-53-20-000Z`]);
    assert.equal(files(directory)[aside.name], before);
    assert.equal(files(directory)[file], undefined);
  }
});

Deno.test("a projection that was only begun knows nothing, and isn't damaged", () => {
  using world = new LossWorld();
  const directory = without(world.killed(), PROJECTION_FILE);
  tamper(directory, PROJECTION_FILE, "pragma journal_mode = wal");
  assert.deepEqual(refuseLostRows(directory, WALL_MS), []);
  catchUp(directory, world.clock);
  assert.deepEqual(checkLedger(directory).problems, []);
});

Deno.test("an accepted loss enters again what is known, says why in an entry, keeps the evidence, and the ledger goes on", () => {
  using world = new LossWorld();
  const known = 15;
  for (const only of [[PROJECTION_FILE, CHECKPOINT_FILE], [PROJECTION_FILE], [CHECKPOINT_FILE]]) {
    const directory = world.killed(known);
    for (const file of [PROJECTION_FILE, CHECKPOINT_FILE]) if (!only.includes(file)) without(directory, file);
    // Some of the log is left: the first commits.
    Deno.truncateSync(`${directory}/${LOG_FILE}`, Deno.statSync(`${directory}/${LOG_FILE}`).size >> 2);
    const before = files(directory);
    const left = (rowsOf(directory) - 1) / (PER_COMMIT + 2);
    assert.ok(left > 0 && left < known);
    assertRefused(directory, KNOWS, only.join());
    const result = acceptLoss(directory, "the disk was changed", world.clock);
    const packets = result.awards.map(({ packetId }) => packetId);
    const expected = Array.from({ length: (known - left) * PER_COMMIT }, (_, i) => left * PER_COMMIT + 1 + i);
    assert.deepEqual(packets, expected);
    assert.deepEqual([result.others, result.conflicts], [(known - left) * 2, []], "mints and openings");
    assert.equal(result.unknownRows, (COMMITS - known) * (PER_COMMIT + 2));
    for (const name of result.aside) {
      assert.equal(files(directory)[name], before[name.split(".aside-")[0]], name);
    }
    assert.equal(result.aside.length, 1 + only.length);
    refuseLostRows(directory, WALL_MS);
    const report = checkLedger(directory);
    assert.deepEqual([report.problems, report.awards], [[], known * PER_COMMIT]);
    const truth = new TruthReader(directory);
    const [loss] = notesOf(truth.db, kinds.loss).map(({ value }) => value);
    assert.equal(loss.reason, "the disk was changed");
    assert.equal(loss.has.seq, 1 + left * (PER_COMMIT + 2));
    assert.equal(loss.lost[0].seq, 241);
    // None of these packets can go to another now.
    const { judge } = openJudge(truth, directory, NO_LIMITS);
    assert.equal(judge.awardOf(packets[0])?.user, left * 100);
    assert.equal(judge.balances().heldFen, known * (PER_COMMIT / 2 - 1) * 100);
    truth.close();
    assert.throws(() => acceptLoss(directory, "again", world.clock), /nothing is lost/);
  }
});

Deno.test("a loss is accepted of a truth that is gone and of another history, and never of one that was edited", () => {
  using world = new LossWorld();
  const gone = without(world.killed(COMMITS), TRUTH_FILE);
  assert.equal(acceptLoss(gone, "gone", world.clock).awards.length, COMMITS * PER_COMMIT);
  assert.deepEqual(checkLedger(gone).problems, []);
  const grown = world.killed(COMMITS);
  branch(grown);
  const { awards, conflicts } = acceptLoss(grown, "a copy", world.clock);
  assert.equal(awards.length, 0);
  assert.equal(conflicts.length, 12, "a mint with the same ids, ten awards to others, and an opening");
  assert.deepEqual(checkLedger(grown).problems, []);
  const edited = world.copy(world.killed(COMMITS));
  tamper(edited, TRUTH_FILE, "update entry set user = 5 where seq = 20");
  edit(`${edited}/${MARK_FILE}`, (bytes) => bytes.fill(0));
  const before = { ...files(edited), lock: "" };
  assert.throws(() => acceptLoss(edited, "?", world.clock), /rows 14 to 25: not what was committed/);
  assert.deepEqual({ ...files(edited), lock: "" }, before);
});

Deno.test("a truth whose rows don't reach its own chain's end, or that can't be read, is refused and never accepted", () => {
  using world = new LossWorld();
  const killed = world.killed(2);
  const edits: readonly (readonly [what: string, words: RegExp, change: (directory: string) => void])[] = [
    [
      "fewer rows",
      /ledger\.db has rows up to 230, and its chain goes up to row 241: it was edited/,
      (directory) => tamper(directory, TRUTH_FILE, "delete from entry where seq > 230"),
    ],
    [
      "more rows",
      /ledger\.db has rows up to 242, and its chain goes up to row 241: it was edited/,
      (directory) => tamper(directory, TRUTH_FILE, "insert into entry values (242, 6, 0, 7, 500, 0, 0, 0)"),
    ],
    [
      "no database",
      /ledger\.db: is damaged: /,
      (directory) => {
        without(directory, LOG_FILE);
        edit(`${directory}/${TRUTH_FILE}`, (bytes) => void bytes.fill(9, 0, 100));
      },
    ],
  ];
  for (const [what, words, change] of edits) {
    const directory = world.copy(killed);
    change(directory);
    assertRefused(directory, words, what);
    assert.throws(() => acceptLoss(directory, "?", world.clock), words, what);
  }
});

Deno.test("no command that changes a ledger touches one that has lost rows", async () => {
  using world = new LossWorld();
  const directory = world.killed(2);
  Deno.removeSync(`${directory}/${LOG_FILE}`);
  const ignoringLock = () => ({ ...files(directory), lock: "" });
  const before = ignoringLock();
  assert.throws(() => closeEvent(directory, world.clock), /head knows rows/);
  assert.deepEqual(ignoringLock(), before);
  const { code, stderr } = await redpkt(["ledger", "rebuild", directory]);
  assert.equal(code, 2);
  assert.match(stderr, /head knows rows/);
  assert.deepEqual(ignoringLock(), before);
});
