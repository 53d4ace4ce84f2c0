/** SETs, the access loop and the plugin contract, whole, in virtual time. */
import assert from "node:assert/strict";
import { DEFER, definePlugin, z } from "../../core/plugin/plugin.ts";
import { CloseCause } from "../../core/engine/common/engine.ts";
import { ShakeResult } from "../../core/wire/codes.ts";
import shake from "../../plugins/shake/mod.ts";
import { World } from "../sim/sim_world.ts";

Deno.test("a login is answered with its user, and a shake with nothing while there is no packet", () => {
  const world = new World();
  const peer = world.user(42);
  assert.deepEqual(peer.answers[0], { opcode: 1, user: 42, result: 0, packetId: 0, amountFen: 0 });
  peer.shake(42);
  world.until(() => peer.answers.length === 2);
  assert.deepEqual(peer.answers[1], {
    opcode: 3,
    user: 42,
    result: ShakeResult.nothing,
    packetId: 0,
    amountFen: 0,
  });
  assert.equal(world.total("users"), 1);
});

Deno.test("user 0 is a user", () => {
  const world = new World();
  const peer = world.user(0).shake(0);
  world.until(() => peer.shakes.length === 1);
  peer.close();
  world.until(() => world.total("connections") === 0);
  assert.equal(world.total("users"), 0);
});

const BAD_FRAMES: [reason: string, metric: string, bytes: number[], afterLogin: boolean][] = [
  ["a frame too long", "closedFrameTooLong", [0, 17, 0, 2], true],
  ["a frame too short", "closedFrameTooShort", [0, 15, 0, 2], true],
  ["a length of 0", "closedFrameTooShort", [0, 0, 0, 2], true],
  ["an unknown opcode", "closedUnknownOpcode", [0, 16, 0, 99], true],
  ["a server's own opcode", "closedUnknownOpcode", [0, 20, 0, 1], true],
  ["a shake before the login", "closedLoginExpected", [0, 16, 0, 2, ...Array(12).fill(0)], false],
  ["a second login", "closedSecondLogin", [0, 16, 0, 0, ...Array(11).fill(0), 7], true],
  ["a shake of another user", "closedWrongUser", [0, 16, 0, 2, ...Array(11).fill(0), 8], true],
];
for (const [reason, metric, bytes, afterLogin] of BAD_FRAMES) {
  Deno.test(`${reason} closes that one connection with a counted reason`, () => {
    const world = new World();
    const bystander = world.user(1);
    const peer = afterLogin ? world.user(7) : world.connect();
    peer.send(bytes);
    world.until(() => peer.closeCause !== undefined);
    assert.equal(peer.hasEnded, true, "in good order");
    assert.equal(world.total(metric), 1);
    bystander.shake(1);
    world.until(() => bystander.shakes.length === 1);
  });
}

Deno.test("a claim of user 0 is the prototype's own; without a plugin for claims it is unknown", () => {
  const world = new World();
  const peer = world.user(7).claim(0, 1);
  world.until(() => peer.closeCause !== undefined);
  assert.equal(world.total("closedUnknownOpcode"), 1);
});

Deno.test("connections fill every seat of every SET of every worker, and nobody is lost", () => {
  const world = new World({ workers: 2, setsPerWorker: 3, seats: 10 });
  const peers = Array.from({ length: 60 }, () => world.client.dial());
  world.until(() => peers.every(({ isOpen }) => isOpen) && world.total("connections") === 60);
  for (let set = 0; set < 6; set++) {
    assert.equal(world.host.counters.block(set)[world.host.counters.layout.handle("connections")], 10);
  }
  const extra = world.connect();
  world.until(() => extra.closeCause !== undefined);
  assert.equal(extra.closeCause, CloseCause.closed, "turned away in good order");
  world.pass(1_500);
  assert.equal(world.total("engineRefusedPeers"), 1);
  peers[17].close();
  world.until(() => world.total("connections") === 59);
  world.user(99);
  assert.equal(world.total("connections"), 60);
});

Deno.test("a winner's reply waits for the ledger; a loser's doesn't", async () => {
  const world = new World();
  const [winner, loser] = [world.user(1), world.user(2)];
  world.host.isLedgerStuck = false;
  await world.makePackets({ ratePerS: 1_000, total: 1, minFen: 5, maxFen: 5 });
  winner.shake(1); // shows that somebody shakes here, so that the packet is dealt here
  await world.untilLeased();
  world.host.isLedgerStuck = true;
  const before = winner.shakes.length;
  winner.shake(1);
  loser.shake(2);
  world.until(() => loser.shakes.length === 1);
  world.pass(500);
  assert.equal(winner.shakes.length, before, "the winner isn't told what isn't durable");
  world.host.isLedgerStuck = false;
  world.until(() => winner.shakes.length === before + 1);
  const { result, amountFen, packetId } = winner.shakes.at(-1)!;
  assert.deepEqual([result, amountFen], [ShakeResult.won, 5]);
  assert.deepEqual(world.host.ledger.awardOf(packetId), { user: 1, amountFen: 5 });
});

