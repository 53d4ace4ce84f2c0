import assert from "node:assert/strict";
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { ENTRY_WORDS, EntryWord, setEntryAmountFen } from "../../ledger/record/entry.ts";
import { Judge } from "../../ledger/judge/judge.ts";
import { emptyJudgement } from "../../ledger/record/judgement.ts";
import { LedgerIdentity } from "../../ledger/store/ledger_identity.ts";
import { SqliteStore } from "../../ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../ledger/store/stored_ledger.ts";
import { Random } from "../../base/random.ts";
import { ManualClock } from "../../base/clock.ts";
import { claimProblems } from "./claim_problems.ts";
import { type ClaimOptions, SeedClaims } from "./claims.ts";
import { SeedFile } from "../file/seed_file.ts";
import { EVENT_MS, SMALL_PLAN, TestSet } from "../make/testing.ts";

/** A seed set, a state directory and a place for ledgers: all of them real. */
class ClaimWorld implements Disposable {
  readonly set = new TestSet(SMALL_PLAN);
  readonly folder = Deno.makeTempDirSync();
  readonly claims = `${this.folder}/state/claims`;
  readonly path = this.set.path("host-a");

  get hash(): string {
    using seed = new SeedFile(this.path);
    return seed.hash;
  }

  /** Where the claims are: beside the file, and in the state directory. */
  get claimPaths(): [string, string] {
    return [`${this.set.folder}/${this.hash}.claim`, `${this.claims}/${this.hash}.claim`];
  }

  ledger(name: string): string {
    const directory = `${this.folder}/${name}`;
    Deno.mkdirSync(directory, { recursive: true });
    return directory;
  }

  /** Starts as a server does, and stops; returns why it is refused, if it is. */
  async start(name: string, path = this.path, directory = this.claims): Promise<string | undefined> {
    try {
      (await this.up(name, path, directory)).close();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async up(name: string, path = this.path, directory = this.claims): Promise<SeedClaims> {
    using seed = new SeedFile(path);
    return await SeedClaims.take(this.options(name, seed, directory));
  }

  async mend(name: string, trusted?: string): Promise<string> {
    using seed = new SeedFile(this.path);
    return await SeedClaims.mend(this.options(name, seed, this.claims), trusted).catch((error) =>
      error.message
    );
  }

  problems(name: string): string[] {
    return claimProblems(
      new LedgerIdentity(this.ledger(name)),
      [{ hash: this.hash, path: this.path }],
      this.claims,
    );
  }

  options(name: string, seed: SeedFile, directory: string): ClaimOptions {
    return { seed, ledger: new LedgerIdentity(this.ledger(name)), directory, wallMs: EVENT_MS };
  }

  /** Makes packets with these ids in a ledger, a commit each. */
  mint(name: string, ...packetIds: readonly number[]): void {
    const store = new SqliteStore(this.ledger(name));
    const ledger = new StoredLedger(new Judge(), store, new ManualClock(EVENT_MS));
    for (const packetId of packetIds) {
      const words = new Int32Array(ENTRY_WORDS);
      words[EntryWord.kind] = EntryKind.mint;
      words[EntryWord.packetId] = packetId;
      words[EntryWord.count] = 1;
      setEntryAmountFen(words, 0, 1);
      ledger.judge(words, 0, emptyJudgement());
      ledger.commit();
    }
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

Deno.test("the ledger that has claimed a file goes on with it, however often it starts and grows", async () => {
  using world = new ClaimWorld();
  for (let i = 0; i < 3; i++) {
    assert.equal(await world.start("data"), undefined);
    world.mint("data", 100 + i);
  }
  assert.deepEqual(world.problems("data"), []);
});

Deno.test("under another ledger it is refused, and under a new one in the same place", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  const refusal = /is consumed: ledger [0-9a-f]{32} has used it since 2029.* Name that ledger with --ledger$/;
  assert.match((await world.start("other"))!, refusal);
  assert.match(world.problems("other")[0], /is consumed/);
  Deno.removeSync(world.ledger("data"), { recursive: true });
  assert.match((await world.start("data"))!, /is consumed/);
});

Deno.test("through a symbolic link, of the file or of a folder above it, it is the same file", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  Deno.symlinkSync(world.path, `${world.folder}/link.seed`);
  Deno.symlinkSync(world.set.folder, `${world.folder}/seeds`);
  const elsewhere = `${world.folder}/state2`;
  for (const path of [`${world.folder}/link.seed`, `${world.folder}/seeds/host-a.seed`]) {
    assert.match((await world.start("other", path, elsewhere))!, /is consumed/);
    assert.equal(await world.start("data", path), undefined);
  }
});

Deno.test("a file with several names is refused, in words that say how to mend it", async () => {
  using world = new ClaimWorld();
  Deno.linkSync(world.path, `${world.folder}/hard.seed`);
  for (const path of [world.path, `${world.folder}/hard.seed`]) {
    assert.match(
      (await world.start("data", path))!,
      /has 2 names \(hard links\), and may have one only\. Find them/,
    );
  }
  Deno.removeSync(`${world.folder}/hard.seed`);
  assert.equal(await world.start("data"), undefined);
});

Deno.test("a copy of the file under any name is known by its content", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  const copies = [`${world.set.folder}/copy.seed`, `${world.folder}/host-a.seed`];
  for (const copy of copies) {
    Deno.copyFileSync(world.path, copy);
    assert.match((await world.start("other", copy))!, /is consumed/);
  }
  // In the same folder it needs no state directory to be known.
  assert.match((await world.start("other", copies[0], `${world.folder}/state2`))!, /is consumed/);
});

Deno.test("another content under the same name is another file", async () => {
  using world = new ClaimWorld();
  using other = new TestSet(SMALL_PLAN, { seed: 2 });
  assert.equal(await world.start("data"), undefined);
  Deno.copyFileSync(other.path("host-a"), world.path);
  assert.equal(await world.start("other"), undefined);
});

Deno.test("an older state of the ledger is refused with the number of rows that it lacks, before the claim or after", async () => {
  using world = new ClaimWorld();
  new LedgerIdentity(world.ledger("data"));
  world.copy("data", "before");
  assert.equal(await world.start("data"), undefined);
  world.copy("data", "after");
  world.mint("data", 1, 2, 3);
  assert.equal(await world.start("data"), undefined);
  assert.match((await world.start("before"))!, /was restored from a copy that is older than its claim/);
  assert.match(
    (await world.start("after"))!,
    /after is an older state of its ledger: it has 1 rows and had 4 \(3 missing\)\. Use the newest state of the/,
  );
  assert.match(world.problems("after")[0], /3 missing/);
});

Deno.test("an older state that has grown past the mark is another branch, and refused", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  world.copy("data", "copy");
  world.mint("data", 1, 2);
  assert.equal(await world.start("data"), undefined);
  world.mint("copy", 11, 12, 13, 14, 15);
  const refusal =
    /copy is another branch of its ledger, the same up to row 1: it has 6 rows, and the claim knows 3/;
  assert.match((await world.start("copy"))!, refusal);
  assert.match(world.problems("copy")[0], refusal);
  assert.equal(await world.start("data"), undefined);
});

