import assert from "node:assert/strict";
import { auditFile } from "./audit.ts";
import { RecordWord } from "./format.ts";
import { parsePlan } from "../plan/plan.ts";
import { SeedFile, SeedRefused } from "./seed_file.ts";
import { EVENT_MS, SMALL_PLAN, TestSet } from "../make/testing.ts";

/** Opens a file, proves it and reads it all, as `redpkt seed inspect` does. */
function readAll(path: string, set: TestSet): void {
  const file = new SeedFile(path);
  try {
    file.checkSignature(set.keys.trusted());
    const { problems } = auditFile(file);
    assert.deepEqual(problems, []);
  } finally {
    file.close();
  }
}

function faultOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof SeedRefused, String(error));
    return error.fault;
  }
  return "none";
}

Deno.test("a ticket is read by its place, and tickets lie in the order of their release", () => {
  using set = new TestSet();
  const file = new SeedFile(set.path("host-a"));
  try {
    const { groups } = file.description;
    assert.equal(file.records, groups.reduce((sum, [, , , count]) => sum + count, 0));
    let last = -1;
    for (let record = 0; record < file.records; record++) {
      const at = file.locate(record);
      const order = (file.words[at + RecordWord.sponsorAndWave] >>> 16) * 100_000 +
        file.words[at + RecordWord.dueMs];
      assert.ok(order >= last);
      last = order;
    }
  } finally {
    file.close();
  }
});

Deno.test("every byte that is flipped is found", () => {
  using set = new TestSet();
  const path = set.path("host-b");
  const bytes = Deno.readFileSync(path);
  readAll(path, set);
  const broken = `${set.folder}/broken`;
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of [0x01, 0x80]) {
      bytes[at] ^= mask;
      Deno.writeFileSync(broken, bytes);
      const fault = faultOf(() => readAll(broken, set));
      assert.ok(["altered", "noSeedFile", "cut", "untrusted"].includes(fault), `byte ${at}: ${fault}`);
      bytes[at] ^= mask;
    }
  }
});

Deno.test("every cut is found, and so is every byte too many", () => {
  using set = new TestSet();
  const bytes = Deno.readFileSync(set.path("host-b"));
  const broken = `${set.folder}/broken`;
  for (let length = 0; length < bytes.length; length++) {
    Deno.writeFileSync(broken, bytes.subarray(0, length));
    const fault = faultOf(() => readAll(broken, set));
    assert.equal(fault, length === 0 ? "noSeedFile" : "cut", `${length} bytes`);
  }
  Deno.writeFileSync(broken, new Uint8Array([...bytes, 0]));
  assert.equal(faultOf(() => readAll(broken, set)), "altered");
});

Deno.test("a block that was changed together with its checksum is found by its digest", async () => {
  using set = new TestSet();
  const path = set.path("host-b");
  const { blockCrc, fileParts } = await import("./format.ts");
  const bytes = Deno.readFileSync(path);
  const view = new DataView(bytes.buffer);
  const parts = fileParts(view.getUint32(12, true), view.getUint32(28, true));
  view.setUint32(parts.firstBlock + 16 + 4, 99_999, true);
  view.setUint32(parts.firstBlock + 12, blockCrc(bytes.subarray(parts.firstBlock, parts.digests)), true);
  Deno.writeFileSync(path, bytes);
  assert.throws(() => readAll(path, set), /block 0 of 1 was altered after it was signed/);
});

Deno.test("unsigned, signed by a stranger, or by a key that is trusted no more", () => {
  using unsigned = new TestSet(SMALL_PLAN, { isUnsigned: true });
  assert.equal(faultOf(() => readAll(unsigned.path("host-a"), unsigned)), "unsigned");
  using set = new TestSet();
  assert.equal(faultOf(() => readAll(set.path("host-a"), unsigned)), "untrusted");
  const old = set.keys.signing()!.id;
  set.keys.make(true);
  readAll(set.path("host-a"), set);
  assert.notEqual(set.keys.signing()!.id, old);
  set.keys.distrust(old);
  assert.equal(faultOf(() => readAll(set.path("host-a"), set)), "untrusted");
});

Deno.test("for another host, or expired, or no file at all", () => {
  using set = new TestSet();
  const file = new SeedFile(set.path("host-a"));
  try {
    file.checkUse("host-a", EVENT_MS);
    assert.equal(faultOf(() => file.checkUse("host-b", EVENT_MS)), "otherHost");
    assert.equal(faultOf(() => file.checkUse("host-a", parsePlan(SMALL_PLAN, "plan").expires)), "expired");
  } finally {
    file.close();
  }
  assert.equal(faultOf(() => new SeedFile(`${set.folder}/absent`)), "unreadable");
  assert.equal(faultOf(() => new SeedFile(set.folder)), "unreadable");
});

Deno.test("the same plan, key and random seed make the same file", () => {
  using one = new TestSet(SMALL_PLAN, { seed: 3 });
  using two = new TestSet(SMALL_PLAN, { seed: 3 });
  using other = new TestSet(SMALL_PLAN, { seed: 4 });
  const hash = (set: TestSet) => {
    const file = new SeedFile(set.path("host-a"));
    file.close();
    return file.hash;
  };
  assert.equal(hash(one), hash(two));
  assert.notEqual(hash(one), hash(other));
});
