import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import type { Engine } from "../../engine/common/engine.ts";
import { readFrame, writeFrame } from "../../wire/frame_codec.ts";
import { TIMESTAMP_AT } from "../../wire/schema.ts";
import { readU64 } from "../../wire/u64.ts";
import { frames } from "../../wire/v1/frames.ts";
import { FleetTime } from "../state/fleet_time.ts";
import { FleetUsers, UserState } from "../state/fleet_users.ts";
import { FleetMetric as M, fleetMetrics } from "../state/metrics.ts";
import { PhoneClocks } from "./phone_clock.ts";

const WALL_MS = 1_800_000_000_000;

/** One user, and a server that answers as slowly as a test says. */
class Phone {
  readonly time = new FleetTime();
  readonly block = new Float64Array(fleetMetrics.scalars.length);
  readonly clocks: PhoneClocks;
  readonly #sent: number[] = [];

  constructor() {
    const users = new FleetUsers(1, 1);
    users.state[0] = UserState.ready;
    const view = new DataView(new ArrayBuffer(64));
    const engine = {
      reserve: () => 0,
      commit: () => void this.#sent.push(readU64(view, TIMESTAMP_AT)),
      output: { view },
    } as unknown as Engine;
    const slice = { first: 4, stride: 1, count: 1 };
    this.clocks = new PhoneClocks({
      engine,
      users,
      slice,
      block: this.block,
      time: this.time,
      random: new Random(1),
    });
    this.at(0);
  }

  at(ms: number): void {
    this.time.nowMs = ms;
    this.time.wallMs = WALL_MS + ms;
    this.time.unixSeconds = Math.floor(this.time.wallMs / 1000);
    this.clocks.tick();
  }

  /** Lets time pass until a ping leaves, and answers it after so long there and back. */
  ping(thereMs: number, backMs: number): boolean {
    for (let left = 400; this.#sent.length === 0 && left > 0; left--) this.at(this.time.nowMs + 20);
    const pingMs = this.#sent.pop();
    if (pingMs === undefined) return false;
    const view = new DataView(new ArrayBuffer(64));
    writeFrame(frames.pong, view, 0, this.time.wallMs + thereMs, { pingMs });
    assert.equal(readFrame(frames.pong, view, 0).pingMs, pingMs);
    this.at(this.time.nowMs + thereMs + backMs);
    this.clocks.answered(0, view, 0);
    return true;
  }
}

Deno.test("the cue's own time is off by its way, a ping by half the difference of both, and the shortest counts", () => {
  const phone = new Phone();
  assert.ok(Math.abs(phone.clocks.errorMs(0)) > 100, "the phone's clock is wrong");
  phone.clocks.neededAt(0, WALL_MS + 20_000, WALL_MS - 130);
  assert.equal(Math.round(phone.clocks.errorMs(0)), -130);
  assert.ok(phone.ping(100, 20));
  assert.equal(Math.round(phone.clocks.errorMs(0)), 40);
  assert.ok(phone.ping(20, 300));
  assert.equal(Math.round(phone.clocks.errorMs(0)), 40, "a longer one says less");
  assert.ok(phone.ping(30, 20));
  assert.equal(Math.round(phone.clocks.errorMs(0)), 5);
  assert.ok(phone.ping(10, 10));
  assert.equal(Math.round(phone.clocks.errorMs(0)), 0);
  assert.ok(!phone.ping(0, 0), "that is good enough");
  assert.deepEqual([phone.block[M.pingsSent], phone.block[M.pongs]], [4, 4]);
});

Deno.test("a good answer is enough, and holds for a while; a lost ping is sent again at a later cue", () => {
  const phone = new Phone();
  phone.clocks.neededAt(0, WALL_MS, WALL_MS);
  assert.ok(phone.ping(20, 10));
  assert.ok(!phone.ping(1, 1));
  phone.clocks.neededAt(0, WALL_MS + 60_000, phone.time.wallMs - 500);
  assert.ok(!phone.ping(1, 1), "it is known");
  assert.equal(Math.round(phone.clocks.errorMs(0)), 5);
  phone.at(700_000);
  phone.clocks.neededAt(0, phone.time.wallMs, phone.time.wallMs);
  assert.ok(phone.ping(20, 20));

  const other = new Phone();
  other.clocks.neededAt(0, WALL_MS, WALL_MS);
  other.clocks.left(0);
  assert.ok(!other.ping(1, 1), "the connection is gone, and its ping with it");
  other.clocks.neededAt(0, WALL_MS, WALL_MS);
  assert.ok(other.ping(1, 1));
});
