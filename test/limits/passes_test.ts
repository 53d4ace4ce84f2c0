/** Passes on a whole host in virtual time: what is shown, what counts, and that it counts before anything is won. */
import assert from "node:assert/strict";
import { Passes } from "../../core/token/pass.ts";
import { Tokens } from "../../core/token/token.ts";
import { Result } from "../../core/wire/codes.ts";
import { frames, Opcode1 } from "../../core/wire/v1/frames.ts";
import { MemoryLedger } from "../../core/ledger/judge/memory_ledger.ts";
import shake from "../../plugins/shake/mod.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import { World } from "../sim/sim_world.ts";

const rules = { keys: [{ id: 1, secret: new Uint8Array(16).fill(3) }], event: "gala" };
const tokens = new Tokens(rules);
const passes = new Passes(rules);
const LIMITS = { packetsPerUser: 3, packetsPerSponsor: 3 };
const THREE = [1, 2, 3].map((i) => [0x8020_0000 + i, 100, 1, 2]).flat();

function world(): World {
  return new World({
    tokenRules: rules,
    plugins: [{ plugin: shake, config: { sponsors: 1 } }],
    ledger: new MemoryLedger(LIMITS),
  });
}

/** A user logs in and shows a pass behind it, all in one go. */
function comes(
  world: World,
  user: number,
  awards: readonly number[] = [],
  change = (_pass: DataView) => {},
): SimPeer {
  const peer = world.connect();
  peer.login1(user, tokens.make(user, 9e15));
  if (awards.length > 0) show(peer, user, awards, change);
  return peer;
}

function show(
  peer: SimPeer,
  user: number,
  awards: readonly number[],
  change = (_pass: DataView) => {},
  by = passes,
) {
  peer.write((view, at) => {
    const size = by.write(view, at, 0, user, Uint32Array.from(awards));
    view.setUint16(at + 2, Opcode1.carry);
    change(new DataView(view.buffer, view.byteOffset + at, size));
    return size;
  });
}

Deno.test("who comes with three packets of another host wins none here, whoever else does", async () => {
  const w = world();
  await w.makePackets({ ratePerS: 50, total: 50, minFen: 1, maxFen: 1 });
  const [mover, other] = [comes(w, 7, THREE), comes(w, 8)];
  for (let i = 1; other.results1(Result.ok).length < 3; i++) {
    mover.shake1(i);
    other.shake1(i);
    w.pass(60);
    assert.ok(i < 200, "the other wins");
  }
  assert.equal(mover.results1(Result.ok).length, 0);
  assert.equal(w.total("passesTaken"), 1);
});

Deno.test("the pass with an award comes before its answer, and says all that its user has", async () => {
  const w = world();
  await w.makePackets({ ratePerS: 50, total: 50, minFen: 1, maxFen: 1 });
  const peer = comes(w, 7, THREE.slice(0, 4));
  w.until(() => peer.read(frames.pass).length === 1);
  let requestId = 0;
  for (let i = 1; i <= 2; i++) {
    while (peer.results1(Result.ok).length < i) {
      peer.shake1(++requestId);
      w.pass(60);
      assert.ok(requestId < 200, "they win");
    }
    const order = peer.frames.map(({ opcode }) => opcode).filter((opcode) =>
      opcode === Opcode1.pass || opcode === Opcode1.shakeResult
    );
    assert.deepEqual(order.slice(-2), [Opcode1.pass, Opcode1.shakeResult]);
    const { user, awards } = peer.read(frames.pass).at(-1)!;
    const ids = awards.filter((_, at) => at % 4 === 0);
    assert.deepEqual([user, ids.length], [7, 1 + i]);
    assert.ok(ids.includes(THREE[0]));
    const won = peer.results1(Result.ok).at(-1)!.getUint32(frames.shakeResult.at.packetId);
    assert.ok(ids.includes(won), "the new one too");
  }
  // A client that has lost its passes gets one with its next login.
  peer.abort();
  const again = comes(w, 7);
  w.until(() => again.read(frames.pass).length > 0);
  assert.equal(again.read(frames.pass)[0].awards.length, 3 * 4);
});

Deno.test("forged, damaged, another user's, another event's and too many passes are counted and change nothing", () => {
  const w = world();
  const wrong: [string, (pass: DataView) => void][] = [
    ["passesForged", (pass) => pass.setUint32(frames.carry.at.awards, 99)],
    ["passesOfOther", (pass) => pass.setUint32(frames.carry.at.user, 8)],
    ["passesUnknownKey", (pass) => pass.setUint32(frames.carry.at.keyId, 9)],
    ["passesDamaged", (pass) => pass.setUint32(frames.carry.at.count, 2)],
  ];
  for (const [metric, change] of wrong) {
    const peer = comes(w, 7, THREE, change);
    w.until(() => w.total(metric) === 1);
    assert.equal(peer.closeCause, undefined, metric);
  }
  const peer = comes(w, 7);
  show(peer, 7, THREE, () => {}, new Passes({ ...rules, event: "gala2" }));
  w.until(() => w.total("passesForged") === 2);
  assert.equal(w.total("passesTaken"), 0);
  for (let i = 0; i < 100; i++) show(peer, 7, THREE);
  w.until(() => w.total("passesTooMany") === 97);
  assert.deepEqual(
    [w.total("passesTaken"), w.total("passesKnown")],
    [1, 2],
    "four a connection are looked at",
  );
});

Deno.test("a pass that waits for the ledger still comes before anything that its connection wins", async () => {
  const w = world();
  await w.makePackets({ ratePerS: 100, total: 400, minFen: 1, maxFen: 1 });
  w.host.isLedgerStuck = true;
  // So many come at once that the ring is full.
  const crowd = Array.from({ length: 70 }, (_, i) => comes(w, 100 + i));
  w.pass(20);
  const mover = comes(w, 7, THREE);
  w.pass(20);
  assert.equal(w.total("passesTaken"), 0, "there is no place for it");
  w.host.isLedgerStuck = false;
  for (let i = 1; crowd[0].results1(Result.ok).length === 0; i++) {
    mover.shake1(i);
    crowd[0].shake1(i);
    w.pass(20);
    assert.ok(i < 400, "the other wins");
  }
  assert.deepEqual([mover.results1(Result.ok).length, w.total("passesTaken")], [0, 1]);
});
