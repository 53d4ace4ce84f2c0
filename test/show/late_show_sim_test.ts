/** A whole late show in virtual time, by seeds: moved twice, held, its console killed and taken over, a path lost, cut. */
import assert from "node:assert/strict";
import type { PlanInput } from "../../core/seed/plan/plan_schema.ts";
import { at, planOf } from "../seed/seed_world.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import { ConsoleKilled, ShowWorld } from "./show_world.ts";

const FAULTS = { delayMs: 2, jitterMs: 60, lost: 0.05, repeated: 0.05 };
const WAVES: PlanInput["waves"] = [
  { name: "first", start: at(30), lengthS: 20 },
  { name: "second", start: at(100), lengthS: 10 },
  { name: "third", start: at(150), lengthS: 10 },
];
/** 900 tickets of 20 fen: a third in each wave. */
const PLAN = planOf(900, { sponsors: planOf(1_800).sponsors.slice(0, 1), waves: WAVES });

async function shakers(world: ShowWorld): Promise<SimPeer[]> {
  const peers = await Promise.all([1, 2, 3].map((id) => world.seeded.user(id)));
  let ms = 0;
  world.everyStep = () => {
    if ((ms += 10) % 20 === 0) peers.forEach((peer, i) => peer.shake(i + 1));
  };
  return peers;
}

for (const seed of [1, 2, 3, 4, 5]) {
  Deno.test(`a late show, seed ${seed}: the budgets are exact, whatever dies on the way`, async () => {
    using world = new ShowWorld(PLAN, seed, FAULTS);
    const { keys, seeded, links, networks } = world;
    const wonAt: number[] = [];
    const first = world.console(keys.director);
    const note = () => {
      while (wonAt.length < seeded.ledger.judgeOf.awards) wonAt.push(seeded.second);
    };
    await first.issue("init", [], { waves: world.planned, approvers: [keys.second] });
    await world.until(5);
    await first.issue("shift", ["+20s"]);
    await first.issue("shift", ["+10s"]);
    await world.until(20);
    // Between two documents the host itself starts anew.
    await world.restartHost(3_000);
    await world.until(40);
    await shakers(world);
    const step = world.everyStep;
    world.everyStep = () => {
      step();
      note();
    };
    await world.until(59.9);
    assert.equal(wonAt.length, 0, "moved twice, by 30 s: nothing before 60");
    await world.until(70);
    await first.issue("hold");
    await world.until(72);
    const wonHeld = seeded.ledger.judgeOf.awards;
    // Its console dies in the middle of the next word: before anybody could hear it, or after.
    first.diesInSteps = Math.floor(world.random.float() * 30) + 5;
    const died = await first.do("go").then(() => false, (error) => error instanceof ConsoleKilled);
    first.kill();
    networks[seed % 2].isDown = true;
    await world.until(85);
    const wasSaid = links[0].agent!.newest!.document.heldMs === null;
    assert.ok(died || wasSaid);
    if (!wasSaid) assert.equal(seeded.ledger.judgeOf.awards, wonHeld, "held is held");
    const second = world.console(keys.second);
    const taken = await second.issue("takeover");
    assert.equal(taken.show.document.heldMs === null, wasSaid, "what it had said stands, and nothing else");
    const last = wasSaid ? taken : await second.issue("go", [], { atMs: world.clock.wallMs() + 5_000 });
    networks[seed % 2].isDown = false;
    await world.until(96);
    await world.restartHost(1_000);
    await shakers(world);
    const again = world.everyStep;
    world.everyStep = () => {
      again();
      note();
    };
    // The third wave is cut, by two.
    const cut = await second.do("cut", ["second"], {});
    assert.equal(cut.kind, "proposed");
    await second.issue("cut", ["second"], { approvers: [keys.director] });
    await world.until(260);

    const stoodS = (last.show.document.waves[2].delayMs - 30_000) / 1_000;
    assert.ok(stoodS > 2, `${stoodS}`);
    assert.ok(
      last.show.document.waves.every(({ delayMs }) => delayMs === last.show.document.waves[0].delayMs),
    );
    // Wave one is played whole, wave two not at all, wave three whole and later by all that was said.
    assert.equal(seeded.ledger.judgeOf.awards, 600, `seed ${seed}`);
    assert.equal(seeded.ledger.balances().userFen, 600 * 20);
    assert.equal(seeded.ledger.balances().poolFen, 300 * 20, "what was cut is still its sponsor's");
    const third = wonAt.slice(300);
    assert.ok(third[0] >= 180 + stoodS - 0.02, `third began at ${third[0]}, not before ${180 + stoodS}`);
    assert.ok(third.at(-1)! <= 190 + stoodS + 2, `third ended at ${third.at(-1)}`);
    for (const { agent, name } of links) {
      assert.deepEqual(agent!.active?.document.epoch, 2, `${name}, seed ${seed}`);
      assert.equal(agent!.active!.hash, links[0].agent!.active!.hash);
    }
    // Who was taken over is told at the next word, and sends nothing.
    const late = world.console(keys.director, first.open.folder.path);
    await assert.rejects(() => late.do("hold"), /taken over: 2\./);
    for (const console of [first, second]) {
      const { lines, problems } = console.open.folder.journal.read(keys.trusted);
      assert.deepEqual(problems, []);
      assert.ok(lines.length >= 3);
    }
  });
}
