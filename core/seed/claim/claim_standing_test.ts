import assert from "node:assert/strict";
import type { LedgerHead } from "../../ledger/chain/links.ts";
import type { Claim } from "./claim_file.ts";
import { standingOf } from "./claim_standing.ts";
import { FakeLedger } from "./testing.ts";

const HASH = "5e".repeat(32);

/** A claim in a place; `other` makes its head another one. */
function claim(marks: readonly LedgerHead[], other: Partial<Claim["head"]> = {}): Claim {
  const head = { ledger: "a", hash: HASH, claimedAt: "then", seed: "/a.seed", ...other };
  return { head, headText: JSON.stringify(head), marks, damagedMarks: 0 };
}

/** How a ledger stands to claims beside the file and in the state directory. */
function standing(ledger: FakeLedger, ...claims: readonly (Claim | undefined)[]): string {
  const places = claims.map((claim, i) => ({ path: `/${i}`, claim, damage: undefined }));
  const result = standingOf(HASH, places, ledger);
  return "why" in result ? `${result.kind}: ${result.why}` : result.kind;
}

function ledger(rows: number): FakeLedger {
  const made = new FakeLedger("a").append(rows);
  made.noteSeed(HASH);
  return made;
}

Deno.test("every mark of both places must be the ledger's, not the newest alone", () => {
  const ours = ledger(9);
  const at = (seq: number) => ({ seq, headHex: ours.headAt(seq)! });
  const foreign = { seq: 5, headHex: "f0".repeat(32) };
  assert.equal(standing(ours, claim([at(3), at(4)]), claim([at(9)])), "inForce");
  assert.match(standing(ours, claim([at(3), foreign]), claim([at(9)])), /^doubtful: \/a is another branch/);
  assert.match(standing(ours, claim([at(3)]), claim([foreign, at(9)])), /^doubtful: \/a is another branch/);
});

Deno.test("a copy that lacks rows, and one that went another way, are told apart by the last row that is the same", () => {
  const full = ledger(20);
  const at = (seq: number) => ({ seq, headHex: full.headAt(seq)! });
  const claims = [claim([at(12), at(13)]), claim([at(13)])];
  assert.equal(standing(full, ...claims), "inForce");
  assert.match(
    standing(ledger(11), ...claims),
    /older state of its ledger: it has 11 rows and had 13 \(2 missing\)/,
  );
  assert.match(standing(ledger(12), ...claims), /had 13 \(1 missing\)/);
  assert.equal(standing(ledger(13), ...claims), "inForce", "exactly what was marked");
  const branch = ledger(12).append(8, 99);
  assert.match(
    standing(branch, ...claims),
    /another branch of its ledger, the same up to row 12: it has 20 rows/,
  );
  const stranger = ledger(11).append(1, 99);
  assert.match(
    standing(stranger, ...claims),
    /another branch of its ledger: it has 12 rows, and the claim knows 13/,
  );
});

Deno.test("a claim of another file under this file's name is not believed", () => {
  const one = claim([], { hash: "00".repeat(32) });
  assert.match(standing(ledger(1), one, undefined), /^doubtful: \/0 is the claim of another file \(hash 00/);
});

Deno.test("what is in neither place, or in one, or begun", () => {
  const mark = { seq: 1, headHex: ledger(1).headAt(1)! };
  assert.equal(standing(new FakeLedger("a"), undefined, undefined), "unclaimed");
  assert.match(standing(ledger(1), undefined, undefined), /^gone/);
  assert.equal(standing(ledger(1), claim([]), undefined), "begun");
  assert.equal(standing(new FakeLedger("a"), claim([]), claim([])), "begun");
  assert.equal(standing(ledger(1), claim([mark]), claim([])), "inForce", "died between the first two marks");
  assert.match(
    standing(ledger(1), claim([mark]), undefined),
    /^half: its claim \/1 is gone, and \/0 is there/,
  );
  assert.match(
    standing(ledger(1), undefined, claim([mark])),
    /^half: its claim \/0 is gone, and \/1 is there/,
  );
  assert.match(
    standing(new FakeLedger("a"), claim([mark]), claim([mark])),
    /^doubtful: .* older than its claim/,
  );
  assert.match(standing(new FakeLedger("b"), claim([mark]), undefined), /^taken/);
  assert.match(
    standing(new FakeLedger("b"), claim([]), claim([mark], { ledger: "b" })),
    /^taken: .*ledger a/,
  );
});
