import assert from "node:assert/strict";
import { systemClock } from "../../base/clock.ts";
import { Random } from "../../base/random.ts";
import { paymentKey } from "../gateway/gateway.ts";
import { HttpGateway } from "../gateway/http_gateway.ts";
import { FakeGateway } from "./fake_gateway.ts";
import { type FaultPercents, GatewayFaults } from "./gateway_faults.ts";
import { PaymentStore } from "./payment_store.ts";

const KEY = new Uint8Array(32).fill(7);
const NONE: FaultPercents = { fail: 0, refuse: 0, timeoutBefore: 0, timeoutAfter: 0 };

interface World {
  readonly gateway: HttpGateway;
  readonly fake: FakeGateway;
  readonly url: string;
  /** The lines of the statement without its header. */
  statement(): string[];
}

/** A client and a fake gateway with these faults. */
async function world(percents: Partial<FaultPercents>, run: (world: World) => Promise<void>, key = KEY) {
  const folder = await Deno.makeTempDir();
  const store = new PaymentStore(`${folder}/gateway.db`);
  const faults = new GatewayFaults({ ...NONE, ...percents }, new Random(1));
  const fake = new FakeGateway({ store, faults, key: KEY, clock: systemClock });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, fake.fetch);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const options = { url: new URL(url), key, clock: systemClock, timeoutMs: 1_000, connections: 8 };
  const gateway = new HttpGateway(options);
  const statement = () =>
    [...store.csv()].join("").trimEnd().split("\n").slice(1).map((line) => line.replace(/,\d+$/, ""));
  try {
    await run({ gateway, fake, url, statement });
  } finally {
    gateway.close();
    const isDown = server.shutdown();
    fake.stop();
    await isDown;
    store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function order(packetId: number, user = 5, amountFen = 188) {
  return { key: paymentKey("gala", packetId), user, amountFen };
}

Deno.test("an order is paid once, however often and at once it is asked for", () =>
  world({}, async ({ gateway, statement }) => {
    assert.deepEqual(await gateway.find(order(1)), { kind: "notFound" });
    const outcomes = await Promise.all([1, 1, 1, 2].map((id) => gateway.pay(order(id))));
    assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(["paid"]));
    assert.deepEqual(await gateway.find(order(1)), { kind: "paid" });
    assert.deepEqual(statement(), ["gala/1,5,188,paid,,3", "gala/2,5,188,paid,,1"]);
  }));

Deno.test("a key stays what it was: another amount or user under it is refused, and nothing is paid", () =>
  world({}, async ({ gateway, statement }) => {
    await gateway.pay(order(1));
    assert.equal((await gateway.pay(order(1, 5, 189))).kind, "unknown");
    assert.equal((await gateway.find(order(1, 6))).kind, "unknown");
    assert.deepEqual(statement(), ["gala/1,5,188,paid,,2"]);
  }));

Deno.test("a refusal is kept", () =>
  world({ refuse: 100 }, async ({ gateway, statement }) => {
    const refused = { kind: "refused", reason: "the fake gateway refuses as it was told" };
    assert.deepEqual(await gateway.pay(order(1)), refused);
    assert.deepEqual(await gateway.pay(order(1)), refused);
    assert.deepEqual(await gateway.find(order(1)), refused);
    assert.equal(statement().length, 1);
  }));

Deno.test("a failure takes nothing", () =>
  world({ fail: 100 }, async ({ gateway, statement }) => {
    assert.equal((await gateway.pay(order(1))).kind, "notTaken");
    assert.deepEqual(statement(), []);
  }));

Deno.test("without an answer an order was paid or not, and asking tells", async () => {
  await world({ timeoutBefore: 100 }, async ({ gateway, statement }) => {
    assert.equal((await gateway.pay(order(1))).kind, "unknown");
    assert.deepEqual(await gateway.find(order(1)), { kind: "notFound" });
    assert.deepEqual(statement(), []);
  });
  await world({ timeoutAfter: 100 }, async ({ gateway, statement }) => {
    assert.equal((await gateway.pay(order(1))).kind, "unknown");
    assert.deepEqual(await gateway.find(order(1)), { kind: "paid" });
    assert.equal(statement().length, 1);
  });
});

Deno.test("what isn't signed with its key is turned away and pays nobody", async () => {
  await world({}, async ({ gateway, fake, url, statement }) => {
    assert.match(JSON.stringify(await gateway.pay(order(1))), /notTaken.*401.*another key/);
    assert.equal((await gateway.find(order(1))).kind, "unknown");
    const response = await fetch(`${url}/v1/payments`, { method: "POST", body: JSON.stringify(order(1)) });
    assert.equal(response.status, 401);
    await response.body?.cancel();
    assert.equal(fake.counts.unsigned, 3);
    assert.deepEqual(statement(), []);
  }, new Uint8Array(32));
});

Deno.test("percents are of the orders, by the seed", () => {
  const faults = new GatewayFaults(
    { fail: 10, refuse: 30, timeoutBefore: 20, timeoutAfter: 30 },
    new Random(3),
  );
  const counts = { none: 0, fail: 0, timeoutBefore: 0, timeoutAfter: 0 };
  let refused = 0;
  for (let i = 0; i < 10_000; i++) {
    counts[faults.draw()]++;
    if (faults.refuses()) refused++;
  }
  const near = (seen: number, percent: number) => assert.ok(Math.abs(seen - percent * 100) < 300, `${seen}`);
  near(counts.fail, 10);
  near(counts.timeoutBefore, 20);
  near(counts.timeoutAfter, 30);
  near(counts.none, 40);
  near(refused, 30);
});
