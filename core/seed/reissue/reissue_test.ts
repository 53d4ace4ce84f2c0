import assert from "node:assert/strict";
import fc from "fast-check";
import type { Reissue } from "../../books/account/reissues.ts";
import { BLOCK_HEAD_BYTES, RECORD_WORDS, RecordWord } from "../file/format.ts";
import { SeedFile } from "../file/seed_file.ts";
import { seedFilesIn, verifySet } from "../file/verify_set.ts";
import { SMALL_PLAN, TestSet } from "../make/testing.ts";
import { Layout } from "../plan/layout.ts";
import { findLost } from "./lost_tickets.ts";
import { isSupplement, writeSupplement } from "./supplement.ts";

const PLAN = { ...SMALL_PLAN, reserve: 500 };
const EARLY_MS = Date.parse("2029-01-01T12:00:00Z");

interface Ticket {
  readonly id: number;
  readonly what: string;
  readonly dueWallMs: number;
}

/** Every ticket of a file: its id, and all else that it is. */
function ticketsOf(file: SeedFile): Ticket[] {
  const tickets: Ticket[] = [];
  const { words, description: { plan } } = file;
  for (let block = 0; block < file.blocks; block++) {
    const end = BLOCK_HEAD_BYTES / 4 + file.loadBlock(block) * RECORD_WORDS;
    for (let at = BLOCK_HEAD_BYTES / 4; at < end; at += RECORD_WORDS) {
      const [id, fen, dueMs, whose] = words.subarray(at, at + RECORD_WORDS);
      tickets.push({
        id,
        what: `${fen} ${dueMs} ${whose}`,
        dueWallMs: plan.waves[whose >>> 16].start + dueMs,
      });
    }
  }
  assert.equal(RecordWord.sponsorAndWave, 3);
  return tickets;
}

/** Makes anew what of host-a was due after a fence, for so many hosts. */
function reissue(set: TestSet, fenceMs: number, files: number, more: Partial<Reissue> = {}) {
  using lost = new SeedFile(set.path("host-a"));
  const { plan } = lost.description;
  const startsMs = plan.waves.map(({ start }) => start);
  const options = { lost, startsMs, fenceMs, files };
  const found = findLost(options);
  const layout = new Layout(plan);
  const made: Reissue = {
    ...{ hash: lost.hash, set: lost.description.set, fenceMs, terms: "", reason: "", wallMs: fenceMs },
    ...{ tickets: found.tickets, host: 1, firstId: layout.firstIdOf(layout.hosts.length), ...more },
  };
  const parts = { ...options, found, reissue: made, planJson: lost.planJson, key: set.keys.signing()! };
  const paths = Array.from({ length: files }, (_, i) => `${set.folder}/spare-${i}.seed`);
  paths.forEach((path, i) => writeSupplement(parts, `spare-${i}`, i, path));
  for (const [i, path] of paths.entries()) {
    using file = new SeedFile(path);
    assert.ok(isSupplement(file, parts, `spare-${i}`));
    assert.ok(!isSupplement(file, parts, "spare-9"));
  }
  return { found, paths, firstId: made.firstId, lost: ticketsOf(lost) };
}

function verify(set: TestSet): readonly string[] {
  return verifySet(set.folder, seedFilesIn(set.folder), set.keys.trusted(), () => {}).problems;
}

Deno.test("what was due after the fence is made anew, alike in all but the id, and nothing else is", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 66_000 }), fc.integer({ min: 1, max: 4 }), (afterMs, files) => {
      using set = new TestSet(PLAN);
      const fenceMs = EARLY_MS + afterMs;
      const { found, paths, firstId, lost } = reissue(set, fenceMs, files);
      const late = lost.filter(({ dueWallMs }) => dueWallMs > fenceMs);
      const made = paths.flatMap((path) => {
        using file = new SeedFile(path);
        file.checkSignature(set.keys.trusted());
        return ticketsOf(file);
      });
      assert.equal(found.tickets, late.length);
      assert.deepEqual(made.map(({ what }) => what).sort(), late.map(({ what }) => what).sort());
      const ids = made.map(({ id }) => id).sort((a, b) => a - b);
      assert.deepEqual(ids, late.map((_, i) => firstId + i));
      const revoked = new Set(
        found.groups.flatMap(({ range: { first, last } }) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i)
        ),
      );
      assert.deepEqual([...revoked].sort((a, b) => a - b), late.map(({ id }) => id).sort((a, b) => a - b));
      assert.deepEqual(verify(set), []);
    }),
    { seed: 20150218, numRuns: 25 },
  );
});

Deno.test("written again it is the same file, byte for byte", () => {
  using set = new TestSet(PLAN);
  const { paths } = reissue(set, EARLY_MS + 3_000, 2);
  const before = paths.map((path) => Deno.readFileSync(path));
  reissue(set, EARLY_MS + 3_000, 2);
  assert.deepEqual(paths.map((path) => Deno.readFileSync(path)), before);
});

Deno.test("a supplement is missed, and one with ids that the plan hasn't set aside is found", () => {
  using set = new TestSet(PLAN);
  const { paths } = reissue(set, EARLY_MS + 3_000, 2);
  Deno.removeSync(paths[1]);
  assert.match(
    verify(set).join("\n"),
    /sponsor \d: what was made anew of [0-9a-f]{64} is \d+ fen too little/,
  );
  reissue(set, EARLY_MS + 3_000, 2, { firstId: 1 });
  assert.match(verify(set).join("\n"), /spare-0.seed: its ids are not those that the plan sets aside/);
});
