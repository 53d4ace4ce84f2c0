/** Protocol version 1 on a whole host in virtual time: logins, tokens, close codes, shakes, beside version 0. */
import assert from "node:assert/strict";
import { Tokens } from "../../core/token/token.ts";
import { CloseCode, Opcode, PLUGIN_OPCODES, Result } from "../../core/wire/codes.ts";
import { writeLoginRequest } from "../../core/wire/version0.ts";
import { TIMESTAMP_AT } from "../../core/wire/schema.ts";
import { readU64 } from "../../core/wire/u64.ts";
import { frames, Opcode1, TOKEN_BYTES } from "../../core/wire/v1/frames.ts";
import { writeDelivered, writeLogin, writeOpen, writePing, writeShake } from "../../core/wire/v1/writers.ts";
import send from "../../plugins/send/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import { World } from "../sim/sim_world.ts";

const tokenRules = { keys: [{ id: 1, secret: new Uint8Array(16) }], event: "e" };
const tokens = new Tokens(tokenRules);
const CHECKED = { tokenRules };
const NEVER_MS = 9e15;

function login1(peer: SimPeer, user: number, token = tokens.make(user, NEVER_MS), version = 1): SimPeer {
  return peer.write((view, at) => writeLogin(view, at, 0, user, token, version));
}

function user1(world: World, user: number): SimPeer {
  const peer = login1(world.connect(), user);
  world.until(() => peer.frames.length > 0);
  assert.equal(peer.of(Opcode1.loginResult).length, 1);
  return peer;
}

/** The code of the last frame of a peer whose connection has ended. */
function closedFor(world: World, peer: SimPeer): number {
  world.until(() => peer.hasEnded || peer.closeCause !== undefined);
  const { opcode, view } = peer.frames.at(-1)!;
  assert.equal(opcode, Opcode1.close);
  return view.getUint32(frames.close.at.code);
}

Deno.test("a login with a good token is answered with the server's time", () => {
  const world = new World(CHECKED);
  const [result] = user1(world, 7).of(Opcode1.loginResult);
  assert.equal(result.getUint32(frames.loginResult.at.user), 7);
  assert.ok(Math.abs(readU64(result, TIMESTAMP_AT) - world.network.clock.wallMs()) < 1_000);
  assert.equal(world.total("users"), 1);
});

Deno.test("a bad login is told why and closed, and counted for its reason", () => {
  const world = new World(CHECKED);
  const other = new Tokens({ keys: [{ id: 2, secret: new Uint8Array(16) }], event: "e" });
  const cases: [Uint8Array, number, number][] = [
    [tokens.make(8, NEVER_MS), 1, CloseCode.tokenForged],
    [tokens.make(7, 1), 1, CloseCode.tokenExpired],
    [other.make(7, NEVER_MS), 1, CloseCode.tokenKeyUnknown],
    [new Uint8Array(TOKEN_BYTES), 1, CloseCode.tokenKeyUnknown],
    [tokens.make(7, NEVER_MS), 2, CloseCode.unknownVersion],
  ];
  for (const [token, version, code] of cases) {
    assert.equal(closedFor(world, login1(world.connect(), 7, token, version)), code);
  }
  assert.equal(world.total("logins"), 0);
  assert.equal(world.total("closedTokenKeyUnknown"), 2);
  assert.equal(world.total("closedUnknownVersion"), 1);
});

Deno.test("whatever is said before a good login, or after a refused one, is done for nobody", () => {
  const world = new World({
    allowsVersion0: false,
    tokenRules,
    plugins: [{ plugin: throttle }, { plugin: shake }, { plugin: send }],
  });
  const forged = (view: DataView, at: number) => writeLogin(view, at, 0, 7, tokens.make(8, NEVER_MS), 1);
  const old = (view: DataView, at: number) => writeLoginRequest(view, at, 0, 7);
  const opcodes = [...new Set([...Object.values(Opcode), ...Object.values(Opcode1), PLUGIN_OPCODES.from])];
  for (const opcode of opcodes) {
    if (opcode === Opcode1.login || opcode === Opcode.loginRequest) continue;
    // Of every size that a frame of a client has.
    for (const size of [12, 16, 20, 24, 28, 44, 64]) {
      const frame = (view: DataView, at: number) => {
        view.setUint16(at, size);
        view.setUint16(at + 2, opcode);
        return size;
      };
      for (const first of [undefined, forged, old]) {
        const peer = world.connect();
        peer.write((view, at) => {
          const begin = first?.(view, at) ?? 0;
          return begin + frame(view, at + begin);
        });
        world.until(() => peer.hasEnded || peer.closeCause !== undefined);
        const others = peer.frames.filter(({ opcode }) => opcode !== Opcode1.close);
        assert.deepEqual([others.length, peer.answers.length], [0, 0], `opcode ${opcode} of ${size} bytes`);
      }
    }
  }
  for (const metric of ["logins", "users", "shakeNothing", "awardsDelivered"]) {
    assert.equal(world.total(metric), 0, metric);
  }
});

