/** An hour in virtual time: a host's memory and its p99 lead nowhere. */
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Point, robustSlope } from "../../core/rehearse/measure/slope.ts";
import type { SimPeer } from "./sim_client.ts";
import { World } from "./sim_world.ts";

const USERS = 20;
const SHAKE_EVERY_MS = 2_000;
const MINUTES = 60;
/** What an hour may add: some 3,600 awards are 54 kB, and their tables grow in steps. */
const MAX_MB_PER_H = 1;
const MAX_P99_MS_PER_H = 0.5;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** The heap without what nobody holds any more. */
function heldMb(): number {
  collect();
  return Deno.memoryUsage().heapUsed / 1e6;
}

/** A user who shakes on, and remembers nothing but how long each answer took. */
class Shaker {
  waitsMs: number[] = [];
  answered = 0;
  #sentMs = NaN;
  readonly #world: World;
  readonly #peer: SimPeer;
  readonly #user: number;

  constructor(world: World, peer: SimPeer, user: number) {
    this.#world = world;
    this.#peer = peer;
    this.#user = user;
    peer.answers.push = () => this.#hear();
  }

  shakeOn(fromMs: number, endMs: number): void {
    this.#world.network.at(fromMs, () => {
      assert.ok(Number.isNaN(this.#sentMs), "every shake is answered before the next");
      this.#sentMs = fromMs;
      this.#peer.shake(this.#user);
      if (fromMs + SHAKE_EVERY_MS < endMs) this.shakeOn(fromMs + SHAKE_EVERY_MS, endMs);
    });
  }

  #hear(): number {
    this.waitsMs.push(this.#world.network.clock.monotonicMs() - this.#sentMs);
    this.#sentMs = NaN;
    return ++this.answered;
  }
}

Deno.test("an hour of shakes and awards: neither memory nor p99 grows", async () => {
  const world = new World({ seats: USERS + 1, ringEntries: 256 }, { delayMs: [0.1, 2] }, 20150218);
  const shakers = Array.from({ length: USERS }, (_, i) => new Shaker(world, world.user(i + 1), i + 1));
  await world.makePackets({ ratePerS: 1, total: MINUTES * 60, minFen: 1, maxFen: 200 });
  const { clock } = world.network;
  const startMs = clock.monotonicMs();
  const endMs = startMs + MINUTES * 60_000;
  shakers.forEach((shaker, i) => shaker.shakeOn(startMs + (i + 1) * SHAKE_EVERY_MS / USERS, endMs));
  const memory: Point[] = [];
  const p99s: Point[] = [];
  for (let minute = 1; minute <= MINUTES; minute++) {
    await world.settle(() => clock.monotonicMs() >= startMs + minute * 60_000, 50);
    const waitsMs = shakers.flatMap((shaker) => shaker.waitsMs.splice(0)).sort((a, b) => a - b);
    if (minute <= MINUTES / 2) continue;
    memory.push({ at: minute / 60, value: heldMb() });
    p99s.push({ at: minute / 60, value: waitsMs[Math.floor(waitsMs.length * 0.99)] });
  }
  const answered = shakers.reduce((sum, shaker) => sum + shaker.answered, 0);
  assert.ok(answered >= USERS * (MINUTES * 60_000 / SHAKE_EVERY_MS - 1), `${answered} were answered`);
  assert.ok(world.total("shakeWon") > 3_000, `${world.total("shakeWon")} were won`);
  const memoryMbPerH = robustSlope(memory);
  assert.ok(Math.abs(memoryMbPerH) < MAX_MB_PER_H, `${memoryMbPerH} MB/h`);
  const p99MsPerH = robustSlope(p99s);
  assert.ok(Math.abs(p99MsPerH) < MAX_P99_MS_PER_H, `${p99MsPerH} ms/h`);
});
