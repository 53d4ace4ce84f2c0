import assert from "node:assert/strict";
import fc from "fast-check";
import { LAST_TICKET_ID } from "../../base/id_space.ts";
import { UserError } from "../../base/user_error.ts";
import { speakPlainly } from "../../cli/plain_words.ts";
import { Layout } from "./layout.ts";
import { drawPlan } from "./picture.ts";
import { parsePlan, readPlan } from "./plan.ts";
import type { PlanInput } from "./plan_schema.ts";
import { SMALL_PLAN } from "../make/testing.ts";

// As the program says it.
speakPlainly();

function problemsOf(plan: unknown): string[] {
  try {
    parsePlan(plan, "plan.json");
    return [];
  } catch (error) {
    assert.ok(error instanceof UserError);
    return error.message.split("\n");
  }
}

Deno.test("everything that is wrong with a plan is told at once", () => {
  const problems = problemsOf({
    ...SMALL_PLAN,
    colour: "red",
    expires: "tomorrow",
    sponsors: [
      { number: 1, name: "A", budgetFen: 100, amounts: { kind: "fixed", amountFen: 7 } },
      { number: 1, name: "B", budgetFen: 1.5, amounts: { kind: "fixed", amountFen: 1 } },
    ],
    waves: [
      { name: "x", start: "2029-01-01T12:00:00Z", lengthS: 60 },
      { name: "x", start: "2029-01-01T12:00:30Z", lengthS: 60 },
    ],
    hosts: [{ id: "h" }, { id: "h" }],
    greetings: [{ sponsor: 9, resource: 1, ratePerS: 1, limit: 1 }],
  });
  assert.deepEqual(problems.sort(), [
    'plan.json: Unrecognized key: "colour"',
    "plan.json: expires: must be a time such as 2015-02-18T20:10:00+08:00",
    "plan.json: hosts.1.id: h is hosts.0's",
    "plan.json: sponsors.1.budgetFen: must be a whole number",
    "plan.json: waves.1.name: x is taken",
    "plan.json: waves.1.start: is before the end of x: list waves in order, without overlaps",
  ]);
});

Deno.test("parts that don't fit each other are told at once", () => {
  const problems = problemsOf({
    ...SMALL_PLAN,
    expires: "2029-01-01T12:01:02Z",
    sponsors: [
      { number: 1, name: "A", budgetFen: 100, amounts: { kind: "fixed", amountFen: 7 } },
      { number: 1, name: "B", budgetFen: 100, amounts: { kind: "fixed", amountFen: 1 }, waves: ["latte"] },
    ],
  });
  assert.deepEqual(problems, [
    "plan.json: sponsors.0.amounts: 100 fen are no multiple of 7 fen: 2 fen are left over",
    "plan.json: sponsors.1.number: 1 is sponsors.0's",
    "plan.json: sponsors.1.waves: there is no wave latte. Did you mean late?",
    "plan.json: expires: is before the end of wave late",
    "plan.json: greetings.0.sponsor: there is no sponsor 2",
  ]);
});

Deno.test("a plan that releases faster than its limit, or has more tickets than ids, is refused", () => {
  assert.deepEqual(
    problemsOf({ ...SMALL_PLAN, limits: { ratePerS: 5 } }),
    [
      "plan.json: waves.1: releases up to 29 tickets a second, limits.ratePerS allows 5",
    ],
  );
  const sponsors = [{ number: 1, name: "A", budgetFen: 5e9, amounts: { kind: "fixed", amountFen: 1 } }];
  assert.match(problemsOf({ ...SMALL_PLAN, sponsors, greetings: [] })[0], /end at id 5000000000/);
});

