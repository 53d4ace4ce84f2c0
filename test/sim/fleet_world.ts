import assert from "node:assert/strict";
import { Fleet } from "../../core/client/fleet/fleet.ts";
import type { FleetOptions } from "../../core/client/fleet/fleet_options.ts";
import { fleetMetrics } from "../../core/client/state/metrics.ts";
import { Counters } from "../../core/counters/counters.ts";
import { Histogram, toSparse } from "../../core/counters/histogram.ts";
import { SimEngine } from "../../core/engine/sim/sim.ts";
import type { SimActor } from "../../core/engine/sim/agenda.ts";
import { SimNetwork, type SimNetworkOptions } from "../../core/engine/sim/network.ts";
import { Random } from "../../core/base/random.ts";
import { Waker } from "../../core/threads/waker.ts";
import { type Behaviour, FakeServer } from "./fake_server.ts";

const LOOPBACK = 0x7f00_0001;
const PORT = 1025;

export interface WorldOptions {
  readonly seed?: number;
  readonly users?: number;
  readonly qps?: number;
  readonly network?: SimNetworkOptions;
  readonly behaviour?: Behaviour;
  /** Another server than the few lines of `FakeServer`; `server` is none then. */
  readonly attach?: (engine: SimEngine) => void;
  readonly fleet?: Partial<FleetOptions>;
}

/** A fleet and a server in virtual time. */
export class World {
  readonly network: SimNetwork;
  readonly fleet: Fleet;
  readonly counters = new Counters(fleetMetrics, 1);
  server!: FakeServer;
  readonly fleetEngine: SimEngine;
  #serverEngine: SimEngine | undefined;
  readonly #users: number;
  readonly #behaviour: Behaviour;
  readonly #attach: WorldOptions["attach"];
  readonly #fleetActor: SimActor;

  constructor(
    { seed = 1, users = 50, qps = 100, network, behaviour = {}, attach, fleet = {} }: WorldOptions = {},
  ) {
    this.#attach = attach;
    this.#users = users;
    this.#behaviour = behaviour;
    this.network = new SimNetwork(seed, network);
    this.fleetEngine = new SimEngine({
      capacity: users,
      clock: this.network.clock,
      waker: new Waker(),
      network: this.network,
    });
    this.fleet = new Fleet({
      engine: this.fleetEngine,
      clock: this.network.clock,
      random: new Random(seed),
      counters: this.counters,
      block: 0,
      slice: { first: 0, stride: 1, count: users },
      total: users,
      qps,
      pacing: "smooth",
      targets: [{ address: LOOPBACK, port: PORT, source: 0 }],
      connectRate: 1000,
      ...fleet,
    });
    this.#fleetActor = {
      turn: () => void this.fleet.pass(0),
      nextDueMs: () => Math.min(this.fleet.nextDueMs(), this.fleetEngine.nextDueMs()),
    };
    this.startServer();
  }

  startServer(): void {
    const engine = new SimEngine({
      capacity: this.#users,
      clock: this.network.clock,
      waker: new Waker(),
      network: this.network,
    });
    const { network } = this;
    const later = (ms: number, act: () => void) => network.at(network.clock.monotonicMs() + ms, act);
    if (this.#attach === undefined) this.server = new FakeServer(engine, this.#behaviour, later);
    else this.#attach(engine);
    engine.listen({ kind: "address", hostname: "127.0.0.1", port: PORT });
    this.#serverEngine = engine;
  }

  stopServer(): void {
    this.#serverEngine!.shutdown();
    this.#serverEngine = undefined;
  }

  /** Lets virtual time pass. */
  pass(ms: number): void {
    const untilMs = this.network.clock.monotonicMs() + ms;
    // Something happens at the very end, so that time goes there.
    this.network.at(untilMs, () => {});
    this.runUntil(() => this.network.clock.monotonicMs() >= untilMs);
  }

  runUntil(isDone: () => boolean, limitMs = 200_000): void {
    const actors = (): SimActor[] => {
      const engine = this.#serverEngine;
      if (engine === undefined) return [this.#fleetActor];
      return [this.#fleetActor, { turn: () => engine.poll(0), nextDueMs: () => engine.nextDueMs() }];
    };
    const untilMs = this.network.clock.monotonicMs() + limitMs;
    while (!isDone()) {
      const goesOn = this.network.clock.monotonicMs() <= untilMs && this.network.step(actors());
      assert.ok(goesOn || isDone(), "it happens in time");
    }
  }

  total(name: string): number {
    return this.counters.total(name);
  }

  get all(): Record<string, number> {
    return Object.fromEntries(fleetMetrics.scalars.map((name) => [name, this.total(name)]));
  }

  latency(): Histogram {
    return new Histogram().add(toSparse(this.counters.mergedHistogram("shakeLatencyUs")));
  }
}

/** The sums that hold at every moment. */
export function assertSums(world: World): void {
  const c = world.all;
  assert.equal(c.shakesDue, c.shakesSent + c.ticksLate + c.ticksUnconnected + c.ticksOverrun);
  assert.equal(c.shakesSent, c.shakesAnswered + c.shakesLost + c.shakesGivenUp + c.shakesOutstanding);
  assert.equal(
    c.shakesAnswered,
    c.shakesWon + c.shakesNothing + c.shakesGreeted + c.shakesNoticed + c.shakesAllGone + c.shakesOverloaded,
  );
  assert.equal(world.latency().count, c.shakesAnswered - c.latenciesUnknown);
  assert.ok(c.ticksConnecting <= c.ticksUnconnected);
}
