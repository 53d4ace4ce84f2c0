/** Operators' changes of waves on a disk that fails and processes that die: in force if and only if they are durable. */
import assert from "node:assert/strict";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { RowField } from "../../core/ledger/record/entry_rows.ts";
import { planOf, SeedWorld, WALL_MS } from "../seed/seed_world.ts";
import { StoredSeedWorld } from "../seed/stored_seed_world.ts";
import { NO_FAULTS, SimKilled } from "../sim/sim_store.ts";

const BROKEN = { fail: 1, kill: 0, stayBroken: 1 };

/** What operators may ask of waves. */
class WaveWorld extends StoredSeedWorld {
  async state(wave = "first"): Promise<string> {
    return (await this.waves()).find((one) => one.wave === wave)!.state;
  }

  get orders(): number {
    return this.store.rows.filter((row) => row[RowField.kind] === EntryKind.order).length;
  }
}

/** Asks without waiting for the answer. */
function ask(
  world: WaveWorld,
  action: string,
  body: unknown,
): { answer?: unknown; error?: { status: number } } {
  const asked: { answer?: unknown; error?: { status: number } } = {};
  world.host.request("post", `/waves/${action}`, body).then(
    (answer) => asked.answer = answer,
    (error) => asked.error = error,
  );
  return asked;
}

Deno.test("a change that no disk has taken is not in force, and nobody is told that it is", async () => {
  using world = new WaveWorld(planOf(1_600));
  await world.pass(5_000);
  const released = world.total("seedReleased");
  world.store.faults = BROKEN;
  const asked = ask(world, "pause", { wave: "first" });
  await world.pass(1_000);
  assert.deepEqual(asked, {}, "nobody knows yet whether it is durable");
  assert.equal(await world.state(), "playing");
  assert.ok(world.total("seedReleased") > released);
  // Everybody knows by now that the disk fails.
  await assert.rejects(() => world.order("stop", { wave: "first" }), { status: 503 });
  assert.equal(await world.state(), "playing");
  world.store.faults = NO_FAULTS;
  await world.pass(2_000);
  assert.equal((asked.answer as { state: string }).state, "paused", "it is answered when it is durable");
  assert.equal(await world.state(), "paused");
  assert.equal(world.orders, 1, "and the refused one is not there");
  world.restart();
  await world.pass(1_000);
  assert.equal(await world.state(), "paused");
});

Deno.test("killed while the disk fails, a change was never answered and is not in force", async () => {
  using world = new WaveWorld(planOf(1_600));
  await world.pass(5_000);
  // Durable or not: what the disk has is what counts.
  for (let seed = 0; seed < 8; seed++) {
    const before = world.orders;
    world.store.faults = { fail: 0, kill: 1, stayBroken: 0 };
    const action = await world.state() === "paused" ? "resume" : "pause";
    const asked = ask(world, action, { wave: "first" });
    await assert.rejects(() => world.pass(1_000), SimKilled);
    world.store.faults = NO_FAULTS;
    world.restart();
    await world.pass(200);
    const isThere = world.orders > before;
    const was = action === "pause" ? "playing" : "paused";
    const becomes = action === "pause" ? "paused" : "playing";
    assert.equal(await world.state(), isThere ? becomes : was, `try ${seed}`);
    assert.deepEqual(asked, {});
  }
});

Deno.test("a change with a key happens once, also after a restart; with another body it is refused", async () => {
  using world = new WaveWorld(planOf(1_600));
  await world.pass(3_000);
  const first = await world.order("pause", { wave: "first" }, "k") as Record<string, unknown>;
  assert.deepEqual([first.order, first.state, first.repeated], [1, "paused", false]);
  for (let life = 0; life < 2; life++) {
    const again = await world.order("pause", { wave: "first" }, "k") as Record<string, unknown>;
    assert.deepEqual([again.order, again.state, again.repeated], [1, "paused", true]);
    await assert.rejects(() => world.order("pause", { wave: "second" }, "k"), { status: 409 });
    world.restart();
    await world.pass(1_000);
  }
  // Without a key it is another order, which can't be.
  await assert.rejects(() => world.order("pause", { wave: "first" }), /it is paused already/);
  assert.equal(world.orders, 1, "what is refused is no order");
  await world.order("resume", { wave: "first" }, "k");
  assert.equal(world.orders, 2, "a key belongs to its route");
  await world.order("pause", { wave: "first" }, "k");
  assert.equal(await world.state(), "playing", "asked for again, it is not in force again");
});

Deno.test("changes that come at once are made one after the other", async () => {
  using world = new WaveWorld(planOf(1_600));
  await world.pass(3_000);
  const asked = [
    ask(world, "pause", { wave: "first" }),
    ask(world, "pause", { wave: "first" }),
    ask(world, "resume", { wave: "first" }),
    ask(world, "stretch", { wave: "first", factor: 2 }),
    ask(world, "move", { wave: "nowhere", inS: 1 }),
    ask(world, "stop", { wave: "second" }),
  ];
  await world.pass(1_000);
  assert.deepEqual(asked.map(({ error }) => error?.status), [
    undefined,
    409,
    undefined,
    undefined,
    404,
    undefined,
  ]);
  const seen = await world.waves();
  assert.deepEqual(seen.map(({ state }) => state), ["playing", "stopped"]);
  world.restart();
  await world.pass(1_000);
  const after = await world.waves();
  assert.deepEqual(after.map(({ state, end }) => [state, end]), seen.map(({ state, end }) => [state, end]));
});

Deno.test("greetings that a change has counted are counted after a restart, and none is given meanwhile", async () => {
  const greetings = [{ sponsor: 1, resource: 5, ratePerS: 100, limit: 900 }];
  using world = new WaveWorld(planOf(400, { greetings }));
  await world.pass(2_000);
  await world.order("pause", { wave: "first" });
  // Back to its beginning: what was given before is not given again.
  await world.order("resume", { wave: "first" });
  world.store.faults = BROKEN;
  const asked = ask(world, "move", { wave: "first", inS: 0 });
  await world.pass(500);
  const given = world.total("seedGreetingsReleased");
  await world.pass(3_000);
  assert.equal(world.total("seedGreetingsReleased"), given, "no greeting that a restart would not know of");
  assert.ok(given < 800, "there are more");
  world.store.faults = NO_FAULTS;
  await world.pass(2_000);
  assert.notEqual(asked.answer, undefined);
  world.restart();
  await world.pass(1_000);
  assert.ok(world.total("seedGreetingsUnreleased") <= 900 - given);
});

Deno.test("how an older redpkt has left the waves in a file holds until somebody changes them", async () => {
  const schedule = { anchorWallMs: WALL_MS + 2_000, anchorMs: 0, stretch: 1, isStopped: true };
  using plain = new WaveWorld(planOf(400));
  const note = { hash: plain.ticketsHash, schedules: { first: schedule }, greetedMs: {} };
  for (
    const [found, state] of [[note, "stopped"], [{ ...note, hash: "other" }, "playing"], [
      "junk",
      "playing",
    ]] as const
  ) {
    using world = new SeedWorld(planOf(400), { oldNotes: { seed: found } });
    await world.pass(3_000);
    assert.equal((await world.waves())[0].state, state);
  }
});
