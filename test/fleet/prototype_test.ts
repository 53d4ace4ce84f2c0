/** The fleet against a server with the public prototype's habits, in virtual time. */
import assert from "node:assert/strict";
import { Random } from "../../core/base/random.ts";
import { assertSums, World } from "../sim/fleet_world.ts";
import { PrototypeServer } from "./prototype_server.ts";

const USERS = 2_000;
const PACKET_FEN = 123;
const FIRST_PACKET = 0x100000;
const FIRST_SENT = 0x200000;

function meet(qps: number, users = USERS) {
  let server!: PrototypeServer;
  const world = new World({ users, qps, attach: (engine) => server = new PrototypeServer(engine) });
  world.runUntil(() => world.total("usersReady") === users);
  return { world, server };
}

Deno.test("60 s at 1,000/s: every win and every share counts, nobody is disconnected, every shake is answered", () => {
  const { world, server } = meet(1_000);
  const random = new Random(1);
  let made = 0;
  for (let second = 0; second < 60; second++) {
    server.makePackets(FIRST_PACKET + made, 100, PACKET_FEN);
    made += 100;
    for (let i = 0; i < 20; i++) {
      const named = [0, 1, 2].map(() => random.below(USERS)) as [number, number, number];
      server.sendPacket(FIRST_SENT + 20 * second + i, 300, named);
    }
    world.pass(1_000);
  }
  world.runUntil(() => server.waiting === 0, 60_000);
  world.fleet.obey({ order: "rate", qps: 0 });
  world.pass(10_000);
  const { shakesWon, awardsLate, amountWonFen, disconnects, noticesReceived, ...seen } = world.all;
  assert.equal(server.given.won, 6_000);
  assert.deepEqual([shakesWon + awardsLate, amountWonFen], [6_000, 6_000 * PACKET_FEN]);
  assert.deepEqual([disconnects, seen.awardsDouble, seen.awardsRepeated], [0, 0, 0]);
  assert.equal(server.logins.length, USERS);
  assert.deepEqual([noticesReceived, server.given.notices], [3 * 1_200, 3 * 1_200]);
  assert.equal(seen.amountClaimedFen, server.given.sharesFen);
  assert.equal(seen.shakesSent, server.shakes.length);
  assert.ok(seen.shakesSent >= 60_000 - USERS);
  // Until the first notice that names others, one that names its user is taken for one beside answers.
  const given = seen.shakesGivenUp;
  assert.equal(seen.shakesAnswered, seen.shakesSent - given);
  assert.equal(seen.shakesNoticed, noticesReceived - given);
  assert.ok(given <= 3, `${given} shakes given up`);
  assert.equal(seen.shakesOutstanding, 0);
  assertSums(world);
});

Deno.test("an overloaded one refuses with the user's own id; user 0 is right too, with wins and without", () => {
  const { world, server } = meet(100, 10);
  server.makePackets(FIRST_PACKET, 256, 10);
  server.isOverloaded = true;
  world.pass(1_000);
  server.isOverloaded = false;
  world.pass(2_000);
  assert.equal(world.total("shakesOverloaded"), server.given.overloads);
  assert.ok(server.given.overloads >= 99);
  assert.equal(world.total("shakesWon"), 10, "each of ten users has a bucket of their own");
  assert.equal(world.total("disconnects"), 0);
  assertSums(world);
});

Deno.test("claims that it never answers are counted as lost after a while", () => {
  const { world, server } = meet(10, 10);
  for (let i = 0; i < 5; i++) server.sendPacket(FIRST_SENT, 0, [256, 257, 258]);
  world.pass(10_000);
  assert.equal(server.given.claimsUnanswered, 12, "of 15 claims of a packet of three shares");
  assert.equal(world.total("claimsAnswered"), 3);
  world.pass(40_000);
  assert.equal(world.total("claimsLost"), 12);
  assert.equal(world.total("claimsSent"), world.total("claimsAnswered") + world.total("claimsLost"));
});
