import assert from "node:assert/strict";
import figuresJson from "../../docs/figures.json" with { type: "json" };
import { figuresSchema as benchSchema } from "../../bench/figures/figures_file.ts";
import { SOURCES } from "../../bench/figures/sources.ts";
import { Formula } from "./formula.ts";
import { figuresSchema, MEASURED, measuredOf, withFigures } from "./figures.ts";
import { planEvent } from "./plan.ts";
import { type InputName, INPUTS, NEEDS, QUANTITIES } from "./quantities.ts";

/** The 2015 event, on hosts of today. */
const EVENT: Record<InputName, number> = {
  users: 540_000_000,
  peakPerS: 14_000_000,
  packets: 120_000_000,
  packetsPerS: 50_000,
  shakes: 10_000_000_000,
  cities: 2,
  clusters: 18,
  cores: 16,
  memoryGb: 64,
  linkGbps: 10,
  load: 0.5,
  memoryLoad: 0.7,
  margin: 1.2,
  tls: 0,
  returnS: 60,
  moneyYuan: 500_000_000,
  rowsPerPacket: 2,
  rowBytes: 150,
  payoutsPerS: 10_000,
  resourceMb: 5,
  fetchHours: 48,
};
const ASSUMED = measuredOf(undefined, "");

function valueIn(plan: ReturnType<typeof planEvent>, name: string): number {
  return plan.groups.flatMap(({ numbers }) => numbers).find((one) => one.name === name)!.value;
}

Deno.test("a formula's text is what is computed: every one, against JavaScript's own arithmetic", () => {
  const plan = planEvent(EVENT, ASSUMED, 638);
  const values: Record<string, number> = { ...EVENT, hosts: plan.hosts };
  for (const { name, value } of ASSUMED) values[name] = value;
  let compared = 0;
  for (const { numbers } of plan.groups) {
    for (const { name, formula, value } of numbers) {
      const names = Object.keys(values);
      const compute = new Function(...names, `const { ceil, min, max } = Math; return ${formula};`);
      assert.equal(value, compute(...names.map((each) => values[each])), `${name} = ${formula}`);
      values[name] = value;
      compared++;
    }
  }
  assert.ok(compared > 40, `${compared} numbers`);
});

Deno.test("formulas know precedence, brackets and functions, and nothing that isn't named", () => {
  const cases: [string, number][] = [
    ["1 + 2 * 3 - 8 / 4 / 2", 6],
    ["(1 + 2) * (3 - 1)", 6],
    ["max(1, ceil(2.1), min(9, 4))", 4],
    ["1_000 * 1e6", 1e9],
    ["a - b - a", -3],
  ];
  for (const [text, wanted] of cases) assert.equal(new Formula(text).compute({ a: 2, b: 3 }), wanted, text);
  assert.deepEqual(new Formula("a * b + a").names, ["a", "b"]);
  for (const wrong of ["1 +", "floor(1)", "(1", "1 2", "a b", "max(1,)", "1 % 2"]) {
    assert.throws(() => new Formula(wrong), { name: "AssertionFailed" }, wrong);
  }
  assert.throws(() => new Formula("a").compute({}), /a is known before it is named/);
});

Deno.test("each number has a name, a unit that is known, and names only what stands above it", () => {
  const known = new Set([...Object.keys(INPUTS), ...Object.keys(MEASURED), "hosts"]);
  for (const { quantities } of QUANTITIES) {
    for (const { name, formula, about } of quantities) {
      assert.ok(!known.has(name), `${name} is declared once`);
      for (const each of formula.names) assert.ok(known.has(each), `${name} names ${each}`);
      assert.ok(about.length > 5, name);
      known.add(name);
    }
  }
  const used = new Set(
    QUANTITIES.flatMap(({ quantities }) => quantities.flatMap(({ formula }) => formula.names)),
  );
  const unused = [...Object.keys(INPUTS), ...Object.keys(MEASURED)].filter((name) => !used.has(name));
  assert.deepEqual(unused, [], "nothing is asked or measured that no number needs");
});

