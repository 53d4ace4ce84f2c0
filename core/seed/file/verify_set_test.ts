import assert from "node:assert/strict";
import { Layout } from "../plan/layout.ts";
import { parsePlan } from "../plan/plan.ts";
import { auditFile } from "./audit.ts";
import type { WrittenDescription } from "./description.ts";
import { BLOCK_HEAD_BYTES, fileParts, Prologue, RECORD_BYTES, RecordWord } from "./format.ts";
import { resealed, resigned, SMALL_PLAN, TestSet } from "../make/testing.ts";
import { SeedFile } from "./seed_file.ts";
import { SeedWriter } from "./seed_writer.ts";
import { seedFilesIn, verifySet } from "./verify_set.ts";

function verify(set: TestSet): readonly string[] {
  return verifySet(set.folder, seedFilesIn(set.folder), set.keys.trusted(), () => {}).problems;
}

Deno.test("a set that is the plan has no problems, and its sums are the budgets", () => {
  using set = new TestSet();
  const report = verifySet(set.folder, seedFilesIn(set.folder), set.keys.trusted(), () => {});
  assert.deepEqual(report.problems, []);
  assert.deepEqual(
    report.sponsors.map(({ number, amountFen }) => [number, amountFen]),
    SMALL_PLAN.sponsors.map(({ number, budgetFen }) => [number, budgetFen]),
  );
  assert.deepEqual(report.greetings, [{ sponsor: 2, resource: 7001, limit: 1001, planned: 1001 }]);
});

Deno.test("a file that is missing", () => {
  using set = new TestSet();
  Deno.removeSync(set.path("host-b"));
  const problems = verify(set);
  assert.equal(problems[0], "the file of host host-b is missing");
  assert.match(problems[1], /sponsor 1: the tickets come to \d+ fen, its budget is 1000 fen/);
  assert.equal(problems.at(-1), "greeting 7001 of sponsor 2: the files allow 750, the plan 1001");
});

Deno.test("a host's file that is there twice", () => {
  using set = new TestSet();
  Deno.copyFileSync(set.path("host-a"), set.path("host-c"));
  assert.equal(verify(set)[0], "host-c.seed: is for host host-a, as host-a.seed is");
});

Deno.test("a file of another set of the same plan", () => {
  using set = new TestSet();
  using other = new TestSet(SMALL_PLAN, { seed: 9 });
  Deno.copyFileSync(other.path("host-b"), set.path("host-b"));
  assert.equal(verify(set)[0], "host-b.seed: is of another set than host-a.seed");
});

Deno.test("a damaged file is named, and the others are read", () => {
  using set = new TestSet();
  const bytes = Deno.readFileSync(set.path("host-a"));
  Deno.writeFileSync(set.path("host-a"), bytes.subarray(0, -1));
  const problems = verify(set);
  assert.match(problems[0], /host-a\.seed: is cut off/);
  assert.ok(problems.includes("the file of host host-a is missing"));
});

Deno.test("a file that is unsigned, a stranger's, or right in all but its signature", () => {
  using set = new TestSet();
  using unsigned = new TestSet(SMALL_PLAN, { isUnsigned: true });
  assert.match(verify(unsigned)[0], /host-a\.seed: is not signed/);
  assert.equal(verify(unsigned).at(-1), "greeting 7001 of sponsor 2: the files allow 0, the plan 1001");
  const names = seedFilesIn(set.folder);
  assert.match(
    verifySet(set.folder, names, unsigned.keys.trusted(), () => {}).problems[0],
    /is signed by key .*, and trusted are/,
  );
  const bytes = Deno.readFileSync(set.path("host-a"));
  bytes[new TextDecoder("latin1").decode(bytes).indexOf("Alpha")] ^= 1;
  Deno.writeFileSync(set.path("host-a"), resealed(bytes));
  assert.match(verify(set)[0], /host-a\.seed: its signature is not that of key/);
});

Deno.test("a file that its maker signed with tickets that are not the plan's", () => {
  using set = new TestSet();
  const path = set.path("host-b");
  const whole = Deno.readFileSync(path);
  const { firstBlock } = partsOf(whole);
  const ticket = firstBlock + BLOCK_HEAD_BYTES + 5 * RECORD_BYTES;
  for (
    const [word, value, problem] of [
      [RecordWord.id, 7, /host-b\.seed: ticket 5 has id 7, and not \d+/],
      [RecordWord.dueMs, 0, /host-b\.seed: ticket 5 is due out of order/],
      [RecordWord.dueMs, 10_000, /host-b\.seed: ticket 5 is due out of order/],
      [
        RecordWord.amountFen,
        9_999,
        /host-b\.seed: wave early of sponsor \d: \d+ tickets of \d+ fen, and not/,
      ],
      [RecordWord.sponsorAndWave, 3, /host-b\.seed: ticket 5 is in a wave or of a sponsor that has no group/],
    ] as const
  ) {
    const bytes = whole.slice();
    new DataView(bytes.buffer).setUint32(ticket + 4 * word, value, true);
    Deno.writeFileSync(path, resigned(bytes, set.keys.signing()!));
    assert.ok(verify(set).some((line) => problem.test(line)), `${problem}: ${verify(set)}`);
  }
});

