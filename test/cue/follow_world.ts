/** A real host with plugin `cue` and a real fleet of version 1, in virtual time. */
import { Fleet } from "../../core/client/fleet/fleet.ts";
import type { FleetOptions } from "../../core/client/fleet/fleet_options.ts";
import { fleetMetrics } from "../../core/client/state/metrics.ts";
import { Counters } from "../../core/counters/counters.ts";
import { Histogram, toSparse } from "../../core/counters/histogram.ts";
import { Random } from "../../core/base/random.ts";
import type { SimActor } from "../../core/engine/sim/agenda.ts";
import { SimNetwork, type SimNetworkOptions } from "../../core/engine/sim/network.ts";
import { SimEngine } from "../../core/engine/sim/sim.ts";
import { Waker } from "../../core/threads/waker.ts";
import cue from "../../plugins/cue/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import { SimHost, type SimHostOptions } from "../../core/world/host/sim_host.ts";
import assert from "node:assert/strict";

const LOOPBACK = 0x7f00_0001;
const LOGIN_LIMIT_MS = 60_000;

export interface FollowOptions {
  readonly users: number;
  readonly seed?: number;
  readonly network?: SimNetworkOptions;
  readonly host?: Partial<SimHostOptions>;
  readonly throttle?: Record<string, unknown>;
  readonly fleet?: Partial<FleetOptions>;
}

export class FollowWorld {
  readonly network: SimNetwork;
  host!: SimHost;
  readonly fleet: Fleet;
  readonly counters = new Counters(fleetMetrics, 1);
  readonly #actors: SimActor[];
  readonly #start: () => SimHost;

  constructor({ users, seed = 1, network = {}, host, fleet, throttle: limits }: FollowOptions) {
    this.network = new SimNetwork(seed, network);
    this.#start = () =>
      new SimHost(this.network, {
        plugins: [{ plugin: throttle, config: limits }, { plugin: shake }, { plugin: cue }],
        seats: users,
        seed,
        ...host,
      });
    this.host = this.#start();
    const engine = new SimEngine({
      capacity: users,
      clock: this.network.clock,
      waker: new Waker(),
      network: this.network,
    });
    this.fleet = new Fleet({
      engine,
      clock: this.network.clock,
      random: new Random(seed),
      counters: this.counters,
      block: 0,
      slice: { first: 0, stride: 1, count: users },
      total: users,
      qps: 0,
      pacing: "smooth",
      targets: [{ address: LOOPBACK, port: 1025, source: 0 }],
      connectRate: 20_000,
      protocol: 1,
      ...fleet,
    });
    this.#actors = [{ turn: () => this.host.turn(), nextDueMs: () => this.host.nextDueMs() }, {
      turn: () => void this.fleet.pass(0),
      nextDueMs: () => Math.min(this.fleet.nextDueMs(), engine.nextDueMs()),
    }];
    this.until(() => this.total("usersReady") === users);
  }

  /** The host dies and another takes its place. */
  restartHost(): void {
    this.host.kill();
    this.host = this.#start();
  }

  until(isDone: () => boolean): void {
    const untilMs = this.network.clock.monotonicMs() + LOGIN_LIMIT_MS;
    assert.ok(this.network.run(this.#actors, isDone, untilMs), "it happens in time");
  }

  pass(ms: number): void {
    const untilMs = this.network.clock.monotonicMs() + ms;
    this.network.at(untilMs, () => {});
    this.network.run(this.#actors, () => this.network.clock.monotonicMs() >= untilMs, untilMs);
  }

  /** By how much a counter of the fleet grows while time passes. */
  grew(name: string, ms: number): number {
    const before = this.total(name);
    this.pass(ms);
    return this.total(name) - before;
  }

  total(name: string): number {
    return this.counters.total(name);
  }

  percentile(name: string, percent: number): number {
    return new Histogram().add(toSparse(this.counters.mergedHistogram(name))).percentile(percent);
  }

  order(path: string, body: unknown): Promise<unknown> {
    return this.host.request("post", path, body);
  }
}
