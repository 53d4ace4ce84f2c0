import assert from "node:assert/strict";
import { closeEvent } from "../audit/close_event.ts";
import { EntryKind } from "../ledger/kinds/entry_kinds.ts";
import { ENTRY_WORDS, EntryWord, HELD, setEntryAmountFen, Verdict } from "../ledger/record/entry.ts";
import { emptyJudgement } from "../ledger/record/judgement.ts";
import { NO_LIMITS } from "../ledger/record/ledger.ts";
import { LedgerIdentity } from "../ledger/store/ledger_identity.ts";
import { openJudge } from "../ledger/checkpoint/open_judge.ts";
import { SqliteStore } from "../ledger/store/sqlite_store.ts";
import { StoredLedger } from "../ledger/store/stored_ledger.ts";
import { RecordWord } from "../seed/file/format.ts";
import { SeedFile } from "../seed/file/seed_file.ts";
import { SMALL_PLAN, TestSet } from "../seed/make/testing.ts";
import { Layout } from "../seed/plan/layout.ts";
import type { PlanInput } from "../seed/plan/plan_schema.ts";
import { findLost } from "../seed/reissue/lost_tickets.ts";
import { writeSupplement } from "../seed/reissue/supplement.ts";
import { ManualClock } from "../base/clock.ts";
import { reconcile, type ReconcileResult } from "./reconcile.ts";

/** Ledgers that give away a small set's tickets. */
class SeedLedgers implements Disposable {
  readonly set: TestSet;
  readonly folder = Deno.makeTempDirSync();
  readonly ledgers: string[] = [];

  constructor(plan: PlanInput = SMALL_PLAN) {
    this.set = new TestSet(plan);
  }

  /** Makes anew what of a host's file comes after the first tickets, for a spare host. */
  reissue(hostId: string, kept: number, spare: string): void {
    using lost = new SeedFile(this.set.path(hostId));
    const { plan, set } = lost.description;
    const at = lost.locate(kept);
    const startsMs = plan.waves.map(({ start }) => start);
    const wave = lost.words[at + RecordWord.sponsorAndWave] >>> 16;
    const fenceMs = startsMs[wave] + lost.words[at + RecordWord.dueMs] - 1;
    const options = { lost, startsMs, fenceMs, files: 1 };
    const found = findLost(options);
    const layout = new Layout(plan);
    const firstId = layout.firstIdOf(layout.hosts.length);
    const how = { hash: lost.hash, set, fenceMs, terms: "", reason: "", wallMs: fenceMs };
    const reissue = { ...how, tickets: found.tickets, host: 1, firstId };
    const parts = { ...options, found, reissue, planJson: lost.planJson, key: this.set.keys.signing()! };
    writeSupplement(parts, spare, 0, this.set.path(spare));
  }

  /** A ledger that uses a host's file, as a server leaves it. */
  use(hostId: string, name = hostId): string {
    const directory = `${this.folder}/${name}`;
    this.ledgers.push(directory);
    Deno.mkdirSync(directory);
    const file = new SeedFile(this.set.path(hostId));
    const identity = new LedgerIdentity(directory);
    identity.noteSeed(file.hash, file.path, 0);
    for (const [, sponsor, firstId, count, amountFen] of file.description.groups) {
      this.enter(directory, EntryKind.mint, firstId, 0, amountFen, sponsor, count);
    }
    file.close();
    return directory;
  }

  enter(
    directory: string,
    kind: number,
    packetId: number,
    user: number,
    amountFen: number,
    sponsor: number,
    count = 0,
  ): void {
    const store = new SqliteStore(directory);
    const { judge } = openJudge(store, undefined, NO_LIMITS);
    const ledger = new StoredLedger(judge, store, new ManualClock());
    const words = new Int32Array(ENTRY_WORDS);
    words[EntryWord.kind] = kind;
    words[EntryWord.packetId] = packetId;
    words[EntryWord.user] = user;
    words[EntryWord.sponsor] = sponsor;
    words[EntryWord.count] = count;
    setEntryAmountFen(words, 0, amountFen);
    const judgement = emptyJudgement();
    ledger.judge(words, 0, judgement);
    assert.equal(judgement.verdict, Verdict.done);
    ledger.close();
  }