Deno.test("a copy that runs beside its ledger is refused while that runs, and so is the ledger afterwards", async () => {
  using world = new ClaimWorld();
  const first = await world.up("data");
  world.copy("data", "copy");
  assert.match((await world.start("copy"))!, /another server uses it right now/);
  first.close();
  world.mint("copy", 11);
  assert.equal(await world.start("copy"), undefined, "a ledger may move");
  world.mint("data", 1);
  assert.match((await world.start("data"))!, /is another branch/);
});

Deno.test("one claim that is lost or damaged is noticed, and put back from the other by the command that is named", async () => {
  for (const place of [0, 1]) {
    for (const harm of ["gone", "damaged"]) {
      using world = new ClaimWorld();
      assert.equal(await world.start("data"), undefined);
      const path = world.claimPaths[place];
      if (harm === "gone") Deno.removeSync(path);
      else Deno.writeTextFileSync(path, Deno.readTextFileSync(path).slice(1));
      const refusal = (await world.start("data"))!;
      assert.match(refusal, new RegExp(`its claim .* is ${harm}.* --mend$`));
      assert.ok(refusal.includes(path) && refusal.split("\n").length === 1, refusal);
      assert.equal(world.problems("data").length, 1);
      assert.match((await world.start("other"))!, /is consumed/);
      assert.match(await world.mend("other"), /is consumed/);
      assert.match(await world.mend("data"), /was put back/);
      assert.deepEqual(world.problems("data"), []);
      assert.equal(await world.start("data"), undefined);
      const kept = [...Deno.readDirSync(path.slice(0, path.lastIndexOf("/")))].filter(({ name }) =>
        /aside$/.test(name)
      );
      assert.equal(kept.length, harm === "gone" ? 0 : 1, "evidence is set aside");
    }
  }
});

