/** `--json` of the commands that look into money: one object on standard output, of a version, and nothing else. */
import assert from "node:assert/strict";
import plan from "../scenarios/plans/crash.json" with { type: "json" };
import { SUMMARY_VERSION } from "../core/report/data/summary_schema.ts";
import { redpkt } from "./processes.ts";

/** Runs a command in a folder and returns its object. */
async function json(cwd: string, args: readonly string[], wantedCode = 0): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await redpkt([...args, "--json"], { cwd });
  assert.equal(code, wantedCode, `${args.join(" ")}: ${stderr}`);
  const result = JSON.parse(stdout);
  // A rehearsal prints its summary, whose schema has a version of its own.
  assert.equal(result.schemaVersion, args[0] === "rehearse" ? SUMMARY_VERSION : 1, args.join(" "));
  return result;
}

async function inFolder(run: (cwd: string) => Promise<void>): Promise<void> {
  const cwd = await Deno.makeTempDir();
  try {
    await run(cwd);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("seed files: key, make, inspect, verify and draw as JSON", async () => {
  await inFolder(async (cwd) => {
    const expires = "2999-01-01T00:00:00Z";
    await Deno.writeTextFile(`${cwd}/plan.json`, JSON.stringify({ ...plan, expires }));
    const { key, state } = await json(cwd, ["seed", "key", "new"]);
    assert.equal(state, "signs");
    assert.deepEqual((await json(cwd, ["seed", "key", "list"])).keys, [{ id: key, signs: true }]);
    const made = await json(cwd, ["seed", "make", "plan.json", "--random-seed", "1"]);
    assert.deepEqual([made.tickets, made.key, made.files], [6_000, key, ["seeds/host-000.seed"]]);
    const inspected = await json(cwd, ["seed", "inspect", "seeds/host-000.seed"]);
    assert.deepEqual([inspected.set, inspected.signedBy, inspected.problems], [made.set, key, []]);
    const sums = inspected.sponsors as { amountFen: number }[];
    assert.equal(sums.reduce((sum, { amountFen }) => sum + amountFen, 0), made.budgetFen);
    const verified = await json(cwd, ["seed", "verify", "seeds"]);
    assert.deepEqual([verified.tickets, verified.amountFen, verified.problems], [6_000, made.budgetFen, []]);
    assert.equal((await json(cwd, ["seed", "draw", "plan.json"])).file, "plan.svg");
    await Deno.remove(`${cwd}/keys`, { recursive: true });
    const { problems } = await json(cwd, ["seed", "verify", "seeds"], 1);
    assert.match(
      (problems as string[])[0],
      /host-000\.seed/,
      "exit code 1, and the object tells what is wrong",
    );
  });
});

Deno.test("tokens and their keys as JSON", async () => {
  await inFolder(async (cwd) => {
    const { id, secret } = await json(cwd, ["token", "--new-key"]);
    await Deno.writeTextFile(`${cwd}/keys.txt`, `${id} ${secret}\n`);
    const { tokens } = await json(cwd, ["token", "--keys", "keys.txt", "--users", "3-4"]);
    assert.deepEqual((tokens as { user: number }[]).map(({ user }) => user), [3, 4]);
  });
});

Deno.test("a ledger shown, exported, rebuilt, reconciled and closed as JSON", async () => {
  await inFolder(async (cwd) => {
    const scenario = {
      name: "small",
      about: "somebody wins",
      users: 20,
      phases: [{ name: "p", seconds: 1, shakesPerS: 200, packets: { ratePerS: 50, minFen: 2, maxFen: 2 } }],
    };
    await Deno.writeTextFile(`${cwd}/small.ts`, `export default ${JSON.stringify(scenario)};`);
    const { report, money } = await json(cwd, ["rehearse", "./small.ts"]);
    const folder = (report as string).replace(/\/report\.html$/, "");
    const ledger = `${folder}/ledger`;
    const fleet = `${folder}/awards.csv`;
    const reconciled = await json(cwd, ["reconcile", "--ledger", ledger, "--fleet", fleet]);
    assert.deepEqual([reconciled.isClean, reconciled.differences], [true, []]);
    const { usersFen, poolFen } = money as { usersFen: number; poolFen: number };
    assert.equal(reconciled.seenFen, usersFen);
    const { award, packetId } = await json(cwd, ["ledger", "show", ledger, "--packet", "1"]);
    assert.equal(packetId, 1);
    const { user } = award as { user: number };
    const { awards } = await json(cwd, ["ledger", "show", ledger, "--user", String(user)]);
    assert.ok((awards as { packetId: number }[]).some(({ packetId }) => packetId === 1));
    assert.equal((await json(cwd, ["ledger", "show", ledger, "--packet", "999999"])).sponsor, null);
    const { rows } = await json(cwd, ["ledger", "export", ledger]);
    assert.equal((await json(cwd, ["ledger", "rebuild", ledger])).rows, rows);
    assert.equal((await json(cwd, ["ledger", "close", ledger])).returnedFen, poolFen);
  });
});