  /** Gives a ticket to a user; by default with what is in it. Returns its id. */
  award(directory: string, hostId: string, ticket: number, user: number, more = 0, count = 0): number {
    const file = new SeedFile(this.set.path(hostId));
    const at = file.locate(ticket);
    const { words } = file;
    const [id, fen] = [words[at + RecordWord.id], words[at + RecordWord.amountFen]];
    this.enter(
      directory,
      EntryKind.award,
      id,
      user,
      fen + more,
      words[at + RecordWord.sponsorAndWave] & 0xffff,
      count,
    );
    file.close();
    return id;
  }

  reconcile(): ReconcileResult {
    return reconcile({
      ledgers: this.ledgers,
      fleetFiles: [],
      seeds: { places: [this.set.folder], keys: this.set.keys.path },
    });
  }

  [Symbol.dispose](): void {
    this.set[Symbol.dispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("each sponsor's budget is won, left, returned, or in files that nobody has used", () => {
  using world = new SeedLedgers();
  const ledger = world.use("host-a");
  world.award(ledger, "host-a", 0, 1);
  world.award(ledger, "host-a", 5, 2);
  const before = world.reconcile();
  assert.deepEqual(before.differences, []);
  assert.deepEqual(before.sponsors.map(({ budgetFen }) => budgetFen), [1_000, 400, 607]);
  for (const { budgetFen, wonFen, poolFen, returnedFen, unusedFen } of before.sponsors) {
    assert.equal(wonFen + poolFen + returnedFen + unusedFen, budgetFen);
    assert.ok(poolFen > 0 && unusedFen > 0);
  }
  closeEvent(ledger, new ManualClock());
  const after = world.reconcile();
  assert.deepEqual(after.differences, []);
  after.sponsors.forEach(({ poolFen, returnedFen }, i) =>
    assert.deepEqual([poolFen, returnedFen], [0, before.sponsors[i].poolFen])
  );
});

Deno.test("a ticket that was won and never opened goes back, and is no award any more", () => {
  using world = new SeedLedgers();
  const ledger = world.use("host-a");
  world.award(ledger, "host-a", 0, 1, 0, HELD);
  world.award(ledger, "host-a", 1, 2);
  const won = (result: ReconcileResult) => {
    assert.deepEqual(result.differences, []);
    const sum = (of: "wonFen" | "wonTickets" | "returnedFen" | "poolFen") =>
      result.sponsors.reduce((all, sponsor) => all + sponsor[of], 0);
    return [sum("wonTickets"), sum("wonFen"), sum("returnedFen"), sum("poolFen")];
  };
  const [tickets, wonFen, none, poolFen] = won(world.reconcile());
  assert.deepEqual([tickets, none], [2, 0]);
  const { heldFen } = world.reconcile().accounts[0];
  assert.ok(heldFen > 0 && heldFen < wonFen);
  closeEvent(ledger, new ManualClock());
  assert.deepEqual(won(world.reconcile()), [1, wonFen - heldFen, poolFen + heldFen, 0]);
});

Deno.test("a ledger that gives away several files is compared with the tickets of each", () => {
  using world = new SeedLedgers();
  const ledger = world.use("host-a");
  const file = new SeedFile(world.set.path("host-b"));
  new LedgerIdentity(ledger).noteSeed(file.hash, file.path, 0);
  for (const [, sponsor, firstId, count, amountFen] of file.description.groups) {
    world.enter(ledger, EntryKind.mint, firstId, 0, amountFen, sponsor, count);
  }
  const last = file.records - 1;
  file.close();
  for (const ticket of [0, 1, last]) world.award(ledger, "host-b", ticket, 10 + ticket);
  world.award(ledger, "host-a", 0, 5);
  const { differences, sponsors } = world.reconcile();
  assert.deepEqual(differences, []);
  assert.equal(sponsors.reduce((sum, { wonTickets }) => sum + wonTickets, 0), 4);
  assert.ok(sponsors.every(({ unusedFen }) => unusedFen === 0));
});

Deno.test("seeds that can't be read are told, a folder without one too, and one that is there twice", () => {
  using world = new SeedLedgers();
  world.use("host-a");
  const refusal = (...places: string[]) => {
    try {
      reconcile({ ledgers: world.ledgers, fleetFiles: [], seeds: { places, keys: world.set.keys.path } });
    } catch (error) {
      return (error as Error).message;
    }
    return "none";
  };
  assert.equal(refusal("/nowhere/a.seed"), "--seeds /nowhere/a.seed: cannot be read: there is no such file");
  assert.match(refusal(world.folder), /there is no seed file in it$/);
  const path = world.set.path("host-a");
  assert.equal(refusal(path, path), `${path}: is there twice`);
  assert.equal(refusal(`${world.set.folder}//`), "none");
});

Deno.test("what is in the ledger and not in the seeds is a difference", () => {
  using world = new SeedLedgers();
  const ledger = world.use("host-a");
  world.enter(ledger, EntryKind.mint, 9_000, 0, 50, 1, 5);
  world.enter(ledger, EntryKind.award, 9_001, 3, 10, 1);
  const { differences } = world.reconcile();
  assert.ok(differences.includes("packets 9000 to 9004: are in the ledger and not in the seeds"));
  assert.ok(differences.includes("packet 9001: is in the ledger and not in the seeds"));
});

Deno.test("an award of another amount than the ticket's is a difference", () => {
  using world = new SeedLedgers();
  const ledger = world.use("host-a");
  const id = world.award(ledger, "host-a", 0, 1, 1);
  assert.match(
    world.reconcile().differences[0],
    new RegExp(`^packet ${id}: the ledger gave \\d+ fen, and the ticket`),
  );
});

Deno.test("a ticket in two ledgers, and a file under two ledgers, are differences", () => {
  using world = new SeedLedgers();
  const [one, two] = [world.use("host-a", "one"), world.use("host-a", "two")];
  const id = world.award(one, "host-a", 0, 1);
  world.award(two, "host-a", 0, 2);
  const { differences } = world.reconcile();
  assert.ok(
    differences.some((words) => words.startsWith(`packet ${id}: was awarded 2 times`)),
    differences.join(),
  );
  assert.ok(differences.some((words) => /host-a.seed: is given away by .*one and by .*two/.test(words)));
});

Deno.test("a ledger whose seed file isn't there is a difference", () => {
  using world = new SeedLedgers();
  world.use("host-a");
  Deno.removeSync(world.set.path("host-a"));
  assert.match(world.reconcile().differences[0], /which is not among the seeds/);
});

Deno.test("tickets that were made anew count once, also when the lost ledger turns up with some of them, and closed", () => {
  using world = new SeedLedgers({ ...SMALL_PLAN, reserve: 500 });
  const lost = world.use("host-a");
  world.award(lost, "host-a", 0, 1);
  world.reissue("host-a", 5, "spare");
  const check = () => {
    const { differences, sponsors } = world.reconcile();
    assert.deepEqual(differences, []);
    for (const { budgetFen, wonFen, poolFen, returnedFen, unusedFen } of sponsors) {
      assert.equal(wonFen + poolFen + returnedFen + unusedFen, budgetFen);
    }
    assert.deepEqual(sponsors.map(({ budgetFen }) => budgetFen), [1_000, 400, 607]);
  };
  check();
  const spare = world.use("spare");
  world.award(spare, "spare", 0, 2);
  check();
  world.award(lost, "host-a", 7, 3);
  check();
  closeEvent(lost, new ManualClock());
  check();
});
