/** Wall clocks that are set forward and back, over restarts: what can be claimed is told, and hasn't gone back. */
import assert from "node:assert/strict";
import { SimNetwork } from "../../core/engine/sim/network.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { Random } from "../../core/base/random.ts";
import { Result } from "../../core/wire/codes.ts";
import send from "../../plugins/send/mod.ts";
import { at, planOf } from "../seed/seed_world.ts";
import { StoredSeedWorld } from "../seed/stored_seed_world.ts";
import { SendUser } from "../send/send_world.ts";
import { SimClient } from "../sim/sim_client.ts";
import { SimHost } from "../../core/world/host/sim_host.ts";
import { SimStore } from "../sim/sim_store.ts";

const EXPIRES_S = 60;
const SENDER = 1;
/** The rows of a host that ends say its time so long ago at most, and a packet lives so much longer. */
const KEPT_MS = 61_000;

interface Sent {
  readonly packetId: number;
  readonly recipient: number;
  /** How long the host has been up since. */
  ageMs: number;
  /** By how much it may have forgotten that. */
  forgottenMs: number;
}

/** A host that comes and goes on one ledger, its clock in anybody's hands. */
class SteppedWorld {
  readonly network: SimNetwork;
  readonly client: SimClient;
  readonly store = new SimStore(new Random(1));
  readonly sent: Sent[] = [];
  host: SimHost;
  // Made by `#start`.
  declare ledger: StoredLedger;

  constructor(seed: number) {
    this.network = new SimNetwork(seed, {});
    this.client = new SimClient(this.network);
    this.host = this.#start();
  }

  #start(): SimHost {
    const { judge } = openJudge(this.store, undefined, NO_LIMITS);
    return new SimHost(this.network, {
      plugins: [{ plugin: send, config: { expiresS: EXPIRES_S } }],
      workers: 2,
      setsPerWorker: 2,
      ringEntries: 512,
      ledger: this.ledger = new StoredLedger(judge, this.store, this.network.clock),
    });
  }

  /** @param ms how long it is down */
  async restart(ms: number, stepMs: number, isKilled: boolean): Promise<void> {
    if (!isKilled) this.ledger.close();
    this.host.kill();
    this.network.at(this.network.clock.monotonicMs() + ms, () => {});
    const untilMs = this.network.clock.monotonicMs() + ms;
    this.network.run([this.client], () => this.network.clock.monotonicMs() >= untilMs, untilMs);
    this.network.clock.stepWall(stepMs);
    for (const one of this.sent) one.forgottenMs += isKilled ? KEPT_MS : 0;
    this.host = this.#start();
    await this.pass(100);
  }

  async pass(ms: number): Promise<void> {
    const { clock } = this.network;
    const startMs = clock.monotonicMs();
    for (const untilMs = startMs + ms; clock.monotonicMs() < untilMs;) {
      const nextMs = Math.min(untilMs, clock.monotonicMs() + 100);
      this.network.at(nextMs, () => {});
      this.network.run([this.host, this.client], () => clock.monotonicMs() >= nextMs, nextMs);
      for (let i = 0; i < 6; i++) await Promise.resolve();
    }
    for (const one of this.sent) one.ageMs += clock.monotonicMs() - startMs;
  }

  async login(id: number): Promise<SendUser> {
    const user = new SendUser(this.client.dial(), id);
    await this.pass(300);
    assert.ok(user.isIn);
    return user;
  }

  async send(recipient: number, requestId: number): Promise<void> {
    const user = (await this.login(SENDER)).send(10, { to: [recipient], requestId });
    await this.pass(300);
    assert.equal(user.sent[0].result, Result.ok);
    const shownMs = user.sent[0].expiresMs - this.network.clock.wallMs();
    assert.ok(Math.abs(shownMs - EXPIRES_S * 1000) < 1_000, `the sender is shown ${shownMs} ms from now`);
    this.sent.push({ packetId: user.sent[0].packetId, recipient, ageMs: 300, forgottenMs: 0 });
    user.peer.abort();
  }

  /** Logs the recipient in: told, claimable and not gone back must be one. */
  async settle(one: Sent, where: string): Promise<void> {
    const user = await this.login(one.recipient);
    const isTold = user.notices.includes(one.packetId);
    const marginMs = 2_000;
    if (one.ageMs < EXPIRES_S * 1000 - marginMs) assert.ok(isTold, `${where}: alive, and not told`);
    if (one.ageMs > EXPIRES_S * 1000 + one.forgottenMs + marginMs) {
      assert.ok(!isTold, `${where}: told, and over`);
    }
    user.claim(one.packetId);
    await this.pass(300);
    const isPaid = user.claims[0].result === Result.ok;
    const isMargin = Math.abs(one.ageMs - EXPIRES_S * 1000) < one.forgottenMs + marginMs;
    if (!isMargin) assert.equal(isPaid, isTold, `${where}: told ${isTold}, paid ${isPaid}`);
    user.peer.abort();
    this.sent.splice(this.sent.indexOf(one), 1);
  }
}

Deno.test("clock steps over restarts: what can be claimed is told, and hasn't gone back", async () => {
  let [lived, died] = [0, 0];
  for (let seed = 1; seed <= 12; seed++) {
    const random = new Random(seed);
    const world = new SteppedWorld(seed);
    await world.pass(100);
    const fund = world.host.request("post", "/fund", { users: [SENDER, SENDER], amountFen: 100_000 });
    await world.pass(500);
    await fund;
    for (let step = 0; step < 60; step++) {
      const where = `seed ${seed}, step ${step}`;
      const stepMs = random.between(-400, 400) * 1_000 * (random.below(3) === 0 ? 1_000 : 1);
      const chance = random.float();
      if (chance < 0.3) await world.send(100 + step, 1 + step);
      else if (chance < 0.45) world.network.clock.stepWall(stepMs);
      else if (chance < 0.6) {
        await world.restart(random.between(0, 300_000), stepMs, random.below(2) === 0);
      } else if (chance < 0.85) await world.pass(random.between(0, 60_000));
      else if (world.sent.length > 0) {
        const one = world.sent[random.below(world.sent.length)];
        if (one.ageMs < EXPIRES_S * 1000) lived++;
        else died++;
        await world.settle(one, where);
      }
    }
    await world.pass(EXPIRES_S * 1000 + 70 * KEPT_MS);
    assert.equal(world.ledger.balances().packetFen, 0, `seed ${seed}: all that is over went back`);
  }
  assert.ok(lived > 20 && died > 10, `${lived} were settled in time and ${died} after`);
});

Deno.test("a wave that a clock has skipped isn't over after a restart either", async () => {
  const waves = [{ name: "first", start: at(2), lengthS: 20, leftover: "return" as const }];
  using world = new StoredSeedWorld(planOf(1_000, { waves }));
  await world.pass(6_000);
  world.network.clock.stepWall(100_000);
  await world.pass(1_000);
  world.kill();
  await world.pass(5_000);
  world.start();
  await world.pass(1_000);
  assert.equal((await world.waves())[0].isClosed, false);
  const peer = await world.user(1);
  const before = world.total("shakeWon");
  await world.pass(1_000, () => peer.shake(1));
  assert.ok(world.total("shakeWon") > before, "its packets can still be won");
  await world.pass(110_000);
  assert.equal((await world.waves())[0].isClosed, true, "in the end they go back");
});
