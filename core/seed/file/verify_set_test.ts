import assert from "node:assert/strict";
import { SMALL_PLAN, TestSet } from "../make/testing.ts";
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
