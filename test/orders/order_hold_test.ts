/** A host whose clock is off brings no packets of any order, says so, and goes on with all of them later, in virtual time. */
import assert from "node:assert/strict";
import { SimNetwork } from "../../core/engine/sim/network.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { RowField } from "../../core/ledger/record/entry_rows.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { Random } from "../../core/base/random.ts";
import send from "../../plugins/send/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import { SimClient, type SimPeer } from "../sim/sim_client.ts";
import { SimHost } from "../../core/world/host/sim_host.ts";
import { SimStore } from "../sim/sim_store.ts";

const PACKETS = { ratePerS: 100, total: 500, minFen: 1, maxFen: 500, sponsors: 3 };
const SENDS = { ratePerS: 50, total: 100, users: [0, 50], amountFen: 30 };
/** What is leased comes back within this, and is won no more. */
const LEASE_MS = 300;

/** A host that shakers win from, on a store that outlives it. */
class HeldWorld {
  readonly network = new SimNetwork(1, {});
  readonly store = new SimStore(new Random(1));
  readonly client = new SimClient(this.network);
  host!: SimHost;
  #shaker!: SimPeer;

  constructor() {
    this.start();
  }

  start(): void {
    const { judge } = openJudge(this.store, undefined, NO_LIMITS);
    this.host = new SimHost(this.network, {
      plugins: [{ plugin: shake }, { plugin: send }],
      ledger: new StoredLedger(judge, this.store, this.network.clock),
    });
    this.#shaker = this.client.dial().login(1);
  }

  kill(): void {
    this.host.kill();
    this.store.close();
  }

  async pass(ms: number): Promise<void> {
    const { clock } = this.network;
    for (const untilMs = clock.monotonicMs() + ms; clock.monotonicMs() < untilMs;) {
      this.#shaker.shake(1);
      const nextMs = clock.monotonicMs() + 5;
      this.network.at(nextMs, () => {});
      this.network.run([this.host, this.client], () => clock.monotonicMs() >= nextMs);
      for (let i = 0; i < 6; i++) await Promise.resolve();
    }
  }

  async order(path: string, body: unknown): Promise<{ order: number; held: boolean; repeated: boolean }> {
    let answer: unknown;
    this.host.request("post", path, body, { "idempotency-key": "once" }).then((said) => answer = said);
    while (answer === undefined) await this.pass(5);
    return answer as { order: number; held: boolean; repeated: boolean };
  }

  count(kind: number): number {
    return this.store.rows.filter((row) => row[RowField.kind] === kind).length;
  }

  get packets(): { held: boolean; won: number; sent: number } {
    const { isHeld } = this.host.halves.status().shake as { isHeld: boolean };
    return { held: isHeld, won: this.count(EntryKind.award), sent: this.count(EntryKind.send) };
  }
}

Deno.test("while its clock is off a host brings nothing of any order, over a restart too; then all of it, at its rate", async () => {
  const world = new HeldWorld();
  const first = await world.order("/packets", PACKETS);
  const sends = await world.order("/sends", SENDS);
  assert.deepEqual([first.held, sends.held], [false, false]);
  await world.pass(1_000);
  const before = world.packets;
  assert.ok(before.won > 50 && before.sent > 20, JSON.stringify(before));

  world.host.halves.isHolding = true;
  await world.pass(LEASE_MS);
  const held = world.packets;
  const made = world.count(EntryKind.mint);
  await world.pass(5_000);
  assert.deepEqual(world.packets, { ...held, held: true }, "nothing is won or sent");
  assert.equal(world.count(EntryKind.mint), made, "and nothing is made");
  const { held: isSaid, orders } = world.host.halves.orders.list() as { held: boolean; orders: unknown[] };
  assert.deepEqual([isSaid, orders.length], [true, 2]);

  // It dies; whoever asks again meanwhile hears of the same order, which is held.
  world.kill();
  world.start();
  world.host.halves.isHolding = true;
  const again = await world.order("/packets", PACKETS);
  assert.deepEqual([again.order, again.repeated, again.held], [first.order, true, true]);
  const later = await world.order("/sends", SENDS);
  assert.equal(later.held, true);
  await world.pass(3_000);
  assert.deepEqual(world.packets, { ...held, held: true });

  world.host.halves.isHolding = false;
  await world.pass(1_000);
  const grown = world.packets.won - held.won;
  assert.ok(grown > 50 && grown <= 130, `${grown} in the first second: no faster than ordered`);
  await world.pass(10_000);
  assert.deepEqual(world.packets, { held: false, won: PACKETS.total, sent: SENDS.total });
  openJudge(world.store, undefined, NO_LIMITS).judge.check();
});

Deno.test("an order that comes while the clock is off is durable at once, and begins when it is right", async () => {
  const world = new HeldWorld();
  world.host.halves.isHolding = true;
  const { order, held } = await world.order("/packets", PACKETS);
  assert.equal(held, true);
  assert.equal(world.count(EntryKind.order), 1);
  await world.pass(2_000);
  assert.equal(world.count(EntryKind.mint), 0);
  world.host.halves.isHolding = false;
  await world.pass(8_000);
  assert.equal(world.packets.won, PACKETS.total);
  assert.equal((await world.order("/packets", PACKETS)).order, order);
});
