import assert from "node:assert/strict";
import ts from "typescript";
import { findMutants } from "./find.ts";
import { instrument } from "./instrument.ts";
import type { Judged } from "./mutant.ts";
import { mutate, type MutateOptions } from "./mutate.ts";
import { markdownOf, reportOf, SCHEMA_VERSION } from "./report.ts";

const root = new URL("../../", import.meta.url).pathname.slice(0, -1);
const tool = new URL(".", import.meta.url).pathname.slice(root.length + 1, -1);

function changesOf(text: string): string[] {
  const source = ts.createSourceFile("a.ts", text, ts.ScriptTarget.Latest, true);
  return findMutants("a.ts", source, 0).map(({ before, after }) => `${before} => ${after}`);
}

Deno.test("every kind of place is found, and nothing in types, imports, asserts and errors", () => {
  assert.deepEqual(changesOf("const f = (a: number) => a < 2;"), [
    "a < 2 => a <= 2",
    "a < 2 => a >= 2",
    "2 => 3",
  ]);
  assert.deepEqual(changesOf("function f() { file.syncSync(); }"), ["file.syncSync(); => "]);
  assert.deepEqual(changesOf("function f() { if (!a) return true; }"), [
    "!a => true",
    "!a => false",
    "!a => a",
    "true => false",
  ]);
  assert.deepEqual(changesOf("function f() { while (a && b) n++; }"), [
    "a && b => false",
    "a && b => a || b",
    "n++; => ",
    "n++ => n--",
  ]);
  assert.deepEqual(changesOf("const f = () => Math.min(a, b);"), ["Math.min(a, b) => Math.max(a, b)"]);
  assert.deepEqual(changesOf('const f = () => kind === "claim";'), [
    'kind === "claim" => kind !== "claim"',
    '"claim" => "claim?"',
  ]);
  for (
    const text of [
      "type A = 1 | 2;",
      "const MOST = 5;",
      "assert(a > b, 'never');",
      "throw new UserError(`${1 + 2}`);",
      "const a = 'x' + b;",
      "function f() { if (++n % 8 === 0) onProgress(n + 1); }",
    ]
  ) assert.deepEqual(changesOf(text), [], text);
});

Deno.test("an instrumented file does what it did, and with a mutant what that says", async () => {
  const text = `export function sum(list: readonly number[]): number {
    let all = 0;
    for (let i = 0; i < list.length; i++) {
      if (list[i] > 2) all += list[i];
      else all -= 1;
    }
    return all;
  }`;
  const switchUrl = new URL("mutant_switch.ts", import.meta.url);
  const { text: changed, changes } = instrument("a.ts", text, 0, "mutant_switch.ts");
  const path = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(path, changed.replace("./mutant_switch.ts", switchUrl.href));
  const { sum } = await import(`file://${path}`);
  const { mutantSwitch } = await import(switchUrl.href);
  const withMutant = (before: string, after: string) => {
    mutantSwitch.active = changes.find((one) => one.before === before && one.after === after)!.id;
    const result = sum([1, 2, 3, 4]);
    mutantSwitch.active = -1;
    return result;
  };
  assert.equal(sum([1, 2, 3, 4]), 5);
  assert.equal(withMutant("list[i] > 2", "list[i] >= 2"), 8);
  assert.equal(withMutant("list[i] > 2", "false"), -4);
  assert.equal(withMutant("all -= 1;", ""), 7);
  assert.equal(withMutant("all += list[i]", "all -= list[i]"), -9);
  assert.equal(withMutant("1", "2"), 3);
  mutantSwitch.mostSteps = mutantSwitch.steps + 1_000;
  assert.throws(() => withMutant("i++", "i--"), /far more steps/);
  mutantSwitch.mostSteps = Infinity;
  Deno.removeSync(path);
});

