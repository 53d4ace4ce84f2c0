/** Plugin `send`, whole, in virtual time: sends, notices, claims, groups, expiry, chat, and what can't be. */
import assert from "node:assert/strict";
import { SimNetwork } from "../../core/engine/sim/network.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { MemoryLedger } from "../../core/ledger/judge/memory_ledger.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { Random } from "../../core/base/random.ts";
import { Opcode, Result } from "../../core/wire/codes.ts";
import { frames, Opcode1 } from "../../core/wire/v1/frames.ts";
import { type SendUser, SendWorld } from "./send_world.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import { SimStore } from "../sim/sim_store.ts";

/** Rounds of one user with 64 connections; REDPKT_ROUNDS=1000 for the long run. */
const ROUNDS = Number(Deno.env.get("REDPKT_ROUNDS") ?? 10);

Deno.test("a packet reaches its recipients on any SET; each gets one share, and the money moves", async () => {
  const world = new SendWorld();
  await world.fund(1, 1, 1_000);
  const sender = world.in(1);
  const users = [2, 3, 4].map((id) => world.in(id));
  const packetId = world.sendBy(sender, 900, { to: [2, 3, 4], shares: 3 });
  world.until(() => users.every(({ notices }) => notices.includes(packetId)));
  for (const user of users) user.claim(packetId);
  world.until(() => users.every(({ claims }) => claims.length === 1));
  const claims = users.map(({ claims }) => claims[0]);
  assert.ok(claims.every(({ result, amountFen }) => result === Result.ok && amountFen >= 1));
  assert.equal(claims.reduce((sum, { amountFen }) => sum + amountFen, 0), 900);
  assert.deepEqual(world.claimBy(users[0], packetId), {
    result: Result.alreadyClaimed,
    amountFen: claims[0].amountFen,
  });
  assert.equal(world.balanceOf(sender), 100);
  assert.equal(world.balanceOf(users[0]), claims[0].amountFen);
  sender.detail(packetId);
  world.until(() => sender.peer.of(Opcode1.detailResult).length === 1);
  const [detail] = sender.peer.of(Opcode1.detailResult);
  const luckiest = Math.max(...claims.map(({ amountFen }) => amountFen));
  assert.deepEqual(
    [
      frames.detailResult.at.shares,
      frames.detailResult.at.claimed,
      frames.detailResult.at.luckiestFen,
      frames.detailResult.at.count,
    ]
      .map((at) => detail.getUint32(at)),
    [3, 3, luckiest, 3],
  );
});

Deno.test("first come, first served: more users than shares, the rest are told at once that all is gone", async () => {
  const world = new SendWorld();
  await world.fund(1, 1, 1_000);
  await world.ask("post", "/groups", { groups: [{ group: 9, users: [1, 60] }] });
  const sender = world.in(1);
  const users = Array.from({ length: 59 }, (_, i) => world.in(2 + i));
  const packetId = world.sendBy(sender, 200, { group: 9, shares: 20 });
  world.until(() => users.every(({ notices }) => notices.length === 1));
  for (const user of users) user.claim(packetId);
  world.until(() => users.every(({ claims }) => claims.length === 1));
  const results = users.map(({ claims: [{ result }] }) => result);
  assert.equal(results.filter((result) => result === Result.ok).length, 20);
  assert.equal(results.filter((result) => result === Result.allGone).length, 39);
  assert.deepEqual(world.host.ledger.balances(), {
    sourceFen: -1_000,
    poolFen: 0,
    heldFen: 0,
    userFen: 1_000,
    returnedFen: 0,
    packetFen: 0,
  });
});

Deno.test("what nobody claims goes back at the deadline, once, and the sender is told", async () => {
  const world = new SendWorld({ config: { expiresS: 10 } });
  await world.fund(1, 1, 100);
  const sender = world.in(1);
  const [a, b] = [2, 3].map((id) => world.in(id));
  const packetId = world.sendBy(sender, 100, { to: [2, 3], mode: 0 });
  assert.deepEqual(world.claimBy(a, packetId), { result: Result.ok, amountFen: 50 });
  world.pass(9_000);
  assert.equal(world.total("sendExpired"), 0);
  world.pass(3_000);
  assert.equal(world.total("sendExpired"), 1);
  const [expired] = sender.peer.of(Opcode1.expired);
  assert.deepEqual(
    [expired.getUint32(frames.expired.at.packetId), expired.getUint32(frames.expired.at.returnedFen)],
    [packetId, 50],
  );
  assert.deepEqual(world.claimBy(b, packetId), { result: Result.expired, amountFen: 0 });
  assert.deepEqual(world.claimBy(a, packetId), { result: Result.alreadyClaimed, amountFen: 50 });
  assert.equal(world.balanceOf(sender), 50);
});

