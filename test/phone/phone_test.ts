/** The client library against a whole host in virtual time: what its app hears, whatever the network does. */
import assert from "node:assert/strict";
import {
  type Packet,
  type Phone,
  PhoneClosed,
  PhoneRefused,
  type PhoneState,
} from "../../core/phone/library/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import { Tokens } from "../../core/token/token.ts";
import { CloseCode } from "../../core/wire/codes.ts";
import { MemoryStorage, PhoneWorld } from "./phone_world.ts";

/** The packets that a phone tells its app of. */
function packetsOf(phone: Phone): Packet[] {
  const told: Packet[] = [];
  phone.on("packet", (packet) => told.push(packet));
  return told;
}

function statesOf(phone: Phone): PhoneState[] {
  const states: PhoneState[] = [];
  phone.on("state", (state) => states.push(state));
  return states;
}

Deno.test("a user shakes, wins, opens and has the money, and is told of the packet once", async () => {
  const world = new PhoneWorld();
  const phone = await world.user(1);
  const told = packetsOf(phone);
  assert.deepEqual(await world.outcome(phone.shake()), { result: "nothing" });
  await world.packets(1);
  const packetId = await world.win(phone);
  assert.deepEqual(told.map((packet) => packet.packetId), [packetId]);
  assert.ok(Math.abs(told[0].wonMs - world.world.network.clock.wallMs()) < 1_000);
  assert.deepEqual(await world.outcome(phone.open(packetId)), { result: "ok", amountFen: 5 });
  assert.deepEqual(phone.packets, [{ ...told[0], isOpen: true }]);
  assert.equal(await world.outcome(phone.balance()), 5);
  await world.until(() => world.world.total("awardsDelivered") === 1);
  assert.equal(world.world.total("deliveredUnknown"), 0);
});

Deno.test("a packet is told once however often the connection is lost, and until it is open", async () => {
  const world = new PhoneWorld();
  const phone = await world.user(1);
  const told = packetsOf(phone);
  await world.packets(1);
  const packetId = await world.win(phone);
  for (let i = 0; i < 3; i++) {
    world.phones.cut();
    await world.until(() => phone.state.is === "waiting");
    await world.until(() => phone.state.is === "ready");
    await world.until(() => world.world.total("awardsRepeated") === i + 1);
  }
  const opening = phone.open(packetId);
  world.phones.cut();
  await world.until(() => phone.state.is === "waiting");
  await world.until(() => phone.state.is === "ready");
  assert.deepEqual(await world.outcome(opening, 500), { result: "ok", amountFen: 5 }, "asked again at once");
  await world.until(() => world.world.total("awardsDelivered") === 1);
  assert.equal(told.length, 1);
});

Deno.test("a shake without an answer ends as unknown, and what it won is told after the next login", async () => {
  const world = new PhoneWorld();
  let isDeaf = false;
  const phone = await world.user(1, {
    transport: (address, events) =>
      world.phones.transport(address, {
        ...events,
        opened: () => events.opened(),
        closed: (code) => events.closed(code),
        received: (bytes) => isDeaf || events.received(bytes),
      }),
  });
  const told = packetsOf(phone);
  await world.packets(1);
  isDeaf = true;
  const unknown = { result: "unknown" };
  const shakes = [];
  while (world.world.total("shakeWon") === 0) {
    shakes.push(phone.shake());
    await world.pass(600);
  }
  world.phones.cut();
  for (const shake of shakes) assert.deepEqual(await world.outcome(shake, 100), unknown, "at once");
  isDeaf = false;
  await world.until(() => told.length === 1);
  isDeaf = true;
  assert.deepEqual(await world.outcome(phone.shake()), unknown, "the connection stands, and nothing comes");
});

Deno.test("with a storage a restart tells nothing twice, and its history is whole", async () => {
  const world = new PhoneWorld();
  const storage = new MemoryStorage();
  const first = await world.user(1, { storage });
  await world.packets(1);
  const packetId = await world.win(first);
  first.close();
  const second = await world.user(1, { storage });
  const told = packetsOf(second);
  await world.until(() => world.world.total("awardsRepeated") === 1);
  await world.pass(100);
  assert.deepEqual([told.length, second.packets.map((packet) => packet.packetId)], [0, [packetId]]);
  const third = await world.user(1);
  const toldThere = packetsOf(third);
  await world.until(() => toldThere.length === 1);
});