Deno.test("there is nothing to mend where nothing is wrong, and each damage leaves evidence of its own", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.mend("data"), "there is nothing to mend", "nobody has claimed it");
  assert.deepEqual(world.claimPaths.map(exists), [false, false]);
  assert.equal(await world.start("data"), undefined);
  const before = world.claimPaths.map((path) => Deno.readTextFileSync(path));
  assert.equal(await world.mend("data"), "there is nothing to mend");
  assert.deepEqual(world.claimPaths.map((path) => Deno.readTextFileSync(path)), before);
  const [path] = world.claimPaths;
  for (let times = 1; times <= 3; times++) {
    Deno.writeTextFileSync(path, `damage ${times}`);
    assert.match(await world.mend("data"), /was put back$/);
    const aside = [...Deno.readDirSync(world.set.folder)].filter(({ name }) => name.endsWith(".aside"));
    assert.equal(aside.length, times);
  }
  assert.equal(await world.start("data"), undefined);
});

Deno.test("a claim with a second name is put back by the command that is named", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  Deno.linkSync(world.claimPaths[0], `${world.folder}/other`);
  assert.match((await world.start("data"))!, /is damaged: it has 2 names \(hard links\).* --mend$/);
  assert.match(await world.mend("data"), /was put back$/);
  assert.equal(await world.start("data"), undefined);
});

Deno.test("a check says of a seed file that nobody has claimed it, and nothing of one that is elsewhere", async () => {
  using world = new ClaimWorld();
  assert.deepEqual(world.problems("data"), [`seed file ${world.path}: nobody has claimed it`]);
  const elsewhere = [{ hash: world.hash, path: "/nowhere/host-a.seed" }];
  const problems = () => claimProblems(new LedgerIdentity(world.ledger("data")), elsewhere, world.claims);
  assert.deepEqual(problems(), []);
  assert.equal(await world.start("data"), undefined);
  assert.match(problems().join(), /host-a\.seed: its claim \/nowhere\/.* is gone, and .* is there/);
});

Deno.test("a check says of each place what is wrong with its claim", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  assert.deepEqual(world.problems("data"), []);
  const [beside, kept] = world.claimPaths;
  const whole = Deno.readFileSync(kept);
  Deno.writeTextFileSync(kept, "no claim");
  assert.match(
    world.problems("data").join("|"),
    new RegExp(`^seed file [^|]*its claim ${kept} is damaged: [^|]+$`),
  );
  Deno.removeSync(kept);
  Deno.mkdirSync(kept);
  assert.match(
    world.problems("data").join("|"),
    new RegExp(`^seed file [^|]*its claim ${kept} is damaged: [^|]+$`),
  );
  Deno.removeSync(beside);
  assert.match(
    world.problems("data").join("|"),
    /its claim is in neither place: .* is gone, .* is damaged: [^|]+$/,
  );
  Deno.removeSync(kept);
  Deno.writeFileSync(kept, whole);
  assert.match(
    world.problems("data").join("|"),
    new RegExp(`its claim ${beside} is gone, and ${kept} is there$`),
  );
});

Deno.test("a claim that is lost isn't put back for a ledger that the other one doesn't know", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  world.copy("data", "copy");
  world.mint("data", 1);
  assert.equal(await world.start("data"), undefined);
  Deno.removeSync(world.claimPaths[0]);
  assert.match(await world.mend("copy"), /is an older state/);
  assert.match(await world.start("copy") ?? "", /is an older state/);
});

Deno.test("with both claims gone the ledger is taken at its word only by name, and the reason is kept", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  for (const path of world.claimPaths) Deno.removeSync(path);
  assert.match((await world.start("data"))!, /both claims are gone.*--mend --trust-ledger "WHY"$/);
  assert.match(await world.mend("data"), /both claims are gone/);
  assert.match(await world.mend("data", "the disk of both burned"), /is taken at its word/);
  for (const path of world.claimPaths) assert.match(Deno.readTextFileSync(path), /the disk of both burned/);
  assert.equal(await world.start("data"), undefined);
  assert.match((await world.start("other"))!, /is consumed/);
  assert.match(await world.mend("other", "I want it"), /is consumed/);
});

