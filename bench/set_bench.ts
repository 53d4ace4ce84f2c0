/**
 * What a shake costs in a SET, without a network: frame cursor, admission, handler, reply, counters, with the plugins of
 * a server. `deno task bench` prints the time of one pass over {@linkcode SHAKES} shakes; the time of one shake is that
 * divided by the number, and shakes a second of one core its inverse.
 */
import { assert } from "../core/base/assert.ts";
import { LedgerBoard } from "../core/ledger/ring/ledger_board.ts";
import type { AnyPlugin } from "../core/plugin/plugin.ts";
import { HostMemory } from "../core/server/worker/host_memory.ts";
import type { HostSettings } from "../core/server/worker/host_settings.ts";
import { openLoop } from "../core/server/worker/open_loop.ts";
import { DEFAULT_CONNECTION_LIMITS } from "../core/set/common/connection_watch.ts";
import { SET_METRICS, WORKER_METRICS } from "../core/set/common/metrics.ts";
import { Waker } from "../core/threads/waker.ts";
import { ManualClock } from "../core/base/clock.ts";
import { writeLoginRequest, writeShakeRequest } from "../core/wire/version0.ts";
import cue from "../plugins/cue/mod.ts";
import shake from "../plugins/shake/mod.ts";
import throttle from "../plugins/throttle/mod.ts";
import { BenchEngine } from "./bench_engine.ts";

const USERS = 10_000;
const SHAKES = 10_000;
/** Virtual time of an iteration: as much as a pass may take, so that nothing is late and the throttle stays at level 0. */
const PASS_MS = 1;
const UNIX_SECONDS = 1_700_000_000;

/** A SET with its users logged in, and the means to let each of them shake once. */
function openSet(plugins: readonly AnyPlugin[]) {
  const clock = new ManualClock();
  const engine = new BenchEngine(USERS);
  const settings: HostSettings = {
    engine: "deno", // none of its sockets is used
    workers: 1,
    capacity: USERS,
    seats: USERS,
    randomSeed: 1,
    verdictMs: 2_000,
    allowsVersion0: true,
    tokenRules: undefined,
    connectionLimits: DEFAULT_CONNECTION_LIMITS,
    proxies: [],
    priority: "normal",
  };
  const memory = new HostMemory(
    settings,
    Object.assign({}, SET_METRICS, WORKER_METRICS, ...plugins.map(({ metrics }) => metrics)),
  );
  const { counters, setCount, shares: [share], links: [{ memory: link }] } = memory;
  const shared = memory.shared({ waker: new Waker(), board: new LedgerBoard() });
  const loop = openLoop({ settings, setCount, share, link, shared, randomSeed: 1, eventLagMs: 0 }, {
    engine,
    clock,
    plugins: plugins.map((plugin) => ({ plugin, config: plugin.config.parse(CONFIG[plugin.name] ?? {}) })),
  });
  const { view } = engine.input;
  for (let user = 0; user < USERS; user++) {
    const connection = engine.accept();
    loop.onBytes(connection, 0, writeLoginRequest(view, 0, UNIX_SECONDS, connection));
  }
  let next = 0;
  return {
    loop,
    /** Each of `SHAKES` shakes is a read of its own, from another user than the one before. */
    shakeAll() {
      const before = counters.total("shakeNothing");
      clock.advance(PASS_MS);
      loop.onWake();
      for (let i = 0; i < SHAKES; i++) {
        next = next + 1 === USERS ? 0 : next + 1;
        loop.onBytes(next, 0, writeShakeRequest(view, 0, UNIX_SECONDS, next));
      }
      // A frame that is dropped or refused costs less than one that is answered: then the figure would be another's.
      assert(
        counters.total("shakeNothing") - before === SHAKES,
        "every shake is admitted, decided and answered",
      );
    },
  };
}

/** Caps above the load, so that every shake goes the whole way. */
const CONFIG: Record<string, unknown> = {
  throttle: { hostPerS: 100_000_000, connectionPerS: 1_000_000, connectionBurst: 1_000_000 },
};

const whole = openSet([throttle, shake]);
const told = openSet([throttle, shake, cue]);
const bare = openSet([shake]);
console.log(`${SHAKES} shakes an iteration; caps of throttle: ${JSON.stringify(CONFIG.throttle)}`);

Deno.bench({
  name: `SET: ${SHAKES} shakes that win nothing, plugins throttle and shake`,
  group: "set",
  baseline: true,
  fn: whole.shakeAll,
});
Deno.bench({
  name: `SET: ${SHAKES} shakes that win nothing, plugins throttle, shake and cue`,
  group: "set",
  fn: told.shakeAll,
});
Deno.bench({
  name: `SET: ${SHAKES} shakes that win nothing, plugin shake alone`,
  group: "set",
  fn: bare.shakeAll,
});
