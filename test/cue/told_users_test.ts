/** Users hear of a cue and a policy: each once, in good time and never all at once. On a host in virtual time. */
import assert from "node:assert/strict";
import { CueState } from "../../core/wire/codes.ts";
import { frames, Opcode1 } from "../../core/wire/v1/frames.ts";
import { testShow } from "../../core/show/testing.ts";
import cue from "../../plugins/cue/mod.ts";
import seed from "../../plugins/seed/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import { planOf, SeedWorld, WALL_MS } from "../seed/seed_world.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import { World } from "../sim/sim_world.ts";

const USERS = 300;
/** A change has reached everybody after so long. */
const ALL_TOLD_MS = 5_000;

function worldOf(config: Record<string, unknown> = {}, seats = USERS): World {
  return new World({ plugins: [{ plugin: shake }, { plugin: cue, config }], seats });
}

function crowd(world: World, count = USERS): SimPeer[] {
  const peers = Array.from({ length: count }, (_, user) => world.client.dial().login1(user));
  world.until(() => peers.every((peer) => peer.of(Opcode1.loginResult).length === 1));
  return peers;
}

const told = (peer: SimPeer) => peer.of(Opcode1.policy).length;
const POLICY = { minShakeMs: 5_000, jitterMs: 1_000, retryFirstMs: 2_000, retryMostMs: 30_000 };

Deno.test("a change reaches every user of version 1 within 5 s, once, evenly, and none of version 0", async () => {
  const world = worldOf({}, USERS + 1);
  const old = world.user(USERS);
  const peers = crowd(world);
  await world.host.request("post", "/policy", POLICY);
  const heard: number[] = [];
  for (let ms = 0; ms < ALL_TOLD_MS; ms += 100) {
    const before = peers.reduce((sum, peer) => sum + told(peer), 0);
    world.pass(100);
    heard.push(peers.reduce((sum, peer) => sum + told(peer), 0) - before);
  }
  assert.ok(peers.every((peer) => told(peer) === 1), "everybody, and nobody twice");
  const even = USERS / (4_500 / 100);
  assert.ok(Math.max(...heard) <= 2 * even, `never in a burst: ${heard.join(" ")}`);
  world.pass(ALL_TOLD_MS);
  assert.ok(peers.every((peer) => told(peer) === 1), "and nothing after that");
  assert.equal(old.frames.length, 0);
  const [said] = peers[0].read(frames.policy);
  assert.deepEqual(said, { epoch: 0, number: 1, ...POLICY });
  assert.equal(peers[0].of(Opcode1.cue).length, 0, "what was never ordered is not said");
  assert.equal(world.total("cueToldInTurn"), USERS);
  assert.equal(world.total("cueSetsTelling"), 0);
});

Deno.test("who asks anything hears with the answer, also one that is told overloaded", async () => {
  const plugins = [{ plugin: throttle, config: TIGHT }, { plugin: shake }, { plugin: cue }];
  const world = new World({ plugins, seats: USERS });
  const peers = crowd(world);
  await world.host.request("post", "/policy", POLICY);
  world.pass(50);
  const last = peers.filter((peer) => told(peer) === 0).slice(0, 20);
  assert.equal(last.length, 20, "their turn has not come");
  for (const peer of last) peer.shake1(1).shake1(2);
  world.until(() => last.every((peer) => peer.of(Opcode1.shakeResult).length === 2));
  assert.ok(last.every((peer) => told(peer) === 1), "with the first answer, and not with the second");
  world.pass(ALL_TOLD_MS);
  assert.ok(peers.every((peer) => told(peer) === 1), "and not again in their turn");
  assert.equal(world.total("cueToldWithAnswer"), last.length);
});

/** One frame of a connection, and then "overloaded". */
const TIGHT = { connectionPerS: 0.01, connectionBurst: 1 };

