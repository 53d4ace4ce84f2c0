/**
 * What a shake costs the fleet itself, without a network: due, written, answered, counted. An iteration is 1,000 shakes,
 * so its time in microseconds is the cost of one shake in nanoseconds.
 */
import { assert } from "../core/base/assert.ts";
import { Fleet } from "../core/client/fleet/fleet.ts";
import { fleetMetrics } from "../core/client/state/metrics.ts";
import { Schedule } from "../core/client/schedule/pacing.ts";
import { Ticker } from "../core/client/schedule/ticker.ts";
import { Counters } from "../core/counters/counters.ts";
import type { DialTarget } from "../core/engine/common/engine.ts";
import { Random } from "../core/base/random.ts";
import { ManualClock } from "../core/base/clock.ts";
import { LoginResult, Opcode, ShakeResult } from "../core/wire/codes.ts";
import { Field, writeLoginResponse, writeShakeResponse } from "../core/wire/version0.ts";
import { BenchEngine } from "./bench_engine.ts";

const USERS = 20_000;
const SHAKES_PER_PASS = 1_000;

/** Answers every frame at the next poll, out of nothing. */
class AnsweringEngine extends BenchEngine {
  /** Connections that are up next. */
  #dialed: number[] = [];
  /** Connections whose frame waits for its answer; a login's as its complement. */
  readonly #asked = new Int32Array(USERS * 2);
  #askedCount = 0;
  readonly #userOf = new Uint32Array(USERS);

  override dial(target: DialTarget): number {
    const connection = super.dial(target);
    this.#dialed.push(connection);
    return connection;
  }

  override reserve(): number {
    return 0;
  }

  override commit(connection: number): void {
    const { view } = this.output;
    this.#userOf[connection] = view.getUint32(Field.userId);
    const isLogin = view.getUint16(Field.opcode) === Opcode.loginRequest;
    this.#asked[this.#askedCount++] = isLogin ? ~connection : connection;
  }

  override poll(maxWaitMs: number): void {
    super.poll(maxWaitMs);
    const asked = this.#askedCount;
    for (let i = 0; i < asked; i++) this.#answer(this.#asked[i]);
    this.#askedCount = 0;
    for (const connection of this.#dialed) this.handler.onConnect(connection);
    this.#dialed = [];
  }

  #answer(asked: number): void {
    const { view } = this.input;
    const connection = asked < 0 ? ~asked : asked;
    const userId = this.#userOf[connection];
    const size = asked < 0
      ? writeLoginResponse(view, 0, 1, userId, LoginResult.ok)
      : writeShakeResponse(view, 0, 1, userId, ShakeResult.nothing, 0, 0);
    this.handler.onBytes(connection, 0, size);
  }
}

const clock = new ManualClock();
const counters = new Counters(fleetMetrics, 1);
const fleet = new Fleet({
  engine: new AnsweringEngine(USERS),
  clock,
  random: new Random(1),
  counters,
  block: 0,
  slice: { first: 0, stride: 1, count: USERS },
  total: USERS,
  qps: SHAKES_PER_PASS * 1_000,
  pacing: "smooth",
  targets: [{ address: 1, port: 1, source: 0 }],
  connectRate: 1_000_000,
});

/** One millisecond of virtual time. */
function pass(): void {
  clock.advance(1);
  fleet.pass(0);
}
while (counters.total("usersReady") < USERS) pass();
for (let i = 0; i < 100; i++) pass();

Deno.bench("fleet: 1,000 shakes due, sent and answered, one thread", () => {
  const before = counters.total("shakesAnswered");
  pass();
  assert(counters.total("shakesAnswered") - before === SHAKES_PER_PASS, "every pass has its shakes");
});

const ticker = new Ticker(new Schedule("smooth", 1_000_000, 60_000), 1_700_000_000_000);
Deno.bench("fleet: 1,000 ticks of the schedule over a million users", () => {
  for (let i = 0; i < SHAKES_PER_PASS; i++) ticker.take();
});
