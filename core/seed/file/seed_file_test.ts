import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { auditFile } from "./audit.ts";
import { Random } from "../../base/random.ts";
import { DIGEST_BYTES, Footer, FOOTER_BYTES, PROLOGUE_BYTES, RecordWord } from "./format.ts";
import { Layout } from "../plan/layout.ts";
import { makeHostFile } from "../make/make.ts";
import { parsePlan } from "../plan/plan.ts";
import { SeedFile, SeedRefused } from "./seed_file.ts";
import { SeedWriter } from "./seed_writer.ts";
import { EVENT_MS, resealed, SMALL_PLAN, TestSet } from "../make/testing.ts";

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

Deno.test("every byte that is flipped is found, though every checksum and digest was made right again", () => {
  using set = new TestSet();
  const random = new Random(14);
  const whole = Deno.readFileSync(set.path("host-b"));
  assert.deepEqual(resealed(whole), whole, "the forger knows the format");
  const forged = `${set.folder}/forged`;
  for (let at = 0; at < whole.length; at++) {
    const bytes = whole.slice();
    bytes[at] ^= 1 << random.below(8);
    const sealed = resealed(bytes);
    // A checksum that was flipped is right again.
    if (sealed.every((byte, i) => byte === whole[i])) continue;
    Deno.writeFileSync(forged, sealed);
    const fault = faultOf(() => readAll(forged, set));
    assert.ok(["altered", "noSeedFile", "cut", "untrusted"].includes(fault), `byte ${at}: ${fault}`);
  }
});

Deno.test("where no signature tells, prologue and footer must still be what a writer makes", () => {
  using set = new TestSet(SMALL_PLAN, { isUnsigned: true });
  const whole = Deno.readFileSync(set.path("host-b"));
  const forged = `${set.folder}/forged`;
  const open = (bytes: Uint8Array) => {
    Deno.writeFileSync(forged, bytes);
    return faultOf(() => new SeedFile(forged).close());
  };
  for (let at = 0; at < PROLOGUE_BYTES; at++) {
    const bytes = whole.slice();
    bytes[at] ^= 1;
    const sealed = resealed(bytes);
    if (sealed.every((byte, i) => byte === whole[i])) continue;
    assert.notEqual(open(sealed), "none", `byte ${at}`);
  }
  const footer = whole.length - FOOTER_BYTES;
  for (let at = Footer.root; at < Footer.root + DIGEST_BYTES; at++) {
    const bytes = whole.slice();
    bytes[footer + at] ^= 1;
    const crc = crc32(bytes.subarray(footer, footer + Footer.crc));
    new DataView(bytes.buffer).setUint32(footer + Footer.crc, crc, true);
    assert.equal(open(bytes), "altered", `byte ${at} of the footer`);
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

Deno.test("what was damaged is told from what was altered after it was signed, and where", () => {
  using set = new TestSet();
  const whole = Deno.readFileSync(set.path("host-b"));
  const told = (at: number) => {
    const bytes = whole.slice();
    bytes[at < 0 ? bytes.length + at : at] ^= 1;
    Deno.writeFileSync(`${set.folder}/broken`, bytes);
    try {
      readAll(`${set.folder}/broken`, set);
    } catch (error) {
      return (error as Error).message.split(": ").slice(1).join(": ");
    }
    return "nothing";
  };
  assert.equal(told(0), "is no seed file");
  assert.equal(told(30), "its first 64 bytes are damaged");
  assert.equal(told(PROLOGUE_BYTES + 5), "its SHA-256 is not what its footer says");
  assert.equal(told(-1), "its last 128 bytes are damaged");
  const digests = -FOOTER_BYTES - DIGEST_BYTES;
  assert.equal(told(digests - 1), "block 0 of 1 is damaged: its checksum is wrong");
  assert.equal(told(digests), "its SHA-256 is not what its footer says");
});

Deno.test("what a maker that was killed has left is no part of the file that is made next", () => {
  using one = new TestSet(SMALL_PLAN, { seed: 3 });
  const parts = { set: "0".repeat(32), madeAt: "2028-12-01T00:00:00.000Z", host: { id: "host-a", index: 0 } };
  const made = (path: string) => {
    const writer = new SeedWriter(path, { ...parts, groups: [], greetings: [], plan: SMALL_PLAN }, 0);
    writer.finish(one.keys.signing());
    return Deno.readFileSync(path);
  };
  Deno.writeFileSync(`${one.folder}/late.seed.new`, new Uint8Array(100_000).fill(7));
  assert.deepEqual(made(`${one.folder}/late.seed`), made(`${one.folder}/first.seed`));
  assert.throws(() => Deno.statSync(`${one.folder}/late.seed.new`), Deno.errors.NotFound);
});

Deno.test("a file that can't be made leaves nothing behind", () => {
  using set = new TestSet();
  const plan = parsePlan(SMALL_PLAN, "plan");
  const parts = { plan, planJson: SMALL_PLAN, layout: new Layout(plan), set: "0".repeat(32), key: undefined };
  const random = new Random(1);
  random.below = () => {
    throw new Error("stopped in the middle");
  };
  const before = [...Deno.readDirSync(set.folder)].length;
  const path = `${set.folder}/new.seed`;
  assert.throws(() => makeHostFile({ ...parts, madeAt: "" }, 0, path, random), /stopped in the middle/);
  assert.equal([...Deno.readDirSync(set.folder)].length, before);
});

Deno.test("a file of many blocks: each ticket is read by its place, forwards and back, and a damaged block is named", () => {
  const sponsors = [
    { number: 1, name: "Tea", budgetFen: 10_000, amounts: { kind: "fixed" as const, amountFen: 1 } },
  ];
  using set = new TestSet({ ...SMALL_PLAN, sponsors, greetings: [], hosts: [{ id: "host-a" }] });
  const path = set.path("host-a");
  const file = new SeedFile(path);
  try {
    assert.deepEqual([file.records, file.blocks, file.firstId], [10_000, 3, 1]);
    const { groups } = file.description;
    // The id of a ticket is not its place, and yet each lies in the ids of its group.
    for (const record of [0, 1, 4_095, 4_096, 9_999, 8_192, 8_191, 0]) {
      const at = file.locate(record);
      const wave = file.words[at + RecordWord.sponsorAndWave] >>> 16;
      const earlier = groups.reduce((sum, [own, , , count]) => sum + (own < wave ? count : 0), 0);
      assert.equal(file.words[at + RecordWord.id], groups[wave][2] + record - earlier, `ticket ${record}`);
    }
    assert.deepEqual([0, 1, 2].map((block) => file.loadBlock(block)), [4_096, 4_096, 1_808]);
    assert.deepEqual(auditFile(file).problems, []);
    let told = 0;
    auditFile(file, (tickets) => told += tickets);
    assert.equal(told, 10_000);
  } finally {
    file.close();
  }
  const bytes = Deno.readFileSync(path);
  bytes[bytes.length - FOOTER_BYTES - 3 * DIGEST_BYTES - 1_808 * 16 - 20] ^= 1;
  Deno.writeFileSync(path, bytes);
  assert.throws(() => readAll(path, set), /block 1 of 3 is damaged/);
});