Deno.test("who logs in later hears at once, also on a connection that somebody else had", async () => {
  const world = worldOf({ minShakeMs: 3_000 }, 10);
  await world.host.request("post", "/cue", { inS: 60, lengthS: 20, resource: 7001, wave: 2 });
  world.pass(10);
  for (let round = 0; round < 3; round++) {
    const peers = crowd(world, 10);
    world.until(() => peers.every((peer) => told(peer) === 1 && peer.of(Opcode1.cue).length === 1));
    const [said] = peers[0].read(frames.cue);
    assert.equal(said.state, CueState.planned);
    assert.deepEqual([said.wave, said.resource, said.lengthMs], [2, 7001, 20_000]);
    for (const peer of peers) peer.close();
    world.until(() => peers.every(({ closeCause }) => closeCause !== undefined));
  }
  assert.equal(world.total("cueToldAtLogin"), 30);
});

Deno.test("of several changes in a row users hear the last, and none is left out", async () => {
  const world = worldOf();
  const peers = crowd(world);
  for (let change = 1; change <= 5; change++) {
    await world.host.request("post", "/policy", { minShakeMs: change * 1_000 });
    world.pass(700);
  }
  world.pass(ALL_TOLD_MS);
  for (const peer of peers) {
    const { minShakeMs, number } = peer.read(frames.policy).at(-1)!;
    assert.deepEqual([minShakeMs, number], [5_000, 5]);
  }
});

Deno.test("a held cue and none are said as such, and a wrong order is refused with what is wrong", async () => {
  const world = worldOf();
  const [peer] = crowd(world, 1);
  for (const state of ["held", "none"]) await world.host.request("post", "/cue", { state });
  world.pass(ALL_TOLD_MS);
  assert.deepEqual(peer.read(frames.cue).map(({ state }) => state), [CueState.none]);
  for (const body of [{}, { inS: 1 }, { inS: 1, start: at(1), lengthS: 1 }, { state: "held", inS: 1 }]) {
    await assert.rejects(world.host.request("post", "/cue", body), /a planned cue has lengthS and one of/);
  }
});

const at = (seconds: number) => new Date(WALL_MS + seconds * 1000).toISOString();

Deno.test("with cue.waves users follow the waves of a seed file as they are moved, paused, resumed and stopped", async () => {
  using world = new SeedWorld(planOf(40), {
    plugins: [{ plugin: shake }, { plugin: seed }, { plugin: cue, config: { waves: true } }],
  });
  const peer = await world.user1(1);
  const last = async () => {
    await world.pass(ALL_TOLD_MS);
    const { state, wave, startMs, lengthMs } = peer.read(frames.cue).at(-1)!;
    return { state, wave, startS: (startMs - WALL_MS) / 1000, lengthS: lengthMs / 1000 };
  };
  assert.deepEqual(await last(), { state: CueState.planned, wave: 1, startS: 2, lengthS: 20 });
  await world.order("move", { wave: "first", start: at(30) });
  assert.deepEqual(await last(), { state: CueState.planned, wave: 1, startS: 30, lengthS: 20 });
  await world.order("pause", { wave: "first" });
  assert.equal((await last()).state, CueState.held);
  await world.order("resume", { wave: "first" });
  assert.deepEqual(await last(), { state: CueState.planned, wave: 1, startS: 30, lengthS: 20 });
  await world.order("stop", { wave: "first" });
  assert.deepEqual(await last(), { state: CueState.planned, wave: 2, startS: 60, lengthS: 10 });
  await world.pass(62_000 - world.second * 1000);
  await world.order("stop", { wave: "second" });
  assert.equal((await last()).state, CueState.held, "cut in the middle, with none to come");
});