Deno.test("bounds of a plan hold to the number: what just fits is taken", () => {
  const most = 2 ** 53 - 1;
  const sponsor = (number: number, budgetFen: number) => {
    // So few tickets that only money can be too much.
    const amounts = { kind: "uniform" as const, minFen: 1, maxFen: 0xffff_ffff };
    return { number, name: `${number}`, budgetFen, amounts };
  };
  const plan = { ...SMALL_PLAN, greetings: [] };
  assert.deepEqual(problemsOf({ ...plan, sponsors: [sponsor(1, most - 9), sponsor(2, 9)] }), []);
  assert.deepEqual(problemsOf({ ...plan, sponsors: [sponsor(1, most - 9), sponsor(2, 10)] }), [
    "plan.json: sponsors: 9007199254740992 fen in all can't be counted exactly: at most 2^53 - 1",
  ]);
  const one = { number: 1, name: "A", budgetFen: 100, amounts: { kind: "fixed", amountFen: 1 } };
  const ids = (firstId: number) => problemsOf({ ...plan, sponsors: [one], firstId });
  assert.deepEqual(ids(0x7fff_ffff - 99), []);
  assert.match(
    ids(0x7fff_ffff - 98)[0],
    /100 tickets end at id 2147483648: the last possible one is 2147483647/,
  );
  const waves = (gapS: number, expires: string, ratePerS = 100) => {
    const start = Date.parse("2029-01-01T12:00:00Z");
    const wave = (name: string, atS: number) => ({
      ...{ name, lengthS: 10, start: new Date(start + atS * 1000).toISOString() },
    });
    const parts = { waves: [wave("a", 0), wave("b", gapS)], expires, limits: { ratePerS } };
    return problemsOf({ ...plan, sponsors: [one], ...parts });
  };
  assert.deepEqual(waves(10, "2029-01-01T12:00:20Z", 5), [], "one begins as the other ends, and all expires");
  assert.match(waves(9, "2029-01-01T12:00:20Z").join(), /waves\.1\.start: is before the end of a/);
  assert.match(waves(10, "2029-01-01T12:00:19Z").join(), /expires: is before the end of wave b/);
  assert.match(
    waves(10, "2029-01-01T12:00:20Z", 4).join(),
    /up to 5 tickets a second, limits\.ratePerS allows 4/,
  );
});

Deno.test("a part that is wrong by itself is told, and the rest is checked without it", () => {
  for (const part of ["sponsors", "waves", "hosts", "greetings", "limits", "firstId"]) {
    const problems = problemsOf({ ...SMALL_PLAN, [part]: "none" });
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0], new RegExp(`^plan\\.json: ${part}: must be `));
  }
  for (const plan of [undefined, null, 7, "plan"]) {
    assert.match(problemsOf(plan)[0], /^plan\.json: (is missing|must be an object)$/);
  }
});