Deno.test("14,000,000 a second and 540,000,000 users: hosts, connections and shakes as the sources have them", () => {
  const operator = planEvent(EVENT, ASSUMED, 638);
  // The operator's talk: 638 servers in 18 clusters, 14,000,000 a second.
  assert.equal(Math.round(valueIn(operator, "shakesPerSPerHost")), 21_944);
  assert.equal(Math.round(valueIn(operator, "usersPerHost")), 846_395);
  assert.ok(Math.abs(valueIn(operator, "hostsPerCluster") - 35.4) < 0.1);
  // The prototype: 600 hosts with 900,000 users, 23,333 and 83 packets a second each.
  const prototype = planEvent(EVENT, ASSUMED, 600);
  assert.equal(valueIn(prototype, "usersPerHost"), 900_000);
  assert.equal(Math.round(valueIn(prototype, "shakesPerSPerHost")), 23_333);
  assert.equal(Math.round(valueIn(prototype, "packetsPerSPerHost")), 83);
  // Ten billion at the prototype's aim of 60,000 a second a host take 4.6 minutes, not 7.
  const aim = planEvent({ ...EVENT, peakPerS: 36_000_000 }, ASSUMED, 600);
  assert.equal(valueIn(aim, "shakesPerSPerHost"), 60_000);
  assert.equal(Math.round(valueIn(aim, "secondsToTenBillion")), 278);
  assert.ok(operator.losses.every(({ isSurvived }) => isSurvived), "a host, a cluster, a city");
});

Deno.test("the number of hosts is the most that any need asks for, and one fewer doesn't do", () => {
  const changes: Partial<Record<InputName, number>>[] = [
    {},
    { tls: 1 },
    { cores: 2 },
    { linkGbps: 0.1 },
    { returnS: 1 },
    { packetsPerS: 5_000_000 },
    { cities: 1, clusters: 1 },
    { cities: 3 },
  ];
  const tightest = new Set<string>();
  for (const change of changes) {
    const plan = planEvent({ ...EVENT, ...change }, ASSUMED, 0);
    assert.equal(plan.hosts, Math.max(...plan.needs.map(({ hosts }) => hosts)), JSON.stringify(change));
    assert.equal(plan.tightest.need, plan.needs[0].name);
    // The only cluster can't be lost.
    const canBeLost = plan.losses.filter(({ hostsLeft }) => hostsLeft > 0);
    assert.ok(
      canBeLost.every(({ isSurvived }) => isSurvived || plan.inputs.cities === 1),
      JSON.stringify(change),
    );
    tightest.add(plan.tightest.need);
    if (plan.inputs.cities === 1) continue;
    const isOfLoad = ["hostsForCpu", "hostsForMemory", "hostsForLink"].includes(plan.tightest.need);
    if (!isOfLoad) continue;
    const fewer = planEvent({ ...EVENT, ...change }, ASSUMED, plan.hosts - plan.inputs.cities);
    assert.ok(fewer.losses.some(({ isSurvived }) => !isSurvived), `fewer: ${JSON.stringify(change)}`);
  }
  assert.deepEqual([...tightest].sort(), [...NEEDS].sort(), "every need is the tightest somewhere");
});

Deno.test("the figure that is named is the one that saves the most", () => {
  const cpu = planEvent({ ...EVENT, cores: 2 }, ASSUMED, 0);
  assert.deepEqual([cpu.tightest.need, cpu.tightest.figure], ["hostsForCpu", "shakeUs"]);
  const tls = planEvent({ ...EVENT, tls: 1 }, ASSUMED, 0);
  assert.deepEqual([tls.tightest.need, tls.tightest.figure], ["hostsForMemory", "tlsBytes"]);
});

Deno.test("a file of bench:figures is read as it is written, with its spread", () => {
  assert.ok(benchSchema.safeParse(figuresJson).success);
  const measured = measuredOf(figuresSchema.parse(figuresJson), "docs/figures.json");
  const shake = measured.find(({ name }) => name === "shakeUs")!;
  const inFile = figuresJson.figures.find(({ what }) => what.endsWith("server CPU a shake"))!;
  assert.deepEqual([shake.value, shake.least, shake.most], [inFile.median, inFile.least, inFile.most]);
  assert.ok(shake.isMeasured && shake.source.includes(inFile.what));
  assert.ok(!measured.find(({ name }) => name === "tlsBytes")!.isMeasured, "no bench of the file has it");
  // What a full run writes is known here by its name.
  const picks = SOURCES.flatMap((source) => source.picks.map(({ what }) => what));
  for (
    const { name, what } of Object.entries(MEASURED).map(([name, spec]) => ({
      name,
      ...spec as { what?: RegExp },
    }))
  ) {
    if (what !== undefined) assert.ok(picks.some((pick) => what.test(pick)), `${name}: a bench writes it`);
  }
});

Deno.test("a figure may be given, and what is wrong with one is said", () => {
  const measured = withFigures(ASSUMED, ["shakeUs=7.5"]);
  assert.equal(measured.find(({ name }) => name === "shakeUs")!.value, 7.5);
  assert.throws(() => withFigures(ASSUMED, ["shakUs=7", "loginUs=0", "x"]), (error: Error) => {
    assert.match(error.message, /shakUs=7: no such figure\. Did you mean shakeUs\?/);
    assert.equal(error.message.split("\n").length, 3, "all at once");
    return true;
  });
});
