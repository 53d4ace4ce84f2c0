import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { LedgerFiller } from "../../../bench/ledger_filler.ts";
import { ManualClock } from "../../base/clock.ts";
import { UserError } from "../../base/user_error.ts";
import { CHECKPOINT_FILE, CheckpointReader } from "../checkpoint/checkpoint.ts";
import { openJudge } from "../checkpoint/open_judge.ts";
import { EntryKind } from "../kinds/entry_kinds.ts";
import { HELD } from "../record/entry.ts";
import { NO_LIMITS } from "../record/ledger.ts";
import { SqliteStore, TRUTH_FILE } from "../store/sqlite_store.ts";
import { StoredLedger } from "../store/stored_ledger.ts";
import { projectedBalances } from "./projected_balances.ts";
import { PROJECTION_FILE } from "./projection.ts";
import { openProjection, projectedProgress } from "./projection_reader.ts";
import { catchUp, Projector } from "./projector.ts";

/** A ledger that runs, and a projector behind it. */
class World implements Disposable {
  readonly directory = Deno.makeTempDirSync();
  readonly clock = new ManualClock();
  readonly store = new SqliteStore(this.directory, "off");
  readonly ledger: StoredLedger;
  readonly filler: LedgerFiller;

  constructor() {
    this.ledger = new StoredLedger(openJudge(this.store, undefined, NO_LIMITS).judge, this.store, this.clock);
    this.filler = new LedgerFiller(this.ledger);
  }

  /** Packets of one sponsor of 10 fen each, of which the first ones are won, in one commit. */
  commit(count: number, won = 0, sponsor = 1): void {
    const firstId = this.ledger.nextPacketId;
    this.filler.enter(EntryKind.mint, { packetId: firstId, count, amountFen: 10 * count, sponsor });
    for (let i = 0; i < won; i++) {
      this.filler.enter(EntryKind.award, { packetId: firstId + i, user: i, amountFen: 10, sponsor });
    }
    assert.ok(this.ledger.commit());
  }

  [Symbol.dispose](): void {
    this.ledger.close();
    Deno.removeSync(this.directory, { recursive: true });
  }
}

Deno.test("a projector tells how far it is behind, in rows and in time, and takes whole commits", () => {
  using world = new World();
  const { clock } = world;
  const projector = new Projector(world.directory, clock, { sync: "off", mostPerBulk: 5 });
  assert.deepEqual(projector.turn(), { rows: 0, lagRows: 0, lagMs: 0 });
  assert.equal(projector.lagMs(), 0);
  world.commit(4, 3); // four rows
  clock.advance(700);
  world.commit(9, 8); // nine, more than a bulk
  clock.advance(50);
  assert.equal(projector.lagMs(), 750);
  let pieces = 0;
  assert.deepEqual(projector.turn(() => pieces++), { rows: 4, lagRows: 9, lagMs: 750 });
  assert.ok(pieces > 0, "others get between");
  assert.equal(projector.lagMs(), 50);
  assert.deepEqual(projector.turn(), { rows: 9, lagRows: 0, lagMs: 50 });
  assert.deepEqual([projector.seq, projector.lagMs()], [13, 0]);
  world.commit(1);
  world.commit(1);
  world.commit(1);
  assert.deepEqual(projector.turn(), { rows: 3, lagRows: 0, lagMs: 0 }, "several commits are one bulk");
  world.commit(1);
  clock.stepWall(-5_000); // nobody is behind by less than nothing
  assert.deepEqual([projector.lagMs(), projector.turn().lagMs], [0, 0]);
  projector.close();
});

Deno.test("an end writes a checkpoint only if many rows aren't in one, and catching up always leaves one", () => {
  using world = new World();
  const { clock, directory } = world;
  const reaches = () => {
    const reader = CheckpointReader.open(`${directory}/${CHECKPOINT_FILE}`);
    reader?.close();
    return reader?.head.seq;
  };
  const follow = () => {
    const projector = new Projector(directory, clock, { sync: "off" });
    while (projector.turn().rows > 0);
    assert.equal(projector.tidy(), false, "nothing is due");
    projector.finish();
    projector.close();
    return projector.checkpoints;
  };
  world.commit(20_000, 9_998); // 9,999 rows
  assert.deepEqual([follow(), reaches()], [0, undefined]);
  world.commit(1);
  assert.deepEqual([follow(), reaches()], [1, 10_000]);
  world.commit(1);
  assert.deepEqual([follow(), reaches()], [0, 10_000], "few are new since");
  assert.equal(catchUp(directory, clock), 10_001);
  assert.equal(reaches(), 10_001);
});

