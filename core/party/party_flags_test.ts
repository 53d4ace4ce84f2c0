import assert from "node:assert/strict";
import { ManualClock } from "../base/clock.ts";
import type { Host } from "../cli/host.ts";
import { parseFlags } from "../cli/flags.ts";
import { PARTY_FLAGS, wishedParty } from "./party_flags.ts";

const LOCALE = "zh_CN.UTF-8";
const NOON_MS = new Date(2026, 1, 16, 12).getTime();

function host(ask?: Host["ask"]): Host {
  const env = (name: string) => name === "LANG" ? LOCALE : undefined;
  return { clock: new ManualClock(NOON_MS), ask, env } as unknown as Host;
}

const wished = (args: readonly string[], ask?: Host["ask"]) =>
  wishedParty(host(ask), parseFlags(args, PARTY_FLAGS).values);

Deno.test("nothing said makes an evening; nobody is asked where nobody sits", async () => {
  const { plan, list } = await wished([]);
  assert.equal(list, undefined);
  assert.equal(plan.language, "zh", "that of the terminal");
  assert.equal((await wished(["--language", "en"])).plan.language, "en");
  assert.deepEqual(plan.sponsors, [{ name: "Red packet evening", budgetYuan: 500, packets: 100 }]);
  assert.deepEqual([plan.waves.length, plan.waves[0].seconds, plan.perGuest, plan.guests], [3, 60, 3, 500]);
});

Deno.test("who sits at the terminal is asked, and asked again after an answer that can't be", async () => {
  const answers = ["Gala", "", "lots", "", "88.88", "44", "2", "30", "1"];
  const asked: string[] = [];
  const { plan } = await wished([], (question, fallback) => {
    asked.push(question);
    return answers.shift() || fallback;
  });
  assert.deepEqual(plan.sponsors, [{ name: "Gala", budgetYuan: 88.88, packets: 44 }]);
  assert.deepEqual([plan.name, plan.waves.length, plan.waves[0].seconds, plan.perGuest], ["Gala", 2, 30, 1]);
  assert.match(asked[3], /must be an amount of yuan/);
});

Deno.test("who gives a flag is asked nothing, and times are of this day or the next", async () => {
  const never = () => assert.fail("nobody is asked");
  const { plan } = await wished(["--at", "20:00,20:30,0:15", "--sponsors", "Tea, Bank"], never);
  assert.deepEqual(plan.waves.map(({ start }) => new Date(start!).getTime()), [
    new Date(2026, 1, 16, 20).getTime(),
    new Date(2026, 1, 16, 20, 30).getTime(),
    new Date(2026, 1, 17, 0, 15).getTime(),
  ]);
  assert.deepEqual(plan.sponsors.map(({ name }) => name), ["Tea", "Bank"]);
  await assert.rejects(wished(["--at", "20:00", "--waves", "2"]), /--at has 1 times/);
});

Deno.test("a plan's file says it all; a flag beside it is refused", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/plan.json`;
  const json = {
    name: "Gala",
    sponsors: [{ name: "Tea", budgetYuan: 5, packets: 9 }],
    waves: [{}, { seconds: 30 }],
  };
  try {
    await Deno.writeTextFile(path, JSON.stringify(json));
    const { plan } = await wished(["--plan", path]);
    assert.deepEqual([plan.waves, plan.perGuest], [[{ seconds: 60 }, { seconds: 30 }], 3]);
    await assert.rejects(wished(["--plan", path, "--budget", "5"]), /says what --budget would/);
    await Deno.writeTextFile(path, "{");
    await assert.rejects(wished(["--plan", path]), /is no JSON/);
    await assert.rejects(wished(["--plan", `${path}.not`]), /there is no such file/);
    await assert.rejects(wished(["--guests", `${path}.not`]), /--guests .*there is no such file/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
