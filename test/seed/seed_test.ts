/** `redpkt seed` as an operator uses it, in processes of its own. */
import assert from "node:assert/strict";
import { redpkt } from "../processes.ts";

const PLAN = {
  name: "evening",
  expires: "2035-01-02T00:00:00Z",
  sponsors: [
    { number: 1, name: "Tea", budgetFen: 5_000, amounts: { kind: "uniform", minFen: 1, maxFen: 99 } },
    { number: 2, name: "Rice", budgetFen: 1_000, amounts: { kind: "fixed", amountFen: 50 } },
  ],
  waves: [{ name: "first", start: "2035-01-01T12:00:00Z", lengthS: 60 }],
  hosts: { count: 2 },
};

Deno.test("keys, make, inspect, verify, rotate and distrust", async () => {
  const cwd = await Deno.makeTempDir();
  const seed = async (...args: string[]) => {
    const { code, stdout, stderr } = await redpkt(["seed", ...args], { cwd });
    return { code, text: stdout + stderr };
  };
  try {
    await Deno.writeTextFile(`${cwd}/plan.json`, JSON.stringify(PLAN));
    const unkeyed = await seed("make", "plan.json");
    assert.deepEqual([unkeyed.code, unkeyed.text.split("\n").length], [2, 2]);
    assert.match(unkeyed.text, /there is no key to sign with. Make one: redpkt seed key new/);
    const [, id] = /key ([0-9a-f]{16}) signs/.exec((await seed("key", "new")).text)!;
    assert.match(
      (await seed("make", "plan.json")).text,
      new RegExp(`for 2 hosts in seeds, signed by key ${id}`),
    );
    assert.match((await seed("make", "plan.json")).text, /there is host-000.seed already, and 1 more/);
    const inspected = await seed("inspect", "seeds/host-001.seed");
    assert.equal(inspected.code, 0, inspected.text);
    assert.match(inspected.text, /host {8}host-001\n/);
    const verified = await seed("verify", "seeds/");
    assert.equal(verified.code, 0, verified.text);
    assert.match(verified.text, /PASS {2}2 files, 120 tickets, each once, 60\.00 yuan: the plan/);
    assert.match((await seed("key", "rotate")).text, /signs from now on/);
    assert.equal((await seed("verify", "seeds")).code, 0, "what the old key has signed stays good");
    assert.equal((await seed("key", "distrust", id)).code, 0);
    const distrusted = await seed("verify", "seeds");
    assert.equal(distrusted.code, 1);
    assert.match(distrusted.text, new RegExp(`host-000.seed: is signed by key ${id}, and trusted are`));
    assert.equal((await Deno.stat(`${cwd}/keys/signing.pem`)).mode! & 0o777, 0o600);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("an action that doesn't exist, and a plan that is wrong", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    const { code, stderr } = await redpkt(["seed", "mak"], { cwd });
    assert.deepEqual([code, stderr], [
      2,
      "redpkt seed: mak: no such action. Did you mean make? See redpkt seed help\n",
    ]);
    await Deno.writeTextFile(`${cwd}/plan.json`, JSON.stringify({ ...PLAN, colour: 1, hosts: { count: 0 } }));
    const wrong = await redpkt(["seed", "draw", "plan.json"], { cwd });
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /plan.json: hosts/);
    assert.match(wrong.stderr, /plan.json: Unrecognized key: "colour"/);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
