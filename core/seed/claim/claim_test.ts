import assert from "node:assert/strict";
import { ENTRY_WORDS, EntryKind, EntryWord, setEntryAmountFen } from "../../ledger/record/entry.ts";
import { Judge } from "../../ledger/judge/judge.ts";
import { emptyJudgement } from "../../ledger/record/ledger.ts";
import { LedgerIdentity } from "../../ledger/store/ledger_identity.ts";
import { SqliteStore } from "../../ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../ledger/store/stored_ledger.ts";
import { ManualClock } from "../../base/clock.ts";
import { Claim } from "./claim.ts";
import { SeedFile } from "../file/seed_file.ts";
import { EVENT_MS, SMALL_PLAN, TestSet } from "../make/testing.ts";

/** A seed set and a place for ledgers. */
class ClaimWorld implements Disposable {
  readonly set = new TestSet(SMALL_PLAN);
  readonly folder = Deno.makeTempDirSync();

  ledger(name: string): string {
    const directory = `${this.folder}/${name}`;
    Deno.mkdirSync(directory, { recursive: true });
    return directory;
  }

  /** Starts as a server does; returns why it is refused, if it is. `rows` are noted as durable. */
  start(name: string, rows = 0, path = this.set.path("host-a")): string | undefined {
    const seed = new SeedFile(path);
    const identity = new LedgerIdentity(this.ledger(name));
    try {
      const claim = Claim.take(seed, identity, EVENT_MS);
      claim.noteRows(rows);
      claim.close();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    } finally {
      identity.close();
      seed.close();
    }
  }

  /** Makes a packet with this id in a ledger. */
  mint(name: string, packetId: number): void {
    const store = new SqliteStore(this.ledger(name));
    const ledger = new StoredLedger(new Judge(), store, new ManualClock());
    const words = new Int32Array(ENTRY_WORDS);
    words[EntryWord.kind] = EntryKind.mint;
    words[EntryWord.packetId] = packetId;
    words[EntryWord.count] = 1;
    setEntryAmountFen(words, 0, 1);
    ledger.judge(words, 0, emptyJudgement());
    ledger.close();
  }

  copy(from: string, to: string): void {
    Deno.removeSync(this.ledger(to), { recursive: true });
    Deno.mkdirSync(this.ledger(to), { recursive: true });
    for (const { name } of Deno.readDirSync(this.ledger(from))) {
      Deno.copyFileSync(`${this.ledger(from)}/${name}`, `${this.ledger(to)}/${name}`);
    }
  }

  [Symbol.dispose](): void {
    this.set[Symbol.dispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("the ledger that has claimed a file goes on with it, however often it starts", () => {
  using world = new ClaimWorld();
  for (let i = 0; i < 3; i++) assert.equal(world.start("data"), undefined);
});

Deno.test("under another ledger it is refused, and under a new one in the same place", () => {
  using world = new ClaimWorld();
  assert.equal(world.start("data"), undefined);
  assert.match(world.start("other")!, /is consumed: ledger [0-9a-f]{32} has used it since 2029/);
  Deno.removeSync(world.ledger("data"), { recursive: true });
  assert.match(world.start("data")!, /is consumed/);
});

Deno.test("a ledger from a copy that is older than the claim is refused", () => {
  using world = new ClaimWorld();
  new LedgerIdentity(world.ledger("data")).close();
  world.copy("data", "backup");
  assert.equal(world.start("data"), undefined);
  world.copy("backup", "data");
  assert.match(world.start("data")!, /was restored from a copy that is older than its claim/);
});

Deno.test("a ledger from a copy that was made after the claim lacks rows, and is refused", () => {
  using world = new ClaimWorld();
  assert.equal(world.start("data"), undefined);
  world.copy("data", "backup");
  world.mint("data", 1);
  assert.equal(world.start("data", 1), undefined);
  world.copy("backup", "data");
  assert.match(world.start("data")!, /was restored from a copy: it has 0 rows, and had 1/);
});

Deno.test("a ledger that has used these ids for its own packets is refused", () => {
  using world = new ClaimWorld();
  world.mint("data", 7);
  assert.match(world.start("data")!, /begin at id 1, and .* has packets up to 7/);
});

Deno.test("a file that was replaced by another under the same name is refused", () => {
  using world = new ClaimWorld();
  using other = new TestSet(SMALL_PLAN, { seed: 2 });
  assert.equal(world.start("data"), undefined);
  Deno.copyFileSync(other.path("host-a"), world.set.path("host-a"));
  assert.match(world.start("data")!, /is the claim of another file/);
});

Deno.test("after a crash between the ledger's note and the claim, the same ledger goes on", () => {
  using world = new ClaimWorld();
  assert.equal(world.start("data"), undefined);
  Deno.removeSync(Claim.pathOf(world.set.path("host-a")));
  assert.equal(world.start("data"), undefined);
  assert.match(world.start("other")!, /is consumed/);
});

Deno.test("a place where no claim can be written is refused", () => {
  using world = new ClaimWorld();
  // A folder of the claim's name stands for any place that can't be written: it holds for root too.
  Deno.mkdirSync(Claim.pathOf(world.set.path("host-a")));
  assert.match(world.start("data")!, /its claim .* cannot be written/);
});

Deno.test("a mark that was half written is of no account, a damaged claim is", () => {
  using world = new ClaimWorld();
  assert.equal(world.start("data"), undefined);
  world.mint("data", 1);
  assert.equal(world.start("data", 1), undefined);
  const path = Claim.pathOf(world.set.path("host-a"));
  const text = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, text.replace("0000000000000001", "9999999999999999"));
  assert.equal(world.start("data"), undefined);
  Deno.writeTextFileSync(path, text.slice(5));
  assert.match(world.start("data")!, /is damaged/);
});
