/** What the host sends by itself: the same packets in every run, at the order's rate, each told to its owner. */
import assert from "node:assert/strict";
import {
  type EntryProposal,
  type EntryVerdict,
  type HostContext,
  kinds,
  type PlacedOrder,
  Refusal,
  SendMode,
  Verdict,
} from "../../../core/plugin/plugin.ts";
import { Random } from "../../../core/base/random.ts";
import { readSendBody, type SendBody } from "../../../core/ledger/record/send_body.ts";
import { SendMessage } from "../common/messages.ts";
import { config } from "../common/config.ts";
import { HostSends, hostSendsSchema } from "./host_sends.ts";

const EVENT_MS = 1_763_600_000_000;
const SETS = 3;

interface Sent extends SendBody {
  readonly entry: EntryProposal;
}

/** A host whose ledger takes what is on its way when it is told to, and knows each request once. */
class Stage {
  readonly sent: Sent[] = [];
  readonly told: (readonly [set: number, packetId: number])[] = [];
  readonly counts: Record<string, number> = {};
  isFull = false;
  /** Why the ledger refuses what it takes next, 0 if it doesn't. */
  refuse: () => number = () => 0;
  ids: number;
  readonly requests: Set<number>;
  readonly order: PlacedOrder & { state: PlacedOrder["state"]; why?: string };
  readonly sends: HostSends;
  nowMs = 1_000;
  #waiting: (() => void)[] = [];

  constructor(
    more: Record<string, unknown> = {},
    { seed = 7, known = new Set<number>(), isResumed = false } = {},
  ) {
    this.requests = known;
    this.ids = known.size;
    const body = hostSendsSchema.parse({ ratePerS: 100, total: 50, users: [10, 40], amountFen: 31, ...more });
    const order = this.order = {
      ...{ number: 1, route: "POST /sends", key: undefined, body, fixed: { seed }, state: "running" },
      before: isResumed ? { made: 0 } as unknown as PlacedOrder["before"] : undefined,
      progress: () => ({}),
      finish: () => void (order.state = "done"),
      fail: (why: string) => void Object.assign(order, { state: "failed", why }),
    } as Stage["order"];
    const context: Partial<HostContext> = {
      setCount: SETS,
      valueOf: () => 0,
      monotonicMs: () => this.nowMs,
      eventMs: () => EVENT_MS,
      mayRelease: () => true,
      randomOf: (seed, part) => Random.ofPart(seed, part),
      enter: (entry, words) => this.#enter(entry, words!),
      count: (name, more) => void (this.counts[name] = (this.counts[name] ?? 0) + more),
      post: (set, words) => {
        if (this.isFull) return false;
        assert.equal(words[0], SendMessage.sent);
        this.told.push([set, words[1]]);
        return true;
      },
    };
    this.sends = new HostSends(context as HostContext, config.parse({ expiresS: 60 }), order);
  }

  get underWay(): number {
    return this.#waiting.length;
  }

  /** Time passes, and what is on its way becomes durable. */
  async tick(ms: number): Promise<void> {
    this.nowMs += ms;
    this.sends.tick(this.nowMs);
    await this.commit();
  }

  async commit(): Promise<void> {
    while (this.#waiting.length > 0) {
      this.#waiting.splice(0).forEach((resolve) => resolve());
      for (let i = 0; i < 5; i++) await Promise.resolve();
    }
  }

  async #enter(entry: EntryProposal, words: Uint32Array): Promise<EntryVerdict> {
    assert.equal(entry.kind, kinds.send.number);
    const body = readSendBody(words, 3)!;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
    const said = (verdict: number, detail = 0, packetId = 0) =>
      ({ verdict, detail, packetId, payload: new Int32Array(4) }) as unknown as EntryVerdict;
    const refusal = this.refuse();
    if (refusal !== 0) return said(Verdict.refused, refusal);
    if (this.requests.has(body.requestId)) return said(Verdict.doneBefore, 0, 1);
    this.requests.add(body.requestId);
    this.sent.push({ ...body, entry });
    return said(Verdict.done, 0, ++this.ids);
  }
}

