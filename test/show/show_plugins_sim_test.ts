/** What plugins make of a show, on a whole host in virtual time: bans, limits, levels, and packets that are held. */
import assert from "node:assert/strict";
import { CloseCode, Result } from "../../core/wire/codes.ts";
import { frames, Opcode1 } from "../../core/wire/v1/frames.ts";
import { writeOpen } from "../../core/wire/v1/writers.ts";
import { at, planOf } from "../seed/seed_world.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import { ShowWorld, type TestConsole } from "./show_world.ts";

const NO_FAULTS = { delayMs: 1, jitterMs: 5, lost: 0, repeated: 0 };

async function stage(): Promise<{ world: ShowWorld; director: TestConsole }> {
  const plan = planOf(2_000, { waves: [{ name: "first", start: at(20), lengthS: 20 }] });
  const world = new ShowWorld(plan, 1, NO_FAULTS, 1);
  const director = world.console(world.keys.director);
  await director.issue("init", [], { waves: world.planned, approvers: [world.keys.second] });
  return { world, director };
}

/** Shakes until something is won; what it was. */
async function win(world: ShowWorld, peer: SimPeer): Promise<{ packetId: number; amountFen: number }> {
  for (let id = 1; peer.results1(Result.ok).length === 0; id++) {
    assert.ok(id < 500, "a wave brings something");
    peer.shake1(id);
    await world.pass(20);
  }
  await world.pass(300);
  return peer.read(frames.shakeResult).find(({ result }) => result === Result.ok)!;
}

Deno.test("who is banned can't log in, until the ban ends or is taken back; nobody else notices", async () => {
  const { world, director } = await stage();
  using _world = world;
  const { seeded } = world;
  const banned = () => seeded.total("throttleLoginsBanned");
  await director.issue("ban", ["7", "8"], { forMs: 10_000 });
  await world.pass(500);
  for (const id of [7, 8]) seeded.client.dial().login(id);
  await seeded.user(9);
  await world.pass(500);
  assert.deepEqual([banned(), seeded.total("users")], [2, 1]);
  await director.issue("unban", ["8"]);
  await world.pass(500);
  await seeded.user(8);
  seeded.client.dial().login(7);
  await world.pass(500);
  assert.deepEqual([banned(), seeded.total("users")], [3, 2]);
  await world.pass(12_000);
  await seeded.user(7);
  assert.equal(seeded.total("users"), 3);
});

Deno.test("who is banned while they play is closed within a second, and keeps what they have won", async () => {
  const { world, director } = await stage();
  using _world = world;
  const { seeded } = world;
  const peer = await seeded.user1(7);
  const old = await seeded.user(8);
  const other = await seeded.user1(9);
  await world.until(24);
  const { packetId, amountFen } = await win(world, peer);
  await win(world, other);
  assert.ok(seeded.ledger.balances().heldFen > amountFen);

  await director.issue("ban", ["7", "8"], { forMs: 10_000 });
  await world.pass(1_000);
  assert.deepEqual(peer.read(frames.close).map(({ code }) => code), [CloseCode.banned]);
  assert.ok(peer.closeCause !== undefined && old.closeCause !== undefined);
  assert.equal(other.closeCause, undefined);
  assert.deepEqual([seeded.total("closedBanned"), seeded.total("throttleClosedBanned")], [2, 2]);
  assert.equal(seeded.total("throttleBanned"), 2);
  const again = seeded.client.dial().login1(7);
  await world.pass(500);
  assert.deepEqual(again.read(frames.close).map(({ code }) => code), [CloseCode.banned]);
  await world.pass(2_000);
  const fenOf = (one: SimPeer) =>
    one.read(frames.shakeResult).reduce(
      (sum, { result, amountFen: fen }) => sum + (result === Result.ok ? fen : 0),
      0,
    );
  const { heldFen, userFen } = seeded.ledger.balances();
  // Version 0's are open from the beginning.
  const oldFen = old.shakes.reduce((sum, one) => sum + one.amountFen, 0);
  assert.deepEqual(
    [heldFen, userFen],
    [fenOf(other), fenOf(peer) + oldFen],
    "opened for them: a ban takes no money",
  );
  assert.equal(seeded.total("shakeOpenedForBanned"), peer.results1(Result.ok).length);

  await world.pass(10_000);
  assert.equal(seeded.total("throttleBanned"), 0);
  const back = await seeded.user1(7);
  await world.pass(500);
  const told = back.read(frames.shakeResult).find((one) => one.packetId === packetId);
  assert.equal(told?.amountFen, amountFen, "told again");
  back.write((view, at) => writeOpen(view, at, 0, packetId));
  await world.pass(500);
  assert.deepEqual(back.read(frames.openResult).map(({ result }) => result), [Result.ok]);
});

