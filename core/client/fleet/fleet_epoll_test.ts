import assert from "node:assert/strict";
import { FakeServer } from "../../../test/sim/fake_server.ts";
import { Counters } from "../../counters/counters.ts";
import { EpollEngine } from "../../engine/epoll/epoll.ts";
import { openListener } from "../../engine/common/listener.ts";
import { libc, whyNoLibc } from "../../os/posix.ts";
import { Random } from "../../base/random.ts";
import { Waker } from "../../threads/waker.ts";
import { systemClock as clock } from "../../base/clock.ts";
import { Fleet } from "./fleet.ts";
import { fleetMetrics } from "../state/metrics.ts";

const LOOPBACK = 0x7f00_0001;
const USERS = 300;

/** A fleet and a server on real sockets in one thread, which take turns. */
class Loopback {
  readonly counters = new Counters(fleetMetrics, 1);
  readonly fleetEngine = new EpollEngine({ capacity: USERS, clock, waker: new Waker() });
  readonly fleet: Fleet;
  server!: FakeServer;
  #serverEngine!: EpollEngine;
  #listener: { fd: number; port: number };

  constructor() {
    this.#listener = openListener(LOOPBACK, 0);
    this.startServer();
    this.fleet = new Fleet({
      engine: this.fleetEngine,
      clock,
      random: new Random(1),
      counters: this.counters,
      block: 0,
      slice: { first: 0, stride: 1, count: USERS },
      total: USERS,
      qps: 5_000,
      pacing: "smooth",
      targets: [0, 1].map((i) => ({ address: LOOPBACK, port: this.#listener.port, source: LOOPBACK + i })),
      connectRate: 10_000,
      backoff: { baseMs: 10, capMs: 50 },
    });
  }

  startServer(): void {
    this.#serverEngine = new EpollEngine({ capacity: USERS, clock, waker: new Waker() });
    this.server = new FakeServer(this.#serverEngine);
    this.#serverEngine.listen({ kind: "descriptor", ...this.#listener });
  }

  /** The server dies and another one takes its place on the same port. */
  restartServer(): void {
    this.#serverEngine.shutdown();
    libc().close(this.#listener.fd);
    this.#listener = openListener(LOOPBACK, this.#listener.port);
    this.startServer();
  }

  runUntil(isDone: () => boolean): void {
    while (!isDone()) {
      this.#serverEngine.poll(0);
      this.fleet.pass(0);
    }
  }

  total(name: string): number {
    return this.counters.total(name);
  }

  dispose(): void {
    this.fleetEngine.shutdown();
    this.#serverEngine.shutdown();
    libc().close(this.#listener.fd);
  }
}

Deno.test({
  name: "on real sockets: everybody logs in, shakes, survives a restart of the server, and leaves in order",
  ignore: whyNoLibc() !== null,
  fn() {
    const world = new Loopback();
    world.runUntil(() => world.total("usersReady") === USERS && world.total("shakesAnswered") >= 1_000);
    assert.equal(world.total("disconnects"), 0);
    assert.equal(new Set(world.server.logins).size, USERS);

    world.restartServer();
    world.runUntil(() => world.total("disconnects") === USERS && world.total("usersReady") === USERS);
    const before = world.total("shakesAnswered");
    world.runUntil(() => world.total("shakesAnswered") >= before + 1_000);

    world.fleet.obey({ order: "stop" });
    world.runUntil(() => world.fleet.isStopped);
    assert.equal(world.fleetEngine.used, 0);
    assert.equal(world.total("shakesOutstanding"), 0);
    assert.equal(
      world.total("shakesSent"),
      world.total("shakesAnswered") + world.total("shakesLost"),
    );
    assert.equal(world.total("bytesOut"), 16 * (world.total("connects") + world.total("shakesSent")));
    world.runUntil(() => world.server.open === 0);
    world.dispose();
  },
});
