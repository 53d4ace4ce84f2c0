import assert from "node:assert/strict";
import { UserError } from "../../base/user_error.ts";
import { equalPlan, PartyTickets, type PartyWishes, readPartyPlan } from "./party_plan.ts";

const WISHES: PartyWishes = {
  name: "Evening",
  sponsors: ["Tea", "Bank", "Shop"],
  budgetYuan: 500,
  packets: 100,
  waves: 3,
  waveSeconds: 60,
  perGuest: 3,
  guests: 500,
  language: "en" as const,
};

Deno.test("equal sponsors share budget and packets to the fen and the packet", () => {
  const plan = readPartyPlan(equalPlan(WISHES), "party");
  assert.deepEqual(plan.sponsors, [
    { name: "Tea", budgetYuan: 166.67, packets: 34 },
    { name: "Bank", budgetYuan: 166.67, packets: 33 },
    { name: "Shop", budgetYuan: 166.66, packets: 33 },
  ]);
  assert.deepEqual(plan.waves, [{ seconds: 60 }, { seconds: 60 }, { seconds: 60 }]);
});

Deno.test("the tickets come to the budget to the fen, in about as many packets, in every wave", () => {
  for (
    const [budgetYuan, packets] of [[500, 100], [88.88, 66], [1, 100], [0.01, 1], [9_999.99, 1], [
      20_000,
      777,
    ]]
  ) {
    const wishes = { ...WISHES, sponsors: ["Tea"], budgetYuan, packets };
    const tickets = new PartyTickets(readPartyPlan(equalPlan(wishes), "party"));
    assert.equal(tickets.budgetFen, Math.round(budgetYuan * 100), `${budgetYuan} yuan`);
    assert.ok(
      Math.abs(tickets.packets - packets) <= Math.max(1, packets * 0.02),
      `${tickets.packets} of ${packets}`,
    );
    const waves = new Set(Array.from({ length: tickets.packets }, (_, i) => tickets.waveOf(i + 1)));
    assert.equal(waves.size, Math.min(3, tickets.packets));
    assert.deepEqual(tickets.from(0), { packets: tickets.packets, amountFen: tickets.budgetFen });
    assert.equal(tickets.waveOf(tickets.packets + 1), -1);
  }
});

Deno.test("everything that is wrong with a plan is told at once", () => {
  const plan = {
    ...equalPlan({ ...WISHES, sponsors: ["Tea"], budgetYuan: 0.5, packets: 100 }),
    waves: [{ start: "2035-02-07T20:10:00+08:00" }, { start: "2035-02-07T20:00:00+08:00" }],
  };
  assert.throws(() => readPartyPlan(plan, "plan.json"), (error: UserError) => {
    assert.deepEqual(error.message.split("\n"), [
      "plan.json: Tea: 0.5 yuan can't fill 100 packets with a fen each",
      "plan.json: waves: each must start after the one before",
    ]);
    return error instanceof UserError;
  });
  assert.throws(
    () => readPartyPlan({ ...plan, name: "a\u202eb", waves: [] }, "x"),
    /name.*plain text[^]*waves/,
  );
  assert.throws(() => readPartyPlan({ ...plan, guests: "all" }, "x"), /^UserError: x: guests: /);
});