Deno.test("a ban counts at its time on a host that has started anew in between", async () => {
  const { world, director } = await stage();
  using _world = world;
  const { seeded } = world;
  const atMs = world.clock.wallMs() + 10_000;
  await director.issue("ban", ["7"], { atMs });
  await world.restartHost(2_000);
  const peer = await seeded.user(7);
  await world.pass(atMs - world.clock.wallMs() - 50);
  assert.equal(peer.closeCause, undefined, "not before");
  await world.pass(1_000);
  assert.ok(peer.closeCause !== undefined);
  // And it outlives the next one: what is on its disk says who is banned.
  await world.restartHost(2_000);
  seeded.client.dial().login(7);
  await world.pass(1_000);
  assert.equal(seeded.total("throttleLoginsBanned"), 1);
});

Deno.test("who is muted stays, opens what they have won, and wins nothing until it ends", async () => {
  const { world, director } = await stage();
  using _world = world;
  const { seeded } = world;
  const peer = await seeded.user1(7);
  await world.until(24);
  const { packetId } = await win(world, peer);
  const before = peer.of(Opcode1.shakeResult).length;
  await director.issue("mute", ["7"], { forMs: 5_000 });
  await world.pass(500);
  for (let id = 2; id < 22; id++) peer.shake1(id);
  peer.write((view, at) => writeOpen(view, at, 0, packetId));
  await world.pass(500);
  const refused = peer.read(frames.shakeResult).slice(before);
  assert.deepEqual(refused.map(({ result }) => result), refused.map(() => Result.overloaded));
  assert.equal(refused.length, 20);
  assert.ok(refused.every(({ retryMs }) => retryMs >= 10_000), "they are told to rest");
  assert.deepEqual(peer.read(frames.openResult).map(({ result }) => result), [Result.ok]);
  assert.equal(seeded.total("throttleByMute"), 20);
  await world.pass(5_000);
  peer.shake1(50);
  await world.pass(500);
  assert.notEqual(peer.read(frames.shakeResult).at(-1)!.result, Result.overloaded);
});

Deno.test("one person bans twenty in a minute; of more at once a second one must know, and nobody bans the protected", async () => {
  const { world, director } = await stage();
  using _world = world;
  const { seeded, keys } = world;
  const users = Array.from({ length: 21 }, (_, i) => String(100 + i));
  await seeded.user(100);
  assert.equal((await director.do("ban", users)).kind, "proposed");
  await world.pass(1_000);
  assert.equal(seeded.total("users"), 1, "nothing was sent");
  await director.issue("ban", users, { approvers: [keys.second] });
  await world.pass(1_000);
  assert.deepEqual([seeded.total("users"), seeded.total("throttleBanned")], [0, 21]);
  assert.equal((await director.do("unban", ["100"])).kind, "proposed");
  await director.issue("protect", ["100-110", "7"], { approvers: [keys.second] });
  await world.pass(1_000);
  assert.equal(seeded.total("throttleBanned"), 10);
  await assert.rejects(
    director.do("ban", ["7"]),
    /^UserError: not done: bans: user 7 is protected: nobody can ban them$/,
  );
});