Deno.test("two pages with one storage tell a packet once, and neither forgets the other's", async () => {
  const world = new PhoneWorld({ plugins: [{ plugin: shake }] });
  const storage = new MemoryStorage();
  const [one, other] = [await world.user(1, { storage }), await world.user(1, { storage })];
  const told = [packetsOf(one), packetsOf(other)];
  await world.packets(2);
  const first = await world.win(one);
  const second = await world.win(other);
  world.phones.cut();
  await world.until(() => one.state.is === "ready" && other.state.is === "ready");
  await world.pass(500);
  assert.deepEqual(told.map((packets) => packets.map((packet) => packet.packetId)), [[first], [second]]);
  const later = await world.user(1, { storage });
  assert.deepEqual(later.packets.map((packet) => packet.packetId).sort(), [first, second].sort());
});

Deno.test("what a storage can't keep is told, isn't confirmed, and comes again", async () => {
  const world = new PhoneWorld();
  const storage = new MemoryStorage();
  storage.fails = true;
  const phone = await world.user(1, { storage });
  const told = packetsOf(phone);
  const failures: unknown[] = [];
  phone.on("failed", (error) => failures.push(error));
  await world.packets(1);
  const packetId = await world.win(phone);
  await world.outcome(phone.open(packetId));
  await world.pass(2_000);
  assert.deepEqual([told.length, world.world.total("awardsDelivered")], [1, 0]);
  assert.ok(failures.length > 0);
  storage.fails = false;
  world.phones.cut();
  await world.until(() => world.world.total("awardsDelivered") === 1);
  assert.equal(told.length, 1);
  assert.match(storage.texts.get("redpkt/1")!, /"isOpen":true/);
});

Deno.test("a user sends a packet, others claim their shares, and everybody hears of it once", async () => {
  const world = new PhoneWorld();
  const [ann, bob, eve] = [await world.user(1), await world.user(2), await world.user(3)];
  await world.packets(3);
  await world.outcome(ann.open(await world.win(ann)));
  const notices: number[] = [];
  const shares: number[] = [];
  bob.on("notice", ({ packetId, sender, mode }) => {
    assert.deepEqual([sender, mode], [1, "equal"]);
    notices.push(packetId);
  });
  bob.on("share", ({ amountFen }) => shares.push(amountFen));
  const order = { amountFen: 4, shares: 2, mode: "equal", users: [2, 3], requestId: 9 } as const;
  const sent = await world.outcome(ann.send(order));
  assert.equal(sent.result, "ok");
  assert.equal(
    (await world.outcome(ann.send(order))).packetId,
    sent.packetId,
    "the same order is the same packet",
  );
  await world.until(() => notices.length === 1);
  const claiming = bob.claim(sent.packetId);
  world.phones.cut();
  const { result } = await world.outcome(claiming);
  assert.ok(result === "ok" || result === "alreadyClaimed", result);
  await world.until(() => ann.state.is === "ready" && eve.state.is === "ready");
  await world.pass(500);
  assert.deepEqual([notices, shares, bob.shares], [[sent.packetId], [2], [{
    packetId: sent.packetId,
    amountFen: 2,
  }]]);
  const detail = await world.outcome(ann.detail(sent.packetId));
  assert.deepEqual([detail.result, detail.claims], ["ok", [{ user: 2, amountFen: 2 }]]);
  assert.equal(await world.outcome(bob.balance()), 2);
  assert.equal((await world.outcome(eve.claim(12345))).result, "unknownPacket");
});

Deno.test("who isn't connected shakes for nothing, and knows", async () => {
  const world = new PhoneWorld();
  const phone = world.phones.phone(1);
  assert.deepEqual(await phone.shake(), { result: "offline" });
  assert.deepEqual(await phone.chat(1, "hello"), { result: "offline", retryMs: 0 });
});