const whatIs = ({ recipients, shares, requestId }: Sent) => [...recipients, ...shares, requestId].join();

/** Runs an order to its end, 10 ms at a time. */
async function whole(stage: Stage): Promise<Stage> {
  for (let i = 0; i < 500 && !stage.sends.isDone; i++) await stage.tick(10);
  assert.ok(stage.sends.isDone);
  await stage.tick(0);
  return stage;
}

Deno.test("each packet is for three users of the range, comes to the amount, and has its time", async () => {
  const { sent, counts, told, order } = await whole(new Stage());
  assert.equal(sent.length, 50);
  for (const { recipients, shares, mode, group, deadlineMs, entry } of sent) {
    assert.deepEqual([recipients.length, new Set(recipients).size, shares.length], [3, 3, 3]);
    assert.ok(recipients.every((user) => user >= 10 && user <= 40));
    assert.equal(shares.reduce((sum, fen) => sum + fen, 0), 31);
    assert.deepEqual([mode, group, deadlineMs], [SendMode.random, 0, EVENT_MS + 60_000]);
    assert.deepEqual([entry.amountFen, entry.count, entry.user, entry.tag], [31, 3, 0, 0]);
  }
  assert.deepEqual(counts, { sendHostPackets: 50, sendHostAmountFen: 50 * 31 });
  assert.deepEqual(told.map(([, packetId]) => packetId), Array.from({ length: 50 }, (_, i) => i + 1));
  assert.equal(new Set(told.map(([set]) => set)).size, SETS, "packets have owners in all SETs");
  assert.deepEqual([order.state, order.progress()], ["done", { sent: 50, total: 50 }]);
});

Deno.test("the same order sends the same packets in every run, and another order others", async () => {
  const first = (await whole(new Stage())).sent.map(whatIs);
  assert.deepEqual((await whole(new Stage())).sent.map(whatIs), first);
  const other = new Set((await whole(new Stage({}, { seed: 8 }))).sent.map(whatIs));
  assert.ok(first.every((what) => !other.has(what)));
  const equal = (await whole(new Stage({ mode: "equal" }))).sent;
  assert.ok(equal.every(({ mode, shares }) => mode === SendMode.equal && Math.max(...shares) === 11));
});

Deno.test("sends come at the order's rate, and what was missed in a pause doesn't come in a burst", async () => {
  const stage = new Stage({ total: 1_000 });
  await stage.tick(9);
  assert.equal(stage.sent.length, 0);
  await stage.tick(1);
  assert.equal(stage.sent.length, 1);
  for (let i = 0; i < 99; i++) await stage.tick(10);
  assert.equal(stage.sent.length, 100, "a second's worth");
  await stage.tick(100);
  assert.equal(stage.sent.length, 110, "a tenth of a second is made up for");
  await stage.tick(10_000);
  assert.equal(stage.sent.length, 121, "and no more");
  await stage.tick(10);
  assert.equal(stage.sent.length, 122, "then it goes on as before");
});

Deno.test("no more than 500 wait for the ledger at once", async () => {
  const stage = new Stage({ ratePerS: 100_000, total: 2_000 });
  stage.nowMs += 50;
  stage.sends.tick(stage.nowMs);
  assert.equal(stage.underWay, 500);
  stage.sends.tick(stage.nowMs += 50);
  assert.equal(stage.underWay, 500);
  await stage.commit();
  assert.equal(stage.sent.length, 500);
  assert.equal((await whole(stage)).sent.length, 2_000);
});