Deno.test("a show says all that users are told, with its version; a newer one that says the same is no news", async () => {
  const world = worldOf({ minShakeMs: 1_000 });
  const [peer] = crowd(world, 1);
  const last = () => {
    world.pass(ALL_TOLD_MS);
    return { cue: peer.read(frames.cue).at(-1), policy: peer.read(frames.policy).at(-1) };
  };
  assert.equal(last().policy!.minShakeMs, 1_000);
  const policy = { minShakeIntervalMs: 4_000, jitterMs: 500, retry: { firstMs: 900, mostMs: 9_000 } };
  const show = testShow({ epoch: 2, number: 5, policy }, WALL_MS);
  show.plan.waves[0].resource = 7001;
  world.host.halves.onShow(show);
  const version = { epoch: 2, number: 5 };
  const said = last();
  assert.deepEqual(said.policy, {
    ...version,
    minShakeMs: 4_000,
    jitterMs: 500,
    retryFirstMs: 900,
    retryMostMs: 9_000,
  });
  assert.deepEqual(said.cue, {
    ...version,
    state: CueState.planned,
    wave: 1,
    resource: 7001,
    startMs: WALL_MS + 100_000,
    lengthMs: 50_000,
  });
  const told = peer.frames.length;
  world.host.halves.onShow({ ...show, number: 6, level: 1 });
  last();
  assert.equal(peer.frames.length, told);
  world.host.halves.onShow({ ...show, number: 7, heldMs: WALL_MS });
  assert.deepEqual([last().cue!.state, last().cue!.number], [CueState.held, 7]);
  const waves = show.waves.map((wave, i) => ({ ...wave, delayMs: i === 0 ? 40_000 : 0 }));
  world.host.halves.onShow({ ...show, number: 8, waves, policy: null });
  assert.equal(last().cue!.startMs, WALL_MS + 140_000);
  assert.equal(last().policy!.minShakeMs, 1_000, "without a policy of the show the config's counts");
  for (const [path, body] of [["/cue", { state: "held" }], ["/policy", {}]] as const) {
    await assert.rejects(world.host.request("post", path, body), /show 2\.8 says what users are told/);
  }
});

Deno.test("a show's manifest is told to each user once, with one depot of several; another cue doesn't tell it again", async () => {
  const world = worldOf({}, 9);
  const peers = crowd(world, 6);
  const resources = {
    version: 7,
    sha256: "0123456789abcdef".repeat(4),
    where: ["http://a.example", "http://b.example:8080/x", `http://${"c".repeat(113)}`],
  };
  const show = testShow({ epoch: 2, number: 5, resources }, WALL_MS);
  world.host.halves.onShow(show);
  world.pass(ALL_TOLD_MS);
  const heard = (peer: SimPeer) =>
    peer.read(frames.resources).map((said) => ({ ...said, sha256: said.sha256.toHex() }));
  const { version, sha256, where } = resources;
  peers.forEach((peer, user) =>
    assert.deepEqual(heard(peer), [{ epoch: 2, number: 5, version, sha256, url: where[user % 3] }])
  );
  world.host.halves.onShow({ ...show, number: 6, heldMs: WALL_MS });
  // In its turn or with an answer: what is known isn't told again.
  peers[0].shake1(1);
  world.pass(ALL_TOLD_MS);
  assert.deepEqual(
    peers.map((peer) => [heard(peer).length, peer.of(Opcode1.cue).length]),
    peers.map(() => [1, 2]),
  );
  const late = world.client.dial().login1(8);
  world.until(() => late.of(Opcode1.resources).length === 1);
  assert.equal(heard(late)[0].url, where[2]);
  // Between two turns of a change: who hadn't heard of the manifest hears of it with the next one.
  const next = { ...show, number: 7, resources: { ...resources, version: 8 } };
  world.host.halves.onShow(next);
  world.pass(100);
  world.host.halves.onShow({ ...next, number: 8, heldMs: WALL_MS });
  world.pass(ALL_TOLD_MS);
  assert.deepEqual(peers.map((peer) => heard(peer).map((one) => one.version)), peers.map(() => [7, 8]));
  world.host.halves.onShow({ ...next, number: 9, resources: null });
  world.pass(ALL_TOLD_MS);
  assert.deepEqual(peers.map((peer) => heard(peer).at(-1)!.version), peers.map(() => 0), "nothing more");
  const status = await world.host.request("get", "/cue", undefined) as { resources: { version: number } };
  assert.equal(status.resources.version, 0);
});

Deno.test("a connection that was another SET's user's a moment ago is told once, by its own SET", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const plugins = [{ plugin: shake }, { plugin: cue }];
    const world = new World({ plugins, setsPerWorker: 4, seats: 10, seed }, {}, seed);
    const gone = crowd(world, 35);
    for (const peer of gone) peer.close();
    world.until(() => gone.every(({ closeCause }) => closeCause !== undefined));
    const peers = crowd(world, 20);
    await world.host.request("post", "/policy", POLICY);
    world.pass(ALL_TOLD_MS);
    assert.deepEqual(peers.map(told), peers.map(() => 1), `seed ${seed}`);
  }
});