Deno.test("a limit holds in every second, and the config's word comes back with none", async () => {
  const { world, director } = await stage();
  using _world = world;
  const { seeded } = world;
  const peers = await Promise.all([1, 2, 3, 4].map((id) => seeded.user(id)));
  world.everyStep = () => peers.forEach((peer, i) => peer.shake(i + 1));
  const perSecond = async () => {
    const before = seeded.total("throttleAdmitted");
    await world.pass(1_000);
    return seeded.total("throttleAdmitted") - before;
  };
  await world.pass(1_000);
  assert.ok(await perSecond() > 350);
  await director.issue("limits", ["shakesPerS=50"]);
  await world.pass(3_000);
  for (let second = 0; second < 3; second++) assert.ok(await perSecond() <= 51);
  await director.issue("limits", ["shakesPerS=none"]);
  await world.pass(3_000);
  assert.ok(await perSecond() > 350);
});

Deno.test("a level of the show is every SET's", async () => {
  const { world, director } = await stage();
  using _world = world;
  await director.issue("level", ["1"]);
  await world.pass(1_000);
  assert.equal(world.seeded.total("throttleSetsStrained"), 1);
  await director.issue("level", ["0"]);
  await world.pass(1_000);
  assert.equal(world.seeded.total("throttleSetsStrained"), 0);
});

Deno.test("a host whose clock is off releases nothing of its waves; then it goes on, no faster than planned", async () => {
  const { world } = await stage();
  using _world = world;
  const { seeded, links: [host] } = world;
  const released = () => seeded.total("seedReleased");
  await world.until(25);
  host.aheadMs = -5_000;
  await world.pass(6_000);
  assert.equal(host.isHolding, true);
  const before = released();
  assert.ok(before > 300);
  await world.pass(4_000);
  assert.equal(released(), before);
  host.aheadMs = 0;
  await world.pass(6_000);
  assert.equal(host.isHolding, false);
  const again = released();
  await world.pass(1_000);
  assert.ok(released() - again <= 2_000 / 20 + 1 && released() - again >= 90, `${released() - again}`);
  await world.pass(40_000);
  assert.equal(released(), 2_000, "nothing of it is lost");
});

Deno.test("a wave that is cut gives nothing, and one whose cut is rolled back by two goes on", async () => {
  const { world, director } = await stage();
  using _world = world;
  const { seeded, keys } = world;
  await world.until(25);
  await director.issue("cut", ["first"], { approvers: [keys.second] });
  await world.pass(500);
  const before = seeded.total("seedReleased");
  await world.pass(3_000);
  assert.equal(seeded.total("seedReleased"), before);
  assert.equal((await director.do("rollback")).kind, "proposed");
  await director.issue("rollback", [], { approvers: [keys.second] });
  await world.pass(40_000);
  assert.equal(seeded.total("seedReleased"), 2_000);
});

Deno.test("a show whose waves this host's tickets don't have is refused, and all that is wrong is said", async () => {
  const { world, director } = await stage();
  using _world = world;
  const [planned] = world.planned;
  const { console, folder } = director.open;
  const content = { ...folder.history(world.keys.trusted)[0].document };
  const odd = {
    ...content,
    plan: {
      ...content.plan,
      revision: 2,
      waves: [{ ...planned, lengthMs: 1_000 }, { ...planned, name: "strange" }],
    },
    waves: [content.waves[0], { ...content.waves[0], name: "strange" }],
  };
  await assert.rejects(
    () =>
      console.change({
        action: "odd",
        edit: () => {
          const {
            epoch: _e,
            number: _n,
            issuedMs: _i,
            activateMs: _a,
            approvals: _p,
            schemaVersion: _s,
            ...rest
          } = odd;
          return rest;
        },
        approvers: [world.keys.second],
        quorumPercent: 10,
        confirmMs: 3_000,
      }),
    /host-0 refuses it: wave strange: .*; wave first: takes 1000 ms, less than the 20000 ms/,
  );
});