Deno.test("a plan that can't be read says why", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/words`, "no plan");
  await assert.rejects(readPlan(`${folder}/none`), /none: cannot be read: there is no such file$/);
  await assert.rejects(readPlan(`${folder}/words`), /words: is no JSON: /);
  await assert.rejects(
    readPlan(folder),
    (error) =>
      error instanceof UserError && error.message.startsWith(`${folder}: cannot be read: `) &&
      !error.message.includes("no such file"),
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("hosts that are only counted have names in order, and the same part each", () => {
  const layout = new Layout(parsePlan({ ...SMALL_PLAN, hosts: { count: 3 } }, "plan"));
  assert.deepEqual(layout.hosts.map(({ id }) => id), ["host-000", "host-001", "host-002"]);
  assert.ok(layout.hosts.every(({ weight }) => weight === 1));
  const many = new Layout(parsePlan({ ...SMALL_PLAN, hosts: { count: 1_001 } }, "plan")).hosts;
  assert.deepEqual([many[0].id, many[1_000].id], ["host-0000", "host-1000"]);
});

Deno.test("hosts have tickets by weight, waves by share, and a greeting is divided to the last one", () => {
  const plan = parsePlan({
    ...SMALL_PLAN,
    sponsors: [{ number: 2, name: "B", budgetFen: 6_000, amounts: { kind: "fixed", amountFen: 1 } }],
    waves: SMALL_PLAN.waves.map((wave, i) => ({ ...wave, share: i === 0 ? 2 : 1 })),
    hosts: [{ id: "a", weight: 3 }, { id: "b", weight: 1.5 }, { id: "c", weight: 0.5 }],
  }, "plan");
  const layout = new Layout(plan);
  assert.deepEqual([0, 1, 2].map((host) => layout.ticketsOf(host)), [3_600, 1_800, 600]);
  const counts = layout.groupsOf(1).map(({ wave, count, amountFen }) => [wave, count, amountFen]);
  assert.deepEqual(counts, [[0, 1_200, 1_200], [1, 600, 600]]);
  assert.deepEqual([0, 1].map((wave) => layout.plannedIn(wave, 0)), [4_000, 2_000]);
  const greetings = [0, 1, 2].map((host) => layout.greetingsOf(host, plan.greetings)[0]);
  assert.deepEqual(greetings.map(([, , perS]) => perS), [60, 30, 10]);
  assert.equal(greetings.reduce((sum, [, , , limit]) => sum + limit, 0), 1_001);
  for (const [i, share] of [0.6, 0.3, 0.1].entries()) {
    assert.ok(Math.abs(greetings[i][3] - 1_001 * share) <= 1, `${greetings[i]}`);
  }
});

Deno.test("whatever the plan, hosts and waves have every ticket and every fen once", () => {
  const weight = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 50 }).map((n) => n / 10));
  const sponsor = fc.record({
    budgetFen: fc.integer({ min: 1, max: 500_000 }),
    kind: fc.constantFrom("fixed", "uniform", "list"),
    isPart: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(sponsor, { minLength: 1, maxLength: 6 }),
      fc.array(weight, { minLength: 1, maxLength: 5 }),
      fc.array(weight, { minLength: 1, maxLength: 9 }),
      (sponsors, shares, weights) => {
        const plan = parsePlan(
          {
            name: "any",
            expires: "2030-01-01T00:00:00Z",
            sponsors: sponsors.map(({ budgetFen, kind, isPart }, i) => ({
              number: i + 1,
              name: `s${i}`,
              budgetFen,
              amounts: kind === "fixed"
                ? { kind, amountFen: 1 }
                : kind === "uniform"
                ? { kind, minFen: 1, maxFen: 99 }
                : { kind, amounts: [{ amountFen: 1, weight: 3 }, { amountFen: 50, weight: 2 }] },
              ...(isPart ? { waves: ["w0"] } : {}),
            })),
            waves: shares.map((share, i) => ({
              name: `w${i}`,
              start: new Date(Date.UTC(2029, 0, 1, i)).toISOString(),
              lengthS: 60,
              share,
            })),
            hosts: weights.map((weight, i) => ({ id: `h${i}`, weight })),
          },
          "plan",
        );
        const layout = new Layout(plan);
        const sums = plan.sponsors.map(() => 0);
        let nextId = plan.firstId;
        layout.hosts.forEach((_, host) => {
          for (const group of layout.groupsOf(host)) {
            assert.equal(group.firstId, nextId);
            assert.ok(group.count > 0);
            nextId += group.count;
            sums[group.sponsor] += group.amountFen;
          }
        });
        assert.equal(nextId - plan.firstId, layout.tickets);
        assert.deepEqual(sums, plan.sponsors.map(({ budgetFen }) => budgetFen));
      },
    ),
    { seed: 20150218, numRuns: 200 },
  );
});

Deno.test("the plan of the 2015 event: 600 hosts, 120,000,000 packets, 50,000 a second", async () => {
  const { plan } = await readPlan(
    new URL("../../../scenarios/plans/gala_2015.json", import.meta.url).pathname,
  );
  const layout = new Layout(plan);
  assert.equal(layout.hosts.length, 600);
  assert.equal(layout.tickets, 120_000_000);
  const peaks = plan.waves.map((_, wave) => Math.round(layout.peakPerS(wave)));
  assert.equal(Math.max(...peaks), 50_000);
});

Deno.test("a picture shows every wave and sponsor, with what must be escaped", () => {
  const plan: PlanInput = structuredClone(SMALL_PLAN);
  plan.name = "a < b & c";
  const svg = drawPlan(parsePlan(plan, "plan"));
  assert.match(svg, /a &lt; b &amp; c: \d+ tickets on 2 hosts/);
  for (const text of ["Alpha", "Beta", "Gamma", "early", "late"]) assert.ok(svg.includes(`>${text}<`), text);
  assert.equal(svg.match(/<polygon/g)!.length, 5);
});

Deno.test("ids that are set aside are possible ids", () => {
  const plan = { ...SMALL_PLAN, firstId: 1 };
  const layout = new Layout(parsePlan(plan, "plan"));
  const most = LAST_TICKET_ID - layout.tickets;
  assert.equal(parsePlan({ ...plan, reserve: most }, "plan").reserve, most);
  assert.throws(
    () => parsePlan({ ...plan, reserve: most + 1 }, "plan"),
    /reserve: ends at id \d+: the last possible/,
  );
});