Deno.test("a ledger that is taken at its word against its claims leaves them under another name, as they were", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  world.copy("data", "old");
  world.mint("data", 1_000_000, 1_000_001);
  assert.equal(await world.start("data"), undefined);
  const claims = world.claimPaths.map((path) => Deno.readTextFileSync(path));
  assert.match((await world.start("old"))!, /older state/);
  assert.match(await world.mend("old", "the newer one burned"), /is taken at its word/);
  for (const [i, path] of world.claimPaths.entries()) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    const aside = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".aside"));
    assert.equal(aside.length, 1);
    assert.equal(Deno.readTextFileSync(`${folder}/${aside[0].name}`), claims[i]);
  }
  assert.equal(await world.start("old"), undefined);
});

Deno.test("claims that contradict each other are refused", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  const [beside, kept] = world.claimPaths;
  const first = Deno.readTextFileSync(beside);
  for (const path of [beside, kept]) Deno.removeSync(path);
  assert.match(await world.mend("data", "again"), /is taken at its word/);
  Deno.writeTextFileSync(beside, first);
  assert.match((await world.start("data"))!, /its claims .* contradict each other/);
  assert.match(world.problems("data")[0], /contradict/);
  assert.match(await world.mend("data"), /contradict/);
  assert.match(await world.mend("data", "this one is right"), /is taken at its word/);
  assert.equal(await world.start("data"), undefined);
});

Deno.test("the two places must be two", async () => {
  using world = new ClaimWorld();
  Deno.symlinkSync(world.set.folder, `${world.folder}/seeds`);
  for (const directory of [world.set.folder, `${world.folder}/seeds`]) {
    assert.match((await world.start("data", world.path, directory))!, /is the folder of the seed file/);
  }
  assert.equal(await world.start("data"), undefined);
  const [beside, kept] = world.claimPaths;
  Deno.removeSync(kept);
  Deno.linkSync(beside, kept);
  assert.ok(await world.start("data") !== undefined);
  Deno.removeSync(kept);
  Deno.linkSync(beside, `${world.folder}/other`);
  assert.match((await world.start("data"))!, /is damaged: it has 2 names \(hard links\)/);
});

Deno.test("a ledger that has used these ids for its own packets is refused", async () => {
  using world = new ClaimWorld();
  world.mint("data", 7);
  assert.match((await world.start("data"))!, /begin at id 1, and .* has packets up to 7/);
  assert.deepEqual(world.claimPaths.map((path) => exists(path)), [false, false]);
});

Deno.test("a place where no claim can be written is refused", async () => {
  using world = new ClaimWorld();
  // A folder of the claim's name stands for any place that can't be written: it holds for root too.
  Deno.mkdirSync(world.claimPaths[0]);
  assert.match(
    (await world.start("data"))!,
    /its claim cannot be written: .*\. Both .* must be where this server may write/,
  );
  Deno.removeSync(world.claimPaths[0]);
  Deno.writeTextFileSync(`${world.folder}/file`, "");
  assert.match(
    (await world.start("data", world.path, `${world.folder}/file`))!,
    /its claim cannot be written/,
  );
});

Deno.test("every bit that is flipped in a claim is told, and never lets another ledger or an older state in", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  world.copy("data", "copy");
  world.mint("data", 1);
  assert.equal(await world.start("data"), undefined);
  const random = new Random(14);
  for (const path of world.claimPaths) {
    const whole = Deno.readFileSync(path);
    for (let at = 0; at < whole.length; at++) {
      const bytes = whole.slice();
      bytes[at] ^= 1 << random.below(8);
      Deno.writeFileSync(path, bytes);
      assert.ok(world.problems("data").length > 0, `${path}: byte ${at}`);
      if (at % 16 !== 0) continue;
      assert.ok(await world.start("copy") !== undefined, `byte ${at}: an older state`);
      assert.ok(await world.start("other") !== undefined, `byte ${at}: another ledger`);
    }
    Deno.writeFileSync(path, whole);
  }
});

Deno.test("a mark that was half written is of no account, and the next one is right again", async () => {
  using world = new ClaimWorld();
  assert.equal(await world.start("data"), undefined);
  world.mint("data", 1);
  assert.equal(await world.start("data"), undefined);
  for (const path of world.claimPaths) {
    Deno.writeTextFileSync(path, Deno.readTextFileSync(path).replace(/mark 0{15}2/, "mark 0000000001234567"));
  }
  assert.equal(world.problems("data").length, 2);
  assert.equal(await world.start("data"), undefined);
  assert.deepEqual(world.problems("data"), []);
  for (const path of world.claimPaths) {
    Deno.writeTextFileSync(path, Deno.readTextFileSync(path).replaceAll("mark 0", "mark 9"));
  }
  assert.match((await world.start("data"))!, /every mark of its claim .* is damaged/);
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