Deno.test("a checkpoint that is due is written piece by piece, once, and one that is broken off leaves the old", () => {
  using world = new World();
  const { clock, directory } = world;
  const reaches = () => {
    const reader = CheckpointReader.open(`${directory}/${CHECKPOINT_FILE}`);
    reader?.close();
    return reader?.head.seq;
  };
  const projector = new Projector(directory, clock, { sync: "off", checkpointRows: 10 });
  const follow = () => {
    while (projector.turn().rows > 0);
    let pieces = 0;
    while (projector.tidy()) pieces++;
    return pieces;
  };
  world.commit(20, 8); // nine rows
  follow();
  assert.deepEqual([projector.checkpoints, reaches()], [0, undefined], "one less than is due");
  world.commit(1); // the tenth
  assert.ok(follow() > 1);
  assert.deepEqual([projector.checkpoints, reaches(), follow()], [1, 10, 0]);
  for (let i = 0; i < 9; i++) world.commit(1);
  follow();
  assert.deepEqual([projector.checkpoints, reaches()], [1, 10], "counted from the last one");
  world.commit(1);
  projector.turn();
  assert.ok(projector.tidy());
  projector.close(); // in the middle of it
  assert.equal(reaches(), 10);
  const next = new Projector(directory, clock, { sync: "off", checkpointRows: 10 });
  while (next.tidy());
  assert.deepEqual([next.checkpoints, reaches()], [1, 20]);
  next.close();
});

Deno.test("catching up tells how far it is, of how much", () => {
  using world = new World();
  for (let i = 0; i < 3; i++) world.commit(4, 3);
  const told: (readonly [rows: number, inAll: number])[] = [];
  assert.equal(catchUp(world.directory, world.clock, (_what, rows, inAll) => told.push([rows, inAll])), 12);
  assert.deepEqual(told.map(([, inAll]) => inAll), told.map(() => 12));
  assert.equal(told.reduce((sum, [rows]) => sum + rows, 0), 12);
});

Deno.test("the truth's log is moved into its file once a second, and not more often", () => {
  using world = new World();
  const { clock, directory } = world;
  const projector = new Projector(directory, clock, { sync: "off" });
  const sizes: number[] = [];
  const size = () => sizes.push(Deno.statSync(`${directory}/${TRUTH_FILE}`).size);
  for (const [waitMs, grows] of [[0, true], [500, false], [499, false], [1, true]] as const) {
    world.commit(400, 399);
    clock.advance(waitMs);
    size();
    projector.emptyLog();
    size();
    const [before, after] = sizes.slice(-2);
    assert.equal(after > before, grows, `${waitMs} ms later: ${sizes}`);
  }
  projector.close();
});

Deno.test("the projected balances are the ledger's, by account and by sponsor, those with most to win first", () => {
  using world = new World();
  const { clock, directory, filler, ledger } = world;
  assert.equal(projectedBalances(directory), undefined, "there is no projection yet");
  world.commit(4, 3, 7); // 10 fen are left
  world.commit(5, 2, 3); // 30
  world.commit(1, 0, 5); // 10
  const firstId = ledger.nextPacketId;
  filler.enter(EntryKind.mint, { packetId: firstId, count: 2, amountFen: 20, sponsor: 9 });
  for (const [i, user] of [50, 51].entries()) {
    const award = { packetId: firstId + i, user, amountFen: 10, sponsor: 9, count: HELD };
    filler.enter(EntryKind.award, award);
  }
  filler.enter(EntryKind.lapse, { packetId: firstId, user: 50, amountFen: 10, sponsor: 9 });
  filler.enter(EntryKind.giveBack, { packetId: ledger.nextPacketId, amountFen: 30, sponsor: 3 });
  assert.ok(ledger.commit());
  catchUp(directory, clock);
  const { balances, sponsors } = projectedBalances(directory)!;
  assert.deepEqual(balances, ledger.balances());
  assert.deepEqual(sponsors, [
    { sponsor: 5, poolFen: 10, returnedFen: 0 },
    { sponsor: 7, poolFen: 10, returnedFen: 0 },
    { sponsor: 3, poolFen: 0, returnedFen: 30 },
    { sponsor: 9, poolFen: 0, returnedFen: 10 },
  ]);
  Deno.writeTextFileSync(`${directory}/${PROJECTION_FILE}`, "no database ".repeat(99));
  assert.equal(projectedBalances(directory), undefined, "it is just being made anew");
});

Deno.test("a projection says which ledger it is of and how far, and whoever can't read it is told how to make it anew", () => {
  using world = new World();
  const { clock, directory, store } = world;
  assert.equal(openProjection(directory), undefined);
  world.commit(4, 3);
  catchUp(directory, clock);
  const db = openProjection(directory)!;
  const { seq, head, ledger } = projectedProgress(db);
  db.close();
  const truth = new DatabaseSync(`${directory}/${TRUTH_FILE}`, { readOnly: true });
  assert.equal(ledger, truth.prepare("select id from identity").get()!.id);
  truth.close();
  assert.deepEqual([seq, head], [4, store.headAt(4)]);
  Deno.writeTextFileSync(`${directory}/${PROJECTION_FILE}`, "no database ".repeat(99));
  assert.throws(
    () => openProjection(directory),
    (error) => error instanceof UserError && /cannot be read: .*redpkt ledger rebuild/.test(error.message),
  );
});