Deno.test("both versions share a port; one setting turns version 0 off", () => {
  const world = new World();
  const old = world.user(1).shake(1);
  const peer = user1(world, 2).write((view, at) => writeShake(view, at, 0, 55));
  world.until(() => old.shakes.length === 1 && peer.of(Opcode1.shakeResult).length === 1);
  const [result] = peer.of(Opcode1.shakeResult);
  assert.deepEqual(
    [frames.shakeResult.at.requestId, frames.shakeResult.at.result].map((at) => result.getUint32(at)),
    [55, Result.nothing],
  );
  assert.equal(old.frames.length, 0, "version 0 sees nothing of version 1");

  const strict = new World({ allowsVersion0: false });
  const refused = strict.connect().login(1);
  strict.until(() => refused.hasEnded || refused.closeCause !== undefined);
  assert.equal(strict.total("closedVersion0Off"), 1);
  user1(strict, 2);
});

Deno.test("a frame of the other version, or a second login, closes that connection and no other", () => {
  const world = new World();
  const bystander = user1(world, 9);
  assert.equal(closedFor(world, user1(world, 1).shake(1)), CloseCode.unknownOpcode);
  assert.equal(closedFor(world, login1(user1(world, 1), 1)), CloseCode.secondLogin);
  assert.equal(closedFor(world, user1(world, 1).send([0, 13, 1, 1])), CloseCode.frameTooLong);
  assert.equal(closedFor(world, user1(world, 1).send([0, 12, 1, 0x81])), CloseCode.unknownOpcode);
  const old = world.user(2).write((view, at) => writePing(view, at, 0));
  world.until(() => old.hasEnded || old.closeCause !== undefined);
  assert.equal(old.frames.length, 0);
  bystander.write((view, at) => writePing(view, at, 1234));
  world.until(() => bystander.of(Opcode1.pong).length === 1);
  assert.equal(readU64(bystander.of(Opcode1.pong)[0], frames.pong.at.pingMs), 1234);
});

Deno.test("a win is told again at each login until the user says that they have it", async () => {
  const world = new World();
  const peer = user1(world, 1);
  const packetId = await winBy(world, peer);
  world.pass(5_000);
  peer.write((view, at) => writePing(view, at, 0));
  world.pass(2_000);
  peer.abort();
  const again = user1(world, 1);
  world.until(() => again.of(Opcode1.shakeResult).length === 1);
  const [repeated] = again.of(Opcode1.shakeResult);
  assert.deepEqual(
    [frames.shakeResult.at.requestId, frames.shakeResult.at.packetId].map((at) => repeated.getUint32(at)),
    [0, packetId],
  );
  again.write((view, at) => writeDelivered(view, at, 0, packetId));
  world.until(() => world.total("awardsDelivered") === 1);
  world.pass(100);
  again.abort();
  const unopened = user1(world, 1);
  world.until(() => unopened.of(Opcode1.shakeResult).length === 1); // it is still to be opened
  assert.deepEqual(openBy(world, unopened, packetId), [Result.ok, 5]);
  unopened.abort();
  const last = user1(world, 1);
  world.pass(1_000);
  assert.equal(last.of(Opcode1.shakeResult).length, 0);
});

Deno.test("a win is held until its user opens it, and opening it again says the same", async () => {
  const world = new World();
  const packetId = await winBy(world, user1(world, 1));
  assert.deepEqual([world.host.ledger.balances().heldFen, world.host.ledger.balances().userFen], [5, 0]);
  const thief = user1(world, 2);
  assert.deepEqual(openBy(world, thief, packetId), [Result.unknownPacket, 0]);
  assert.deepEqual(openBy(world, thief, packetId + 1), [Result.unknownPacket, 0]);
  assert.deepEqual(openBy(world, thief, 0), [Result.unknownPacket, 0]);
  const user = user1(world, 1);
  for (let times = 0; times < 3; times++) assert.deepEqual(openBy(world, user, packetId), [Result.ok, 5]);
  assert.deepEqual([world.host.ledger.balances().heldFen, world.host.ledger.balances().userFen], [0, 5]);
  assert.deepEqual([world.total("shakeOpened"), world.total("shakeOpensRefused")], [1, 3]);
});