Deno.test("a ticket may be due with the one before it and in a wave's last millisecond, and not later or sooner", () => {
  using set = new TestSet();
  const path = set.path("host-b");
  const whole = Deno.readFileSync(path);
  const file = new SeedFile(path);
  const { groups, plan } = file.description;
  file.close();
  const early = groups.filter(([wave]) => wave === 0).reduce((sum, [, , , count]) => sum + count, 0);
  const { firstBlock } = partsOf(whole);
  const due = (record: number) =>
    firstBlock + BLOCK_HEAD_BYTES + record * RECORD_BYTES + 4 * RecordWord.dueMs;
  const before = new DataView(whole.buffer).getUint32(due(4), true);
  const lengthMs = plan.waves[0].lengthS * 1000;
  for (
    const [record, dueMs, isRight] of [
      [5, before, true],
      [5, before - 1, false],
      [early - 1, lengthMs - 1, true],
      [early - 1, lengthMs, false],
      [early, 0, true], // the first one of the next wave
    ] as const
  ) {
    const bytes = whole.slice();
    new DataView(bytes.buffer).setUint32(due(record), dueMs, true);
    Deno.writeFileSync(path, resigned(bytes, set.keys.signing()!));
    const problems = verify(set);
    const expected = isRight ? [] : [`host-b.seed: ticket ${record} is due out of order`];
    assert.deepEqual(problems.slice(0, 1), expected, `ticket ${record} due at ${dueMs}`);
  }
});

Deno.test("of very many wrong tickets the first twenty are told", () => {
  using set = new TestSet();
  const path = set.path("host-a");
  const bytes = Deno.readFileSync(path);
  const { firstBlock, digests } = partsOf(bytes);
  const view = new DataView(bytes.buffer);
  const at = firstBlock + BLOCK_HEAD_BYTES + 4 * RecordWord.id;
  for (let record = 0; at + record * RECORD_BYTES < digests; record++) {
    view.setUint32(at + record * RECORD_BYTES, 0, true);
  }
  Deno.writeFileSync(path, resigned(bytes, set.keys.signing()!));
  const problems = verify(set);
  assert.equal(problems.length, 20);
  assert.match(problems[19], /^host-a\.seed: ticket 19 has id 0, and not \d+$/);
});

Deno.test("a file whose groups, greetings or place are not the plan's is told, though its maker signed it", () => {
  using set = new TestSet();
  const key = set.keys.signing()!;
  const plan = parsePlan(SMALL_PLAN, "plan");
  const layout = new Layout(plan);
  const read = new SeedFile(set.path("host-b"));
  const { description } = read;
  read.close();
  const written = (change: Partial<WrittenDescription>) => {
    const path = `${set.folder}/other`;
    const whole: WrittenDescription = { ...description, plan: SMALL_PLAN, ...change };
    const writer = new SeedWriter(path, whole, 0);
    writer.finish(key);
    using file = new SeedFile(path);
    return auditFile(file).problems;
  };
  const group = [0, 1, 1, 0, 0] as [number, number, number, number, number];
  const noTickets = /wave early of sponsor 1: 0 tickets of 0 fen, and not \d+ of \d+/;
  assert.match(written({}).join(), noTickets);
  assert.ok(!written({}).join().includes("not what the plan gives"));
  assert.deepEqual(written({ groups: [group] }), ["its groups are not what the plan gives to this host"]);
  assert.match(written({ greetings: [] }).join(), /its greetings are not what the plan gives to this host/);
  assert.match(written({ host: { id: "host-a", index: 1 } })[0], /^the plan has no host host-a at 1$/);
  assert.match(written({ host: { id: "host-b", index: layout.hosts.length } })[0], /no host host-b at 2$/);
});

Deno.test("a file of another plan, though it is signed and of the same set, and what its tickets come to", () => {
  using set = new TestSet();
  const sponsors = SMALL_PLAN.sponsors.map((one) => one.number === 2 ? { ...one, budgetFen: 420 } : one);
  using other = new TestSet({ ...SMALL_PLAN, sponsors });
  set.keys.trust(trustedPem(other), "the other");
  Deno.removeSync(set.path("host-a"));
  Deno.copyFileSync(other.path("host-a"), set.path("z"));
  const problems = verify(set);
  assert.equal(problems[0], "z.seed: has another plan than host-b.seed");
  assert.ok(
    problems.includes("sponsor 2: the tickets come to 420 fen, its budget is 400 fen"),
    problems.join("\n"),
  );
});

function partsOf(bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof fileParts> {
  const view = new DataView(bytes.buffer);
  return fileParts(view.getUint32(Prologue.descriptionBytes, true), view.getUint32(Prologue.records, true));
}

function trustedPem(set: TestSet): string {
  const [key] = set.keys.trusted().values();
  return key.export({ type: "spki", format: "pem" }) as string;
}