Deno.test("a claim in the deadline's own millisecond is too late", async () => {
  const world = new SendWorld({ config: { expiresS: 10 }, workers: 1, setsPerWorker: 1 });
  await world.fund(1, 1, 100);
  const sender = world.in(1);
  const user = world.in(2);
  const packetId = world.sendBy(sender, 100, { to: [2] });
  const { expiresMs } = sender.sent[0];
  world.until(() => world.network.clock.wallMs() >= expiresMs);
  assert.equal(world.claimBy(user, packetId).result, Result.expired);
});

Deno.test("a wall clock that is set forward expires nothing for as long as it was set", async () => {
  const world = new SendWorld({ config: { expiresS: 60 } });
  await world.fund(1, 1, 100);
  const sender = world.in(1);
  const user = world.in(2);
  const packetId = world.sendBy(sender, 100, { to: [2] });
  world.network.clock.stepWall(100_000);
  world.pass(5_000);
  assert.equal(world.total("sendExpired"), 0);
  assert.equal(world.claimBy(user, packetId).result, Result.ok);
});

Deno.test("a share whose answer was lost is told again at the next login, until it has arrived", async () => {
  const world = new SendWorld();
  await world.fund(1, 1, 1_000);
  const sender = world.in(1);
  const [packetId, other] = [1, 2].map((requestId) =>
    world.sendBy(sender, 50, { to: [2, 3], shares: 2, mode: 0, requestId })
  );
  // Version 1: until the user says so.
  const lost = world.in(2);
  lost.claim(packetId).claim(other);
  world.until(() => world.total("sendClaimsPaid") === 2);
  lost.peer.abort();
  const again = world.in(2);
  const told = [packetId, other].map((id) => ({ packetId: id, result: Result.ok, amountFen: 25 }));
  world.until(() => again.claims.length === 2);
  assert.deepEqual(again.claims, told);
  again.delivered(packetId);
  world.until(() => world.total("awardsDelivered") === 1);
  const third = world.in(2);
  world.pass(500);
  assert.deepEqual(third.claims, [told[1]]);
  assert.equal(world.total("sendClaimsRepeated"), 3);
  // Version 0: until a frame comes on the same connection a second later.
  const old = world.user(3).claim(3, packetId);
  const paid = (peer: SimPeer) => peer.answers.filter(({ opcode }) => opcode === Opcode.claimResponse);
  world.until(() => paid(old).length === 1);
  old.abort();
  const oldAgain = world.user(3);
  world.until(() => paid(oldAgain).length === 1);
  assert.deepEqual([paid(oldAgain)[0].packetId, paid(oldAgain)[0].amountFen], [packetId, 25]);
  world.pass(1_100);
  oldAgain.claim(3, packetId);
  world.until(() => paid(oldAgain).length === 2);
  world.until(() => world.total("awardsDelivered") === 2);
  world.pass(1_100);
  oldAgain.claim(3, packetId);
  world.until(() => world.total("awardsDelivered") === 3);
  const last = world.user(3);
  world.pass(500);
  assert.deepEqual(paid(last), []);
  assert.deepEqual(world.host.ledger.balances().userFen, 1_000 - 25);
});

Deno.test("a packet that is over is read from the disk, as soon as the disk tells of it", async () => {
  const store = new SimStore(new Random(1));
  const network = new SimNetwork(1);
  const open = () => new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, network.clock);
  const before = new SendWorld({ ledger: open() });
  await before.fund(1, 1, 100);
  const packetId = before.sendBy(before.in(1), 100, { to: [2, 3], mode: 0 });
  for (const id of [2, 3]) before.claimBy(before.in(id), packetId);
  // Another process: nobody has the packet in memory.
  const world = new SendWorld({ ledger: open() });
  const user = world.in(2);
  const told = user.claims.length;
  store.isUnreadable = true;
  user.claim(packetId);
  world.pass(500);
  assert.equal(user.claims.length, told, "they wait");
  store.isUnreadable = false;
  world.until(() => user.claims.length > told);
  assert.deepEqual(user.claims.at(-1), { packetId, result: Result.alreadyClaimed, amountFen: 50 });
  user.detail(packetId);
  world.until(() => user.peer.of(Opcode1.detailResult).length === 1);
  assert.equal(user.peer.of(Opcode1.detailResult)[0].getUint32(frames.detailResult.at.claimed), 2);
});