Deno.test("an open that takes too long is told busy, and the same again finds it done", async () => {
  const world = new World({ verdictMs: 200 });
  const user = user1(world, 1);
  const packetId = await winBy(world, user);
  world.host.isLedgerStuck = true;
  assert.deepEqual(openBy(world, user, packetId), [Result.busy, 0]);
  world.host.isLedgerStuck = false;
  world.pass(100);
  assert.equal(world.total("shakeOpened"), 1);
  assert.deepEqual(openBy(world, user, packetId), [Result.ok, 5]);
  assert.equal(world.total("shakeOpened"), 1);
});

Deno.test("a winner whose verdict is late is told: overloaded, and of the packet as soon as they have it", async () => {
  const world = new World({ verdictMs: 200 });
  const user = user1(world, 1);
  await world.makePackets({ ratePerS: 1_000, total: 1, minFen: 5, maxFen: 5 });
  user.shake1(1);
  await world.untilLeased();
  world.host.isLedgerStuck = true;
  user.shake1(2);
  world.until(() => world.total("verdictsLate") === 1);
  world.host.isLedgerStuck = false;
  const told = () => user.read(frames.shakeResult).filter(({ packetId }) => packetId > 0);
  world.until(() => told().length === 1);
  const [{ requestId, packetId, amountFen }] = told();
  assert.deepEqual([requestId, amountFen], [0, 5], "it answers no shake: that was answered");
  assert.equal(world.host.ledger.awardOf(packetId)?.user, 1);
  assert.equal(world.total("awardsRepeated"), 1);
});

Deno.test("who logs in by version 0 is told of what they won by version 1, and it is opened for them", async () => {
  const world = new World();
  const packetId = await winBy(world, user1(world, 1));
  const old = world.user(1);
  world.until(() => old.shakes.length === 1);
  assert.equal(old.shakes[0].packetId, packetId);
  world.until(() => world.host.ledger.unopened === 0);
  assert.equal(world.host.ledger.balances().userFen, 5);
});

/** Wins the only packet, of 5 fen, and returns its id. */
async function winBy(world: World, peer: SimPeer): Promise<number> {
  await world.makePackets({ ratePerS: 1_000, total: 1, minFen: 5, maxFen: 5 });
  let requestId = 0;
  const shake = () => peer.write((view, at) => writeShake(view, at, 0, ++requestId));
  shake();
  await world.untilLeased();
  shake();
  const won = () =>
    peer.of(Opcode1.shakeResult).find((view) => view.getUint32(frames.shakeResult.at.packetId) > 0);
  world.until(() => won() !== undefined);
  assert.equal(won()!.getUint32(frames.shakeResult.at.requestId), requestId);
  return won()!.getUint32(frames.shakeResult.at.packetId);
}

/** Opens a packet; returns result and amount. */
function openBy(world: World, peer: SimPeer, packetId: number): number[] {
  const before = peer.of(Opcode1.openResult).length;
  peer.write((view, at) => writeOpen(view, at, 0, packetId));
  world.until(() => peer.of(Opcode1.openResult).length > before);
  const answer = peer.of(Opcode1.openResult)[before];
  assert.equal(answer.getUint32(frames.openResult.at.packetId), packetId);
  return [answer.getUint32(frames.openResult.at.result), answer.getUint32(frames.openResult.at.amountFen)];
}

Deno.test("a host that stops tells version 1 users to come again, and leaves version 0 as it is", () => {
  const world = new World({ workers: 2 });
  const peers = [1, 2, 3, 4].map((user) => user1(world, user));
  const old = world.user(5);
  world.host.order({ type: "drain" });
  world.pass(100);
  assert.ok(peers.every(({ hasEnded }) => !hasEnded), "a drain waits for answers, and closes nobody");
  world.host.order({ type: "stop" });
  for (const peer of peers) assert.equal(closedFor(world, peer), CloseCode.draining);
  assert.ok(peers.every((peer) => peer.frames.at(-1)!.view.getUint32(frames.close.at.retryMs) > 0));
  assert.deepEqual([old.frames.length, old.hasEnded], [0, false]);
  assert.ok(world.host.loops.every(({ isStopped }) => isStopped));
});
