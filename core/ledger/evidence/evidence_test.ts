/** What lies beside a truth says what it knows, and whoever compares it says which file contradicts which, and how. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { copyFolder, FILES, makeWorld } from "../../../test/audit/world.ts";
import { ManualClock } from "../../base/clock.ts";
import { UserError } from "../../base/user_error.ts";
import { genesis } from "../chain/chain.ts";
import { HeadMark, MARK_FILE } from "../chain/head_mark.ts";
import { hexOf, ledgerIdOf, tipOf } from "../chain/links.ts";
import { CHECKPOINT_FILE } from "../checkpoint/checkpoint.ts";
import { PROJECTION_FILE } from "../projection/projection.ts";
import { catchUp } from "../projection/projector.ts";
import { SqliteStore, TRUTH_FILE } from "../store/sqlite_store.ts";
import { TruthReader } from "../store/truth_reader.ts";
import { readEvidence } from "./evidence.ts";
import { inspectLedger, refuseLostRows } from "./inspect.ts";
import { eachInCheckpoint } from "./known_entries.ts";

/** Two ledgers, each with a checkpoint, a projection and a mark of its last row. */
class Pair implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  readonly one = `${this.folder}/one`;
  readonly other = `${this.folder}/other`;

  constructor() {
    for (const directory of [this.one, this.other]) {
      makeWorld(directory);
      catchUp(directory, new ManualClock());
    }
  }

  /** A copy of the first ledger, in which some files are of another one. */
  mixed(name: string, ...files: readonly string[]): string {
    const directory = `${this.folder}/${name}`;
    copyFolder(this.one, directory);
    for (const file of files) {
      for (const part of FILES[file]) removeIfThere(`${directory}/${part}`);
      copyFolder(this.other, directory, FILES[file]);
    }
    return directory;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function truthOf(directory: string): { id: string; seq: number; mark: number; headHex: string } {
  const truth = new TruthReader(directory);
  const { seq, mark, head } = tipOf(truth.db);
  const known = { id: ledgerIdOf(truth.db), seq, mark, headHex: hexOf(head) };
  truth.close();
  return known;
}

function contradictions(directory: string): string[] {
  return inspectLedger(directory).contradictions.map(({ words }) => words);
}

/** Adds so many rows, and brings all files up to them. */
function goOn(directory: string, rows: number, from: number): void {
  const store = new SqliteStore(directory, "off");
  for (let i = 0; i < rows; i++) store.noteLimits({ packetsPerUser: from + i, packetsPerSponsor: 1 }, 0);
  store.close();
  catchUp(directory, new ManualClock());
}

function edit(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

Deno.test("each file says of which ledger it is, how far it knows it, and what it was then", () => {
  using pair = new Pair();
  const { id, seq, mark, headHex } = truthOf(pair.one);
  const { known, damaged } = readEvidence(pair.one);
  assert.deepEqual(damaged, []);
  assert.deepEqual(known.map(({ file }) => file), [MARK_FILE, PROJECTION_FILE, CHECKPOINT_FILE]);
  assert.deepEqual(known[0], { file: MARK_FILE, seq, mark, ledger: id, headHex });
  for (const { seq: knows, ledger, headHex: head } of known.slice(1)) {
    assert.deepEqual([knows, ledger], [seq, id]);
    const truth = new TruthReader(pair.one);
    assert.equal(head, truth.headAt(seq));
    truth.close();
  }
  assert.deepEqual(inspectLedger(pair.one), {
    ...{ contradictions: [], damaged: [] },
    truth: inspectLedger(pair.one).truth,
  });
});

Deno.test("a file of another ledger is told as that, whichever it is", () => {
  using pair = new Pair();
  const [id, other] = [truthOf(pair.one).id, truthOf(pair.other).id];
  for (const file of [MARK_FILE, PROJECTION_FILE, CHECKPOINT_FILE]) {
    const directory = pair.mixed(`with-${file}`, file);
    assert.deepEqual(contradictions(directory), [
      `${file} is of ledger ${other}, and ${TRUTH_FILE} is ledger ${id}`,
    ]);
    assert.throws(() => refuseLostRows(directory, 0), /is of ledger .* Nothing was changed\. Restore/);
  }
  const swapped = pair.mixed("truth", TRUTH_FILE);
  assert.equal(contradictions(swapped).length, 3, "and a truth of another ledger by all of them");
});

Deno.test("a truth that is older than its files, or went another way, is told with the rows that it lacks", () => {
  using pair = new Pair();
  const { seq } = truthOf(pair.one);
  const older = pair.mixed("older");
  goOn(pair.one, 3, 100);
  const { seq: newer } = truthOf(pair.one);
  const lost = pair.mixed("lost");
  for (const part of FILES[TRUTH_FILE]) removeIfThere(`${lost}/${part}`);
  copyFolder(older, lost, FILES[TRUTH_FILE]);
  const rows = `rows ${seq + 1} to ${newer} (${newer - seq} rows)`;
  const files = [MARK_FILE, PROJECTION_FILE, CHECKPOINT_FILE];
  assert.deepEqual(
    contradictions(lost),
    files.map((file) => `${file} knows ${rows} that ${TRUTH_FILE} lacks`),
  );
  // The older one goes on by itself, past the other: another branch.
  goOn(older, 5, 200);
  assert.ok(truthOf(older).seq > newer);
  const branch = pair.mixed("branch");
  for (const part of FILES[TRUTH_FILE]) removeIfThere(`${branch}/${part}`);
  copyFolder(older, branch, FILES[TRUTH_FILE]);
  const another = `knows another history of rows up to ${newer} than ${TRUTH_FILE} (another head)`;
  assert.deepEqual(contradictions(branch), files.map((file) => `${file} ${another}`));
});

Deno.test("one row that is lacking is told as one, and deliveries that are lacking as such", () => {
  using pair = new Pair();
  const { id, seq, mark } = truthOf(pair.one);
  const marked = (change: { seq?: number; mark?: number }) => {
    const directory = pair.mixed(`mark-${JSON.stringify(change).replaceAll(/\W/g, "")}`);
    const file = new HeadMark(directory, id);
    file.write({ ...genesis(id), seq, mark, ...change });
    file.close();
    return contradictions(directory);
  };
  assert.deepEqual(marked({ seq: seq + 1 }), [`head knows row ${seq + 1} (1 row) that ledger.db lacks`]);
  assert.deepEqual(marked({ mark: mark + 1 }), [
    `head knows of deliveries after row ${seq} that ledger.db lacks`,
  ]);
  assert.deepEqual(marked({}), [
    `head knows another history of rows up to ${seq} than ledger.db (another head)`,
  ]);
  assert.deepEqual(marked({ seq: 0, mark: 0 }), [], "one that knows nothing contradicts nothing");
});

Deno.test("what has just been begun knows nothing, and what doesn't say how far it is, is damaged", () => {
  using pair = new Pair();
  const begun = pair.mixed("begun");
  for (const part of FILES[PROJECTION_FILE]) removeIfThere(`${begun}/${part}`);
  Deno.writeFileSync(`${begun}/${PROJECTION_FILE}`, new Uint8Array());
  assert.deepEqual(readEvidence(begun).known.map(({ file }) => file), [MARK_FILE, CHECKPOINT_FILE]);
  new DatabaseSync(`${begun}/${PROJECTION_FILE}`).close();
  assert.deepEqual(contradictions(begun), []);
  const silent = pair.mixed("silent");
  edit(`${silent}/${PROJECTION_FILE}`, "delete from progress");
  const torn = pair.mixed("torn");
  Deno.truncateSync(`${torn}/${CHECKPOINT_FILE}`, 20);
  for (
    const [directory, file, why] of [
      [silent, PROJECTION_FILE, "it doesn't say how far it is"],
      [torn, CHECKPOINT_FILE, "it ends in its head"],
    ]
  ) {
    const { contradictions, damaged } = inspectLedger(directory);
    assert.deepEqual([contradictions, damaged], [[], [{ file, why }]]);
    // It may know something, so it gets another name.
    const [{ name }] = refuseLostRows(directory, Date.parse("2029-01-01T00:00:00Z"));
    assert.equal(name, `${file}.aside-2029-01-01T00-00-00-000Z`);
    assert.ok(Deno.statSync(`${directory}/${name}`).isFile);
    assert.throws(() => Deno.statSync(`${directory}/${file}`), Deno.errors.NotFound);
  }
});

Deno.test("what an older program has left says how far it is, and can't say of which history", () => {
  using pair = new Pair();
  const older = pair.mixed("older");
  const { seq } = truthOf(older);
  edit(`${older}/${PROJECTION_FILE}`, "update progress set ledger = null, head = null");
  assert.deepEqual(readEvidence(older).known[1], {
    ...{ file: PROJECTION_FILE, seq },
    ...{ ledger: undefined, headHex: undefined },
  });
  assert.deepEqual(contradictions(older), []);
  edit(`${older}/${PROJECTION_FILE}`, `update progress set seq = ${seq + 2}`);
  const rows = `rows ${seq + 1} to ${seq + 2} (2 rows)`;
  assert.deepEqual(contradictions(older), [`${PROJECTION_FILE} knows ${rows} that ${TRUTH_FILE} lacks`]);
});

Deno.test("a mark that is gone or damaged is no loss that anybody may overlook", () => {
  using pair = new Pair();
  const { seq } = truthOf(pair.one);
  const gone = pair.mixed("gone");
  Deno.removeSync(`${gone}/${MARK_FILE}`);
  assert.deepEqual(contradictions(gone), [
    `head is missing, so that nobody knows whether rows 1 to ${seq} (${seq} rows) are all there were`,
  ]);
  const broken = pair.mixed("broken");
  Deno.writeTextFileSync(`${broken}/${MARK_FILE}`, "no mark");
  assert.deepEqual(inspectLedger(broken).damaged, [], "it isn't made anew");
  assert.match(
    contradictions(broken).join(),
    /^head is damaged \(.*\), so that nobody knows which rows are lost$/,
  );
  const nothing = `${pair.folder}/nothing`;
  Deno.mkdirSync(nothing);
  assert.deepEqual(inspectLedger(nothing), { truth: undefined, contradictions: [], damaged: [] });
  copyFolder(pair.one, nothing, FILES[CHECKPOINT_FILE]);
  assert.deepEqual(contradictions(nothing), [
    `checkpoint knows rows 1 to ${seq} (${seq} rows), and there is no ledger.db`,
  ]);
});

Deno.test("a truth that was edited, or can't be read, is the user's to restore", () => {
  using pair = new Pair();
  const edited = pair.mixed("edited");
  const { seq } = truthOf(edited);
  edit(`${edited}/${TRUTH_FILE}`, `insert into entry values (${seq + 1}, 6, 0, 7, 500, 0, 0, 0)`);
  const unreadable = pair.mixed("unreadable");
  for (const part of FILES[TRUTH_FILE]) removeIfThere(`${unreadable}/${part}`);
  Deno.writeTextFileSync(`${unreadable}/${TRUTH_FILE}`, "no database ".repeat(99));
  for (
    const [directory, words] of [
      [edited, new RegExp(`has rows up to ${seq + 1}, and its chain goes up to row ${seq}: it was edited`)],
      [unreadable, /ledger\.db: is damaged: .*\. Restore it from a copy$/],
    ] as const
  ) {
    assert.throws(
      () => inspectLedger(directory),
      (error) => error instanceof UserError && words.test(error.message),
    );
  }
});

Deno.test("a checkpoint of which only the head can be read tells of no entry", () => {
  using pair = new Pair();
  const entries = (directory: string) => {
    let count = 0;
    eachInCheckpoint(directory, () => count++, 7);
    return count;
  };
  assert.ok(entries(pair.one) > 0);
  const torn = pair.mixed("torn");
  const path = `${torn}/${CHECKPOINT_FILE}`;
  Deno.truncateSync(path, Deno.statSync(path).size - 100);
  assert.equal(entries(torn), 0);
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  assert.throws(() => entries(torn), (error) => !(error instanceof UserError));
});