Deno.test("a user who is away finds the notice at their next login; with several connections on the newest", async () => {
  const world = new SendWorld();
  await world.fund(1, 1, 1_000);
  const sender = world.in(1);
  const first = world.sendBy(sender, 10, { to: [7], requestId: 1 });
  const second = world.sendBy(sender, 10, { to: [7], requestId: 2 });
  const older = world.in(7);
  assert.deepEqual(older.notices, [second, first]);
  const newer = world.in(7);
  const third = world.sendBy(sender, 10, { to: [7], requestId: 3 });
  world.until(() => newer.notices.includes(third));
  world.pass(100);
  assert.ok(!older.notices.includes(third));
  newer.peer.abort();
  world.until(() => world.total("users") === 2);
  world.pass(100);
  const fourth = world.sendBy(sender, 10, { to: [7], requestId: 4 });
  world.until(() => older.notices.includes(fourth));
  assert.equal(world.claimBy(older, first).result, Result.ok);
  assert.deepEqual(world.in(7).notices, [fourth, third, second]);
});

Deno.test("a version 0 user is told, claims and is paid, and can send nothing", async () => {
  const world = new SendWorld();
  await world.fund(1, 1, 1_000);
  const sender = world.in(1);
  const old = world.user(2);
  world.pass(50);
  const packetId = world.sendBy(sender, 100, { to: [2, 3], mode: 0 });
  world.until(() => old.answers.some(({ opcode }) => opcode === Opcode.sendNotice));
  old.claim(0, packetId);
  const claims = () => old.answers.filter(({ opcode }) => opcode === Opcode.claimResponse);
  world.until(() => claims().length === 1);
  assert.deepEqual([claims()[0].packetId, claims()[0].amountFen], [packetId, 50]);
  old.claim(2, packetId).claim(2, 12345);
  world.until(() => claims().length === 3);
  assert.deepEqual(claims().slice(1).map(({ amountFen }) => amountFen).sort(), [0, 50]);
});

Deno.test("what can't be is refused with a precise result, and nothing changes", async () => {
  const world = new SendWorld({ config: { mostAmountFen: 1_000, mostShares: 5 } });
  await world.fund(1, 1, 500);
  await world.ask("post", "/groups", { groups: [{ group: 9, members: [2, 3] }] });
  const sender = world.in(1);
  const to = [2, 3];
  const cases: [amountFen: number, options: Parameters<SendUser["send"]>[1], result: number][] = [
    [0, { to }, Result.badAmount],
    [1_001, { to }, Result.badAmount],
    [501, { to }, Result.noMoney],
    [10, { to, shares: 0 }, Result.tooManyShares],
    [10, { to, shares: 3 }, Result.tooManyShares],
    [1, { to, shares: 2 }, Result.tooManyShares],
    [10, { to: [2, 3, 4, 5, 6, 7] }, Result.tooManyShares],
    [10, { to, mode: 2 }, Result.badMode],
    [10, { to: [2, 2] }, Result.badRecipients],
    [10, { to: [1] }, Result.badRecipients],
    [10, { to: [] }, Result.badRecipients],
    [10, { to, group: 9 }, Result.badRecipients],
    [10, { group: 8 }, Result.unknownGroup],
    [10, { group: 9 }, Result.notMember],
  ];
  for (const [i, [amountFen, options, result]] of cases.entries()) {
    sender.send(amountFen, { requestId: 100 + i, ...options });
    world.until(() => sender.sent.length === i + 1);
    assert.deepEqual([sender.sent[i].requestId, sender.sent[i].result], [100 + i, result], `case ${i}`);
  }
  assert.equal(world.balanceOf(sender), 500);
  const packetId = world.sendBy(sender, 10, { to, requestId: 1 });
  assert.equal(world.sendBy(sender, 10, { to, requestId: 1 }), packetId, "the same request is one send");
  sender.send(11, { to, requestId: 1 });
  world.until(() => sender.sent.at(-1)!.result === Result.requestIdTaken);
  assert.equal(world.balanceOf(sender), 490);
  const stranger = world.in(4);
  assert.equal(world.claimBy(stranger, packetId).result, Result.notRecipient);
  assert.equal(world.claimBy(stranger, 0).result, Result.unknownPacket);
  for (const guess of [1, 77, packetId - 1, packetId - 1_000]) {
    assert.equal(world.claimBy(stranger, guess).result, Result.unknownPacket);
  }
  stranger.detail(packetId);
  world.until(() => stranger.peer.of(Opcode1.detailResult).length === 1);
  assert.equal(
    stranger.peer.of(Opcode1.detailResult)[0].getUint32(frames.detailResult.at.result),
    Result.notRecipient,
  );
  await world.fund(20, 20, 1_000, "more");
  world.sendBy(world.in(20), 1_000, { to: [2, 3, 5, 6, 7], requestId: 1 }); // as much as may be, to as many
});