/** What some tests notice of a sample of mutants; a test that is taken away or weakened makes it less. */
const SAMPLE = {
  sources: [
    "core/base/id_space.ts",
    "core/ledger/disk/log_header.ts",
    "core/ledger/registry/awarded_bits.ts",
    "core/ledger/registry/mint_list.ts",
    "core/ledger/record/send_body.ts",
    "core/token/token.ts",
    "core/token/token_keys.ts",
    "plugins/shake/common/packet_queue.ts",
  ],
  tests: [
    "core/base/id_space_test.ts",
    "core/ledger/disk/log_header_test.ts",
    "core/ledger/registry/mint_list_test.ts",
    "core/ledger/registry/packets_test.ts",
    "core/ledger/record/sent_packet_test.ts",
    "core/token/token_test.ts",
    "plugins/shake/common/packet_queue_test.ts",
  ],
  mutants: 110,
  leastPercent: 94,
};

Deno.test("of a fixed sample of mutants the tests notice nearly all", async () => {
  const places = [{ name: "sample", sources: SAMPLE.sources }];
  const { mutants, judged } = await mutate({
    root,
    tool,
    sources: SAMPLE.sources,
    places,
    tests: SAMPLE.tests,
    sample: SAMPLE.mutants,
    seed: 1,
    jobs: 1,
    nowMs: () => performance.now(),
    testsMs: Infinity,
    onUnfit: (test, why) => assert.fail(`${test} fails as it is: ${why}`),
  });
  const report = reportOf(places, mutants, judged, 1);
  assert.equal(report.schemaVersion, SCHEMA_VERSION);
  assert.equal(report.all.tried, SAMPLE.mutants);
  assert.ok(report.all.scorePercent >= SAMPLE.leastPercent, markdownOf(report));
});

/** A program of one file, and a test that only starts it. */
const PROGRAM = {
  "deno.json": "{}",
  "sum.ts": `const add = (a: number, b: number) => a + b;
    console.log(add(Number(Deno.args[0]), Number(Deno.args[1])));`,
  "sum_test.ts": `Deno.test("it adds", async () => {
    const path = new URL("sum.ts", import.meta.url).pathname;
    const args = ["run", "-A", "--no-check", path, "2", "3"];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
    if (new TextDecoder().decode(stdout) !== "5\\n") throw new Error("it does not");
  });`,
};

Deno.test("what no other test notices is shown to those that start processes, where it is on as well", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "redpkt-mutate-" });
  try {
    for (const [name, text] of Object.entries(PROGRAM)) Deno.writeTextFileSync(`${folder}/${name}`, text);
    Deno.mkdirSync(`${folder}/tool`);
    for (const name of ["mutant_switch.ts", "tester.ts"]) {
      Deno.copyFileSync(new URL(name, import.meta.url), `${folder}/tool/${name}`);
    }
    const known = new Map<string, Omit<Judged, "mutant">>();
    const options: MutateOptions = {
      root: folder,
      tool: "tool",
      sources: ["sum.ts"],
      places: [{ name: "sum", sources: ["sum.ts"] }],
      tests: ["sum_test.ts"],
      sample: Infinity,
      seed: 1,
      jobs: 1,
      nowMs: () => performance.now(),
      testsMs: Infinity,
      known,
      onJudged: (key, { outcome }) => void known.set(key, { outcome }),
      onUnfit: (test, why) => assert.fail(`${test} fails as it is: ${why}`),
    };
    const { judged: alone } = await mutate(options);
    assert.deepEqual(alone.map(({ outcome }) => outcome), ["unreached", "unreached"]);
    const { judged } = await mutate({ ...options, wholeTests: ["sum_test.ts"] });
    assert.deepEqual(judged.map(({ outcome, by }) => [outcome, by]), [
      ["killed", "sum_test.ts"],
      ["killed", "sum_test.ts"],
    ]);
    let passes = 0;
    const again = await mutate({ ...options, wholeTests: ["sum_test.ts"], onJudged: () => passes++ });
    assert.deepEqual([passes, again.judged.length], [0, 2], "what was noticed isn't tried again");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
