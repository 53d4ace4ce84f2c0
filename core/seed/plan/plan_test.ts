import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../base/user_error.ts";
import { Layout } from "./layout.ts";
import { drawPlan } from "./picture.ts";
import { parsePlan, readPlan } from "./plan.ts";
import type { PlanInput } from "./plan_schema.ts";
import { SMALL_PLAN } from "../make/testing.ts";

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
    "plan.json: sponsors.1.budgetFen: Invalid input: expected int, received number",
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

Deno.test("the plan of the 2015 event: 600 hosts, 50,000 packets a second", async () => {
  const { plan } = await readPlan(
    new URL("../../../scenarios/plans/gala_2015.json", import.meta.url).pathname,
  );
  const layout = new Layout(plan);
  assert.equal(layout.hosts.length, 600);
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
