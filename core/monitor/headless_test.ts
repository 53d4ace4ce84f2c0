import assert from "node:assert/strict";
import { makeSnapshot } from "./collect/testing.ts";
import { headlessJson, headlessLine, headlessMoney } from "./headless.ts";
import { MergedSecond } from "./timeline/merge.ts";

function shown(gauges: Record<string, number>) {
  const merged = new MergedSecond(7);
  merged.add(makeSnapshot(7, { role: "server", gauges }), "server");
  return { merged, reporting: 1, expected: 1, isAmended: false };
}

Deno.test("each second says whether the money is where it belongs, and the first line where", () => {
  const sound = { moneyPutInFen: 100, moneyPoolFen: 40, moneySentFen: 10, moneyUsersFen: 50 };
  assert.match(headlessLine(shown(sound), []), /^00:00:07 {2}1 target {2}money OK {2}/);
  assert.equal(
    headlessMoney(shown(sound)),
    "money OK: 1.00 yuan put in = 0.40 yuan pool + 0.10 yuan held + 0.50 yuan users + 0.00 yuan returned\n",
  );
  const broken = shown({ ...sound, moneyUsersFen: 53 });
  assert.match(headlessLine(broken, []), /money OFF BY 0\.03 yuan, too much/);
  const { money, health } = JSON.parse(headlessJson(broken, []));
  assert.equal(money.offFen, -3);
  assert.equal(health.level, "bad");
  assert.equal(headlessMoney(shown({})), undefined, "no server tells of money");
  assert.ok(!("money" in JSON.parse(headlessJson(shown({}), []))));
});