Deno.test("a verdict for a connection that is gone reaches nobody, not even the next user of its number", async () => {
  const world = new World({ seats: 1 });
  const winner = world.user(1);
  await world.makePackets({ ratePerS: 1_000, total: 1, minFen: 5, maxFen: 5 });
  winner.shake(1);
  await world.untilLeased();
  world.host.isLedgerStuck = true;
  winner.shake(1);
  world.pass(100);
  winner.abort();
  world.until(() => world.total("connections") === 0);
  const next = world.user(2);
  world.host.isLedgerStuck = false;
  world.until(() => world.total("verdictsOrphaned") === 1);
  world.pass(100);
  assert.equal(next.answers.length, 1, "only its own login's answer");
  assert.equal(world.total("shakeWon"), 1, "the packet is the first user's all the same");
});

Deno.test("a peer that ends while its award is judged has its answer before the end", async () => {
  const world = new World();
  const winner = world.user(1);
  await world.makePackets({ ratePerS: 1_000, total: 1, minFen: 5, maxFen: 5 });
  winner.shake(1);
  await world.untilLeased();
  world.host.isLedgerStuck = true;
  const before = winner.shakes.length;
  winner.shake(1).close();
  world.pass(500);
  assert.equal(world.total("connections"), 1, "still held for the answer");
  world.host.isLedgerStuck = false;
  world.until(() => world.total("connections") === 0);
  assert.equal(world.total("shakeWon"), 1);
  assert.equal(winner.shakes.length, before, "a peer that has closed reads no more");
});

Deno.test("a full ring to the ledger costs no packet", async () => {
  const world = new World({ ringEntries: 2 });
  const peers = Array.from({ length: 10 }, (_, i) => world.user(i));
  await world.makePackets({ ratePerS: 10_000, total: 10, minFen: 5, maxFen: 5 });
  peers[0].shake(0);
  await world.untilLeased();
  world.host.isLedgerStuck = true;
  peers.forEach((peer, i) => peer.shake(i));
  world.until(() => world.total("shakeLedgerFull") > 0);
  world.host.isLedgerStuck = false;
  for (let round = 0; round < 100 && world.total("shakeWon") < 10; round++) {
    peers.forEach((peer, i) => peer.shake(i));
    world.pass(100);
  }
  assert.equal(world.total("shakeWon"), 10, "every packet is won in the end");
});

Deno.test("a drain waits for the ledger, and takes nobody new", async () => {
  const world = new World({ workers: 2 });
  const winner = world.user(1);
  await world.makePackets({ ratePerS: 1_000, total: 1, minFen: 5, maxFen: 5 });
  winner.shake(1);
  await world.untilLeased();
  world.host.isLedgerStuck = true;
  const before = winner.shakes.length;
  winner.shake(1);
  world.pass(100);
  world.host.order({ type: "drain" });
  world.pass(100);
  const drained = () => world.host.reports.filter(({ type }) => type === "drained").length;
  assert.equal(drained(), 1, "the worker with nothing open is done");
  world.host.isLedgerStuck = false;
  world.until(() => drained() === 2 && winner.shakes.length === before + 1);
  world.connect();
  world.pass(100);
  assert.equal(world.total("connections"), 1);
});

Deno.test("a plugin that throws is disabled for its SET; its users stay", () => {
  const faulty = definePlugin({
    name: "faulty",
    config: z.strictObject({}),
    create: () => ({
      frames: {
        0x200: {
          bytes: 12,
          handle: () => {
            throw new TypeError("oh no");
          },
        },
      },
    }),
  });
  const world = new World({ plugins: [{ plugin: shake }, { plugin: faulty }] });
  const peer = world.user(3).send([0, 12, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  world.until(() => world.host.reports.length > 0);
  const [report] = world.host.reports;
  assert.ok(report.type === "pluginFailed" && report.plugin === 1 && report.error.includes("oh no"));
  peer.send([0, 12, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]).shake(3);
  world.until(() => peer.shakes.length === 1);
  assert.equal(world.total("pluginFailures"), 1);
});

Deno.test("an opcode that two plugins claim is refused at boot", () => {
  const other = definePlugin({
    name: "other",
    config: z.strictObject({}),
    create: () => ({ frames: { 2: { bytes: 16, handle: () => DEFER } } }),
  });
  assert.throws(
    () => new World({ plugins: [{ plugin: shake }, { plugin: other }] }),
    /plugin other: opcode 2 belongs to shake already/,
  );
});

Deno.test("control is answered, and a wall clock that steps is counted", () => {
  const world = new World();
  world.host.order({ type: "ping", sentMs: 5 });
  world.until(() => world.host.reports.length === 1);
  assert.deepEqual(world.host.reports[0], { type: "pong", sentMs: 5 });
  world.network.clock.stepWall(-5_000);
  world.pass(2_500);
  assert.equal(world.total("wallSteps"), 1);
});
