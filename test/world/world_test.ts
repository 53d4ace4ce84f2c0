/** Worlds: they are the same again, and keep every promise. */
import assert from "node:assert/strict";
import { drawWorld, parseFaults } from "../../core/world/plan/world_plan.ts";
import { FAULT_KINDS } from "../../core/world/plan/fault_kinds.ts";
import { commandLineOf } from "../../core/world/run/run_world.ts";
import { assertKept, run } from "./world_runs.ts";

/** Worlds that must keep every promise; `deno task swarm` runs a thousand. */
const SEEDS = 20;

Deno.test("worlds of many seeds keep every promise, and all that can go wrong goes wrong in them", async () => {
  const kinds = new Set<string>();
  const sums = { awards: 0, paid: 0, deaths: 0, lostAwards: 0, shakes: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await run(drawWorld({ seed }));
    assertKept(result);
    for (const { kind } of result.plan.faults) kinds.add(kind);
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += result.sums[key];
  }
  assert.deepEqual(FAULT_KINDS.filter((kind) => !kinds.has(kind)), []);
  assert.ok(sums.awards > 400 && sums.paid > 300 && sums.deaths > 10, JSON.stringify(sums));
});

Deno.test("a world of the same seed is the same, event by event, and of another seed it isn't", async () => {
  const [first, again, other] = [7, 7, 8].map((seed) => ({ seed, hosts: 3, users: 20, minutes: 1 }));
  const results = [await run(drawWorld(first)), await run(drawWorld(again)), await run(drawWorld(other))];
  const [a, b, c] = results.map(({ hash, events, turns, sums, log }) => ({ hash, events, turns, sums, log }));
  assert.deepEqual(b, a);
  assert.notEqual(c.hash, a.hash);
});

Deno.test("a fault is the same in a smaller world and beside fewer others", () => {
  const whole = drawWorld({ seed: 3 });
  const names = "diskFull.2,lostDisk.1";
  const less = drawWorld({ seed: 3, hosts: 2, minutes: 1, faults: parseFaults(names) });
  assert.deepEqual(less.faults, whole.faults.filter(({ kind, index }) => names.includes(`${kind}.${index}`)));
  assert.equal(
    commandLineOf(less),
    `redpkt world --seed 3 --hosts 2 --users ${whole.users} --minutes 1 --faults ${names}`,
  );
  for (const wrong of ["kil", "kill.3", "kill.0", "kill.x", ""]) {
    assert.equal(parseFaults(wrong), undefined, wrong);
  }
});

Deno.test("a disk that is lost costs what the books had not been told, and not a fen more", async () => {
  const faults = parseFaults("lostDisk.1,cutBooks.1,cutBooks.2")!;
  let lost = 0;
  for (let seed = 1; seed <= 12 && lost === 0; seed++) {
    const result = await run(drawWorld({ seed, hosts: 1, users: 40, minutes: 1, faults }));
    assertKept(result);
    assert.equal(result.hostsLost, 1);
    assert.ok(result.sums.lostTold <= result.sums.lostAwards);
    assert.ok(result.sums.paid <= result.sums.awards - result.sums.lostAwards);
    lost = result.sums.lostAwards;
  }
  assert.ok(lost > 0, "some awards were lost, or nothing was tried");
});