Deno.test("one user on many connections spends their money once", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const world = new SendWorld({ workers: 3 }, {}, round + 1);
    await world.fund(1, 1, 100);
    const connections = Array.from({ length: 64 }, () => world.in(1));
    connections.forEach((user, i) => user.send(100, { to: [2], requestId: i }));
    world.until(() => connections.every(({ sent }) => sent.length === 1));
    const results = connections.map(({ sent: [{ result }] }) => result);
    assert.equal(results.filter((result) => result === Result.ok).length, 1);
    assert.equal(results.filter((result) => result === Result.noMoney).length, 63);
  }
});

Deno.test("the same request on many connections is one send", async () => {
  const world = new SendWorld({ workers: 3 });
  await world.fund(1, 1, 100);
  const connections = Array.from({ length: 16 }, () => world.in(1));
  for (const user of connections) user.send(5, { to: [2], requestId: 1 });
  world.until(() => connections.every(({ sent }) => sent.length === 1));
  assert.equal(new Set(connections.map(({ sent: [{ packetId }] }) => packetId)).size, 1);
  assert.equal(world.balanceOf(connections[0]), 95);
});

Deno.test("groups are listed, changed and removed; chat reaches the members who are there", async () => {
  const world = new SendWorld();
  await world.ask("post", "/groups", {
    groups: [{ group: 5, members: [1, 2, 3] }, { group: 6, users: [10, 19] }, { group: 1, members: [7] }],
  });
  assert.deepEqual(await world.ask("get", "/groups", undefined), {
    groups: [{ group: 1, members: 1 }, { group: 5, members: 3 }, { group: 6, members: 10 }],
  });
  const [a, b, c, d] = [1, 2, 3, 4].map((id) => world.in(id));
  const texts = (user: SendUser) =>
    user.peer.of(Opcode1.chatMessage).map((view) =>
      new TextDecoder().decode(new Uint8Array(view.buffer, frames.chatMessage.at.text))
    );
  const result = (user: SendUser, i: number) =>
    user.peer.of(Opcode1.chatResult)[i].getUint32(frames.chatResult.at.result);
  a.chat(5, "新年快乐");
  world.until(() => texts(b).length === 1 && texts(c).length === 1);
  assert.deepEqual([texts(a), texts(b)], [[], ["新年快乐"]]);
  await world.ask("post", "/groups", {
    groups: [{ group: 5, members: [1, 3, 4] }, { group: 6, members: [] }, { group: 1, members: [] }],
  });
  b.chat(5, "x").chat(6, "x");
  world.until(() => b.peer.of(Opcode1.chatResult).length === 2);
  assert.deepEqual([result(b, 0), result(b, 1)].sort(), [Result.unknownGroup, Result.notMember].sort());
  a.chat(5, "y");
  world.until(() => texts(d).length === 1);
  assert.deepEqual(await world.ask("get", "/groups", undefined), { groups: [{ group: 5, members: 3 }] });
});

