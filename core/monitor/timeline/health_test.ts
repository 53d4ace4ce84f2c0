import assert from "node:assert/strict";
import { healthOf } from "./health.ts";
import { declaredBy } from "../../plugin/declared.ts";
import shake from "../../../plugins/shake/mod.ts";
import { chartTable } from "./chart_table.ts";
import { MergedSecond } from "./merge.ts";
import { makeSnapshot } from "../collect/testing.ts";

function health(client?: Record<string, number>, server?: Record<string, number>) {
  const second = new MergedSecond(7);
  if (client !== undefined) second.add(makeSnapshot(7, { deltas: client }), "fleet");
  if (server !== undefined) second.add(makeSnapshot(7, { role: "server", deltas: server }), "server");
  return healthOf(second, chartTable([declaredBy(shake)]).warnings);
}

Deno.test("a dead server: what was due, sent and lost is said, and it is bad", () => {
  assert.deepEqual(health({ shakesDue: 1_000, ticksUnconnected: 1_000 }), {
    level: "bad",
    texts: ["nobody is served: 1,000 shakes due, 0 answered, 1,000 not sent, 0 lost"],
  });
  assert.equal(health({ shakesDue: 1_000, shakesSent: 1_000 }).level, "bad", "sent, and nothing comes back");
  assert.equal(health({ shakesLost: 7 }).level, "bad", "the server has just died");
});

Deno.test("a fleet is well while all that is due is sent and answered, or nothing is due", () => {
  for (const seen of [undefined, {}, { shakesDue: 1_000, shakesSent: 1_000, shakesAnswered: 870 }]) {
    assert.deepEqual(health(seen), { level: "good", texts: [] });
  }
  const seen = { shakesDue: 1_000, shakesSent: 995, shakesAnswered: 990, ticksLate: 5, shakesGivenUp: 5 };
  assert.equal(health(seen).level, "good", "one in a hundred");
  assert.deepEqual(health({ ...seen, ticksLate: 6 }), {
    level: "warn",
    texts: ["not all users are served: 1,000 shakes due, 990 answered, 6 not sent, 5 lost"],
  });
  assert.equal(health({ ...seen, ticksOverrun: 491 }).level, "bad");
});

Deno.test("users who may win no more are told from a server that gives nothing", () => {
  const { level, texts } = health({}, { shakeAtLimit: 20, ledgerSponsorLimit: 3 });
  assert.equal(level, "warn");
  assert.match(texts[0], /^23 shakes a second win nothing .*--packets-per-user and --packets-per-sponsor/);
  assert.equal(health({}, { shakeAtLimit: 0 }).level, "good");
});

Deno.test("money that is nowhere is bad, whatever else is well", () => {
  const of = (moneyUsersFen: number) => {
    const second = new MergedSecond(7);
    const gauges = { moneyPutInFen: 100, moneyPoolFen: 50, moneySentFen: 10, moneyUsersFen };
    second.add(makeSnapshot(7, { role: "server", gauges }), "server");
    return healthOf(second, []);
  };
  assert.deepEqual(of(40), { level: "good", texts: [] });
  const text = "money OFF BY 0.03 yuan, missing: 1.00 yuan put in is not " +
    "0.50 yuan pool + 0.10 yuan held + 0.37 yuan users + 0.00 yuan returned";
  assert.deepEqual(of(37), { level: "bad", texts: [text] });
});

Deno.test("a server that holds its packets is bad, a path that is down and a document that is refused are worth a word", () => {
  const of = (gauges: Record<string, number>, deltas: Record<string, number> = {}) => {
    const second = new MergedSecond(7);
    second.add(makeSnapshot(7, { role: "server", gauges, deltas }), "server");
    return healthOf(second, []);
  };
  assert.equal(
    of({ showHolding: 0, showPathsDown: 0, showNumber: 7 }, { showOlder: 3, showApplied: 1 }).level,
    "good",
  );
  const { level, texts } = of({ showHolding: 1, showPathsDown: 2 }, { showForged: 1, showHalfSigned: 1 });
  assert.equal(level, "bad");
  assert.deepEqual(texts.map((text) => text.split(":")[0]), [
    "1 server bring no packets",
    "2 documents of the show refused",
    "2 paths of the show down",
  ]);
});

Deno.test("books that are a minute behind are worth a word, and books that refuse a ledger are bad", () => {
  const of = (...hosts: Record<string, number>[]) => {
    const second = new MergedSecond(7);
    hosts.forEach((gauges, i) => second.add(makeSnapshot(7, { role: "server", gauges }), `server ${i}`));
    return healthOf(second, []);
  };
  const near = { uplinkLagMs: 40_000, uplinkRefused: 0 };
  assert.equal(of(near, near, near).level, "good", "the worst counts, not the sum");
  assert.deepEqual(of(near, { uplinkLagMs: 61_000, uplinkRefused: 0 }), {
    level: "warn",
    texts: ["the books are 61 s behind: awards go on, and payments wait"],
  });
  assert.deepEqual(of(near, { uplinkLagMs: 0, uplinkRefused: 1 }), {
    level: "bad",
    texts: ["the books refuse a server's ledger: what is won there is not paid"],
  });
});
