/** Money for users of a rehearsal: each of the range once, upwards, and an order that goes on where it ended. */
import assert from "node:assert/strict";
import {
  type EntryVerdict,
  type HostContext,
  kinds,
  type PlacedOrder,
  Refusal,
  Verdict,
} from "../../../core/plugin/plugin.ts";
import { Funding, fundSchema, fundsOf } from "./funding.ts";

class Stage {
  readonly funded: number[] = [];
  readonly batches: number[] = [];
  /** What the ledger says to a user instead of yes. */
  readonly refusals = new Map<number, number>();
  readonly order: PlacedOrder & { state: PlacedOrder["state"]; why?: string };
  readonly funding: Funding;
  #batch = 0;

  constructor(first: number, last: number, fundedTo?: number) {
    const order = this.order = {
      ...{ number: 9, route: "POST /fund", key: undefined, fixed: {}, state: "running" },
      body: { users: [first, last], amountFen: 70 },
      before: fundedTo === undefined ? undefined : { fundedTo },
      progress: () => ({}),
      finish: () => void (order.state = "done"),
      fail: (why: string) => void Object.assign(order, { state: "failed", why }),
    } as unknown as Stage["order"];
    const enter: HostContext["enter"] = async ({ kind, user, amountFen, tag }) => {
      assert.deepEqual([kind, amountFen, tag], [kinds.fund.number, 70, 9]);
      if (this.#batch++ === 0) void Promise.resolve().then(() => this.batches.push(this.#batch));
      await Promise.resolve();
      await Promise.resolve();
      this.#batch = 0;
      const detail = this.refusals.get(user) ?? 0;
      if (detail === 0) this.funded.push(user);
      return { verdict: detail === 0 ? Verdict.done : Verdict.refused, detail } as EntryVerdict;
    };
    this.funding = new Funding({ enter } as HostContext, order);
  }
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

Deno.test("every user of the range has their money once, from the first to the last, 512 at a time", async () => {
  const stage = new Stage(100, 1_299);
  await stage.funding.run(() => false);
  assert.deepEqual(stage.funded, range(100, 1_299));
  assert.deepEqual(stage.batches, [512, 512, 176]);
  assert.deepEqual([stage.order.state, stage.order.progress()], ["done", { funded: 1_200, users: 1_200 }]);
});

Deno.test("an order goes on behind the last user whom an earlier run has funded", async () => {
  const stage = new Stage(100, 110, 104);
  assert.deepEqual(stage.order.progress(), { funded: 5, users: 11 });
  await stage.funding.run(() => false);
  assert.deepEqual(stage.funded, range(105, 110));
  const over = new Stage(100, 110, 110);
  await over.funding.run(() => false);
  assert.deepEqual([over.funded, over.order.state], [[], "done"]);
  const none = new Stage(0, 3, -1);
  await none.funding.run(() => false);
  assert.deepEqual(none.funded, [0, 1, 2, 3]);
});

Deno.test("a refusal fails the order at that user; a stopped order and a host that drains end as they are", async () => {
  const refused = new Stage(1, 9);
  refused.refusals.set(4, Refusal.malformed);
  await refused.funding.run(() => false);
  assert.deepEqual([refused.order.state, refused.funding.progress.funded], ["failed", 3]);
  assert.equal(refused.order.why, "the ledger refuses money for user 4 (malformed)");
  const ended = new Stage(1, 9);
  ended.refusals.set(4, Refusal.orderEnded);
  await ended.funding.run(() => false);
  assert.deepEqual([ended.order.state, ended.funding.progress.funded], ["running", 3]);
  const stopped = new Stage(1, 9);
  stopped.order.state = "stopped";
  await stopped.funding.run(() => false);
  assert.deepEqual(stopped.funded, []);
  const draining = new Stage(1, 2_000);
  await draining.funding.run(() => draining.funded.length > 0);
  assert.deepEqual([draining.funded.length, draining.order.state], [512, "running"]);
});

Deno.test("an order of money names its users and an amount within bounds", () => {
  const good = { users: [5, 5], amountFen: 1 };
  assert.deepEqual(fundsOf(fundSchema.parse(good)), { first: 5, last: 5, amountFen: 1 });
  assert.ok(fundSchema.safeParse({ users: [1, 10_000_000], amountFen: 1_000_000_000_000 }).success);
  for (
    const bad of [{ users: [1, 10_000_001] }, { users: [6, 5] }, { amountFen: 0 }, { amountFen: 1e12 + 1 }]
  ) {
    assert.ok(!fundSchema.safeParse({ ...good, ...bad }).success, JSON.stringify(bad));
  }
});