Deno.test("funding with the same key happens once", async () => {
  const world = new SendWorld();
  const first = { order: 1, state: "done", funded: 50, users: 50 };
  assert.deepEqual(await world.fund(1, 50, 10, "k"), { ...first, repeated: false });
  assert.deepEqual(await world.fund(1, 50, 10, "k"), { ...first, repeated: true });
  assert.equal(world.host.ledger.balances().userFen, 500);
  await assert.rejects(() => world.fund(1, 60, 10, "k"), { status: 409 });
  await assert.rejects(() => world.fund(1, 50, 11, "k"), { status: 409 });
  assert.equal(world.host.ledger.balances().userFen, 500);
});

Deno.test("the host sends by itself: so many a second, three different users each", async () => {
  const world = new SendWorld();
  const users = Array.from({ length: 10 }, (_, i) => world.in(100 + i));
  await world.ask("post", "/sends", { ratePerS: 50, total: 100, users: [100, 109], amountFen: 30 });
  await world.settle(() => users.reduce((sum, { notices }) => sum + notices.length, 0) === 300, 10);
  const seconds = world.network.clock.monotonicMs() / 1000;
  assert.ok(seconds > 1.9, "no faster than its rate");
  for (const user of users) {
    assert.equal(new Set(user.notices).size, user.notices.length);
    for (const packetId of user.notices) user.claim(packetId);
  }
  world.until(() => users.every(({ claims, notices }) => claims.length === notices.length));
  assert.ok(users.every(({ claims }) => claims.every(({ result }) => result === Result.ok)));
  assert.equal(world.host.ledger.balances().userFen, 3_000);
  assert.equal(world.total("sendClaimsPaid"), 300);
});

Deno.test("no answer before the ledger; a stuck one is told busy, and the claim counts all the same", async () => {
  const world = new SendWorld({ verdictMs: 500 });
  await world.fund(1, 1, 100);
  const sender = world.in(1);
  const user = world.in(2);
  const packetId = world.sendBy(sender, 40, { to: [2, 3], mode: 0 });
  world.until(() => user.notices.length === 1);
  world.host.isLedgerStuck = true;
  user.claim(packetId);
  sender.send(10, { to: [2], requestId: 2 });
  world.pass(300);
  assert.deepEqual([user.claims.length, sender.sent.length], [0, 1]);
  world.pass(1_000);
  assert.deepEqual([user.claims[0].result, sender.sent[1].result], [Result.busy, Result.busy]);
  world.host.isLedgerStuck = false;
  assert.deepEqual(world.claimBy(user, packetId), { result: Result.alreadyClaimed, amountFen: 20 });
  sender.send(10, { to: [2], requestId: 2 });
  world.until(() => sender.sent.length === 3);
  assert.equal(sender.sent[2].result, Result.ok);
  assert.equal(world.balanceOf(sender), 50);
});

Deno.test("after a restart with other numbers of SETs and workers everything open is there", async () => {
  const ledger = new MemoryLedger();
  const before = new SendWorld({ ledger, config: { expiresS: 30 } });
  await before.fund(1, 1, 1_000);
  await before.ask("post", "/groups", { groups: [{ group: 5, users: [1, 40] }] });
  const sender = before.in(1);
  const packetId = before.sendBy(sender, 400, { group: 5, shares: 30 });
  const early = Array.from({ length: 10 }, (_, i) => before.in(2 + i));
  const paid = early.map((user) => before.claimBy(user, packetId).amountFen);
  before.host.kill();

  const world = new SendWorld({ ledger, workers: 3, setsPerWorker: 5, config: { expiresS: 30 } });
  const late = Array.from({ length: 10 }, (_, i) => world.in(12 + i));
  assert.ok(late.every(({ notices }) => notices.includes(packetId)));
  const again = world.in(2);
  assert.deepEqual(world.claimBy(again, packetId), { result: Result.alreadyClaimed, amountFen: paid[0] });
  assert.deepEqual(again.notices, [], "nothing is open for them");
  const latePaid = late.map((user) => world.claimBy(user, packetId).amountFen);
  assert.ok(latePaid.every((fen) => fen > 0));
  const back = world.in(1);
  world.pass(32_000);
  const sum = [...paid, ...latePaid].reduce((sum, fen) => sum + fen, 0);
  assert.equal(world.balanceOf(back), 1_000 - sum);
  assert.equal(ledger.balances().packetFen, 0);
});