Deno.test("a login that can't be good is refused and not tried again; a fresh token is taken", async () => {
  const tokenRules = { keys: [{ id: 1, secret: new Uint8Array(16) }], event: "e" };
  const tokens = new Tokens(tokenRules);
  const world = new PhoneWorld({ allowsVersion0: false, tokenRules });
  const given = [tokens.make(2, 9e15), tokens.make(1, 9e15)];
  const phone = world.phones.phone(1, { token: () => given.shift()! });
  const states = statesOf(phone);
  await phone.connect();
  const balance = phone.balance();
  balance.catch(() => {});
  await world.until(() => phone.state.is === "refused");
  assert.deepEqual(states.at(-1), { is: "refused", code: CloseCode.tokenForged });
  await assert.rejects(balance, (error: PhoneRefused) => error.code === CloseCode.tokenForged);
  await world.pass(60_000);
  assert.equal(phone.state.is, "refused");
  await phone.connect();
  await world.until(() => phone.state.is === "ready");
});

Deno.test("what the server won't have after a good login ends what was asked, and not the phone", async () => {
  const world = new PhoneWorld({ plugins: [{ plugin: shake }] });
  const phone = await world.user(1);
  const balance = phone.balance();
  balance.catch(() => {});
  await world.until(() => phone.state.is === "waiting");
  await assert.rejects(balance, PhoneRefused);
  await world.until(() => phone.state.is === "ready");
  assert.deepEqual(await world.outcome(phone.shake()), { result: "nothing" });
});

Deno.test("a server that falls silent is given up, and a word to wake finds that out soon", async () => {
  for (const wakes of [false, true]) {
    const world = new PhoneWorld();
    const phone = await world.user(1);
    await world.pass(40_000);
    assert.equal(phone.state.is, "ready", "a quiet server that answers is there");
    // The host does nothing any more, and its connections stand.
    Object.assign(world.world.host, { turn: () => {}, nextDueMs: () => Infinity });
    const sinceMs = world.world.network.clock.monotonicMs();
    if (wakes) phone.wake();
    await world.until(() => phone.state.is !== "ready");
    const tookMs = world.world.network.clock.monotonicMs() - sinceMs;
    assert.ok(wakes ? tookMs < 10_000 : tookMs > 20_000 && tookMs < 60_000, `${tookMs} ms`);
  }
});

Deno.test("a phone looks for another server, waits longer each time, and stops when it is closed", async () => {
  const world = new PhoneWorld();
  const dialed: string[] = [];
  const phone = world.phones.phone(1, {
    to: ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"],
    transport: (address, events) => {
      dialed.push(address);
      return world.phones.transport(address, events);
    },
  });
  const states = statesOf(phone);
  await phone.connect();
  const asking = phone.balance();
  asking.catch(() => {});
  await world.until(() => dialed.length === 9, 600_000);
  assert.deepEqual(new Set(dialed.slice(0, 3)).size, 3);
  const waits = states.flatMap((state) => state.is === "waiting" ? [state.retryMs] : []);
  assert.ok(Math.max(...waits.slice(0, 2)) <= 2_000 && Math.max(...waits) <= 15_000, waits.join(" "));
  assert.ok(new Set(waits).size > 6, "nobody waits as long as anybody else");
  phone.close();
  await assert.rejects(asking, PhoneClosed);
  await world.pass(60_000);
  assert.equal(dialed.length, 9);
});

Deno.test("while the server wants no shake, none is sent", async () => {
  const throttling = { plugin: throttle, config: { connectionPerS: 1, connectionBurst: 5 } };
  const world = new PhoneWorld({ plugins: [throttling, { plugin: shake }] });
  const phone = await world.user(1);
  const outcomes = [];
  for (let i = 0; i < 40; i++) outcomes.push(await world.outcome(phone.shake()));
  const later = outcomes.findIndex(({ result }) => result === "later");
  assert.ok(later > 0, "the throttle refuses who shakes too often");
  const framesIn = world.world.total("framesIn");
  assert.equal((await world.outcome(phone.shake())).result, "later");
  assert.equal(world.world.total("framesIn"), framesIn);
});

Deno.test("a listener that throws keeps nobody else from hearing", async () => {
  const world = new PhoneWorld();
  const phone = world.phones.phone(1);
  const heard: string[] = [];
  const thrown: unknown[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    thrown.push(event.error);
  };
  addEventListener("error", onError);
  phone.on("state", () => {
    throw new Error("the app's");
  });
  phone.on("state", ({ is }) => heard.push(is));
  await phone.connect();
  await world.until(() => phone.state.is === "ready");
  removeEventListener("error", onError);
  assert.deepEqual([heard, thrown.length], [["connecting", "ready"], 2]);
});