Deno.test("whoever resumes it goes through what was sent, sends the rest once, and at the order's rate", async () => {
  const all = (await whole(new Stage({ total: 200 }))).sent;
  const known = new Set(all.slice(0, 64).map(({ requestId }) => requestId));
  const stage = new Stage({ total: 200 }, { known, isResumed: true });
  // A tenth of a second's worth at a time, and nothing new while those are on their way.
  stage.sends.tick(stage.nowMs);
  assert.equal(stage.underWay, 10);
  stage.sends.tick(stage.nowMs += 10);
  assert.equal(stage.underWay, 10);
  await stage.commit();
  for (let i = 0; i < 6; i++) await stage.tick(10);
  assert.deepEqual([stage.sent.length, stage.order.progress().sent], [6, 70], "the last few were new");
  for (let i = 0; i < 100; i++) await stage.tick(10);
  assert.ok(stage.sent.length >= 104 && stage.sent.length <= 108, `${stage.sent.length} at 100 a second`);
  await whole(stage);
  assert.deepEqual(stage.sent.map(whatIs), all.slice(64).map(whatIs));
  assert.deepEqual(
    [stage.counts.sendHostPackets, stage.told.length],
    [136, 136],
    "of the others their owners know",
  );
});

Deno.test("an order whose packets were all sent is done without sending any", async () => {
  const known = new Set((await whole(new Stage())).sent.map(({ requestId }) => requestId));
  const { sent, order } = await whole(new Stage({}, { known, isResumed: true }));
  assert.deepEqual([sent.length, order.state], [0, "done"]);
});

Deno.test("a packet whose owner's mailbox is full is told later, and the order isn't over before", async () => {
  const stage = new Stage({ total: 5 });
  stage.isFull = true;
  for (let i = 0; i < 10; i++) await stage.tick(10);
  assert.deepEqual([stage.sent.length, stage.told.length, stage.sends.isDone], [5, 0, false]);
  stage.isFull = false;
  await stage.tick(10);
  assert.deepEqual(stage.told.map(([, packetId]) => packetId), [1, 2, 3, 4, 5]);
  assert.ok(stage.sends.isDone);
});

Deno.test("a refusal fails the order with its reason, and a stopped order sends nothing more", async () => {
  const refused = new Stage();
  await refused.tick(50);
  refused.refuse = () => Refusal.malformed;
  await refused.tick(10);
  assert.deepEqual([refused.order.state, refused.sent.length], ["failed", 5]);
  assert.match(refused.order.why!, /^the ledger refuses send 5 \(malformed\)$/);
  await refused.tick(1_000);
  assert.equal(refused.sent.length, 5);
  assert.ok(refused.sends.isDone);
  const stopped = new Stage();
  await stopped.tick(50);
  stopped.order.state = "stopped";
  await stopped.tick(1_000);
  assert.deepEqual([stopped.sent.length, stopped.sends.isDone], [5, true]);
});

Deno.test("a request's number that another order has used is drawn anew", async () => {
  const all = (await whole(new Stage())).sent;
  const stage = new Stage();
  const taken = all[3].requestId;
  const { requests } = stage;
  let refusals = 0;
  // The first three times that there are three packets, the fourth is refused for its number.
  stage.refuse = () => requests.size === 3 && refusals < 3 && ++refusals > 0 ? Refusal.requestTaken : 0;
  await whole(stage);
  assert.deepEqual([stage.sent.length, refusals, stage.order.state], [50, 3, "done"]);
  assert.ok(stage.sent.every(({ requestId }) => requestId !== taken));
});

Deno.test("an order names at least three users, an amount that three can share, and no more than there are", () => {
  const good = { ratePerS: 1, total: 1, users: [5, 7], amountFen: 3 };
  assert.ok(hostSendsSchema.safeParse(good).success);
  for (
    const bad of [
      { users: [5, 6] },
      { users: [7, 5] },
      { amountFen: 2 },
      { amountFen: 0x1_0000_0000 },
      { total: 0 },
      { total: 100_000_001 },
      { ratePerS: 0 },
      { ratePerS: 100_001 },
    ]
  ) assert.ok(!hostSendsSchema.safeParse({ ...good, ...bad }).success, JSON.stringify(bad));
});
