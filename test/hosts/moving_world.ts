import assert from "node:assert/strict";
import { hostNumberOf } from "../../core/base/id_space.ts";
import { sleep } from "../../core/base/clock.ts";
import { MemoryHub } from "../../core/bus/memory_hub.ts";
import { MemoryLedger } from "../../core/ledger/judge/memory_ledger.ts";
import { OpenExchange } from "../../core/link/open_exchange.ts";
import { openForOther } from "../../core/server/show/opens_elsewhere.ts";
import { Random } from "../../core/base/random.ts";
import { Fleet } from "../../core/client/fleet/fleet.ts";
import type { FleetSettings } from "../../core/client/fleet/fleet_options.ts";
import { fleetMetrics } from "../../core/client/state/metrics.ts";
import { Counters } from "../../core/counters/counters.ts";
import { Histogram, toSparse } from "../../core/counters/histogram.ts";
import type { SimActor } from "../../core/engine/sim/agenda.ts";
import { SimNetwork } from "../../core/engine/sim/network.ts";
import { SimEngine } from "../../core/engine/sim/sim.ts";
import type { DialedHosts } from "../../core/hosts/order/dialed_hosts.ts";
import { HostOrder, type PlaceState } from "../../core/hosts/order/host_order.ts";
import { Waker } from "../../core/threads/waker.ts";
import { MoveScope, Result } from "../../core/wire/codes.ts";
import shake from "../../plugins/shake/mod.ts";
import { SimHost, type SimHostOptions } from "../../core/world/host/sim_host.ts";

const LOOPBACK = 0x7f00_0001;
const FIRST_PORT = 1025;
/** So often promises go on. */
const PROMISE_MS = 20;

export interface MovingWorldOptions {
  readonly seed: number;
  readonly users: number;
  /** Hosts of each cluster. */
  readonly clusters: readonly number[];
  readonly qps: number;
  readonly moveMs?: number;
  readonly backMs?: number;
  readonly fleet?: Partial<FleetSettings>;
  readonly host?: Partial<SimHostOptions>;
  /** Hosts keep their ledgers when they are killed, and bring each other opens over a bus. */
  readonly isJoined?: boolean;
}

/** Several hosts in clusters and a fleet that goes by their list, in virtual time. */
export class MovingWorld {
  readonly network: SimNetwork;
  readonly fleet: Fleet;
  readonly counters = new Counters(fleetMetrics, 1);
  readonly order: HostOrder;
  /** By number; undefined while one is down. */
  readonly hosts: (SimHost | undefined)[];
  readonly #options: MovingWorldOptions;
  readonly #engine: SimEngine;
  readonly #hub = new MemoryHub(
    { isNewer: () => false },
    (_from, _to, arrive) => this.network.signal(arrive),
  );
  readonly #exchanges = new Map<number, SimActor>();
  readonly ledgers = new Map<number, MemoryLedger>();
  #version = 1;

  constructor(options: MovingWorldOptions) {
    const { seed, users, clusters, qps } = options;
    this.#options = options;
    this.network = new SimNetwork(seed);
    const { clock } = this.network;
    const list = this.listWith({});
    this.order = new HostOrder(list.clusters);
    this.hosts = clusters.flatMap((count) => Array.from({ length: count }, () => undefined));
    this.hosts.forEach((_, number) => this.start(number));
    this.#engine = new SimEngine({ capacity: 2 * users, clock, waker: new Waker(), network: this.network });
    this.fleet = new Fleet({
      engine: this.#engine,
      clock,
      random: new Random(seed),
      counters: this.counters,
      block: 0,
      slice: { first: 0, stride: 1, count: users },
      total: users,
      qps,
      pacing: "smooth",
      targets: [],
      hosts: { list, sources: [] },
      connectRate: 10_000,
      protocol: 1,
      ...options.fleet,
    });
  }

  readonly #fleetActor: SimActor = {
    turn: () => void this.fleet.pass(0),
    nextDueMs: () => Math.min(this.fleet.nextDueMs(), this.#engine.nextDueMs()),
  };

  /** The list, with some hosts or clusters in another state. */
  listWith(states: Readonly<Record<string, PlaceState>>): DialedHosts {
    const { clusters, moveMs = 4_000, backMs = 20_000 } = this.#options;
    let number = 0;
    const placed = (name: string) => ({ name, weight: 1, state: states[name] ?? "up" as const });
    return {
      version: this.#version++,
      moveMs,
      backMs,
      networks: [],
      clusters: clusters.map((count, c) => ({
        ...placed(`c${c}`),
        city: "",
        network: "",
        hosts: Array.from({ length: count }, () => ({
          ...placed(`h${number}`),
          targets: [{ address: LOOPBACK, port: FIRST_PORT + number++ }],
        })),
      })),
    };
  }

  start(number: number): void {
    assert.equal(this.hosts[number], undefined);
    const { users, host } = this.#options;
    const ledger = this.ledgers.get(number) ?? new MemoryLedger(undefined, undefined, number + 1);
    if (this.#options.isJoined === true) this.ledgers.set(number, ledger);
    const started = this.hosts[number] = new SimHost(this.network, {
      ledger,
      plugins: [{ plugin: shake }],
      seats: 2 * users,
      port: FIRST_PORT + number,
      hostNumber: number + 1,
      seed: number + 1,
      ringEntries: 1024,
      ...host,
    });
    if (this.#options.isJoined === true) this.#join(number, started);
  }

  #join(number: number, host: SimHost): void {
    const exchange = new OpenExchange({
      event: "sim",
      host: `h${number}`,
      number: number + 1,
      buses: [this.#hub.join(`h${number} ${this.#version++}`)],
      clock: this.network.clock,
      secret: undefined,
      open: (user, packetId, answer) =>
        void openForOther((entry) => host.enter(entry), user, packetId).then(answer),
      onRefused: () => assert.fail("hosts understand each other"),
      wake: () => {},
    });
    exchange.start();
    this.#exchanges.set(number, this.#actorOf(exchange));
    host.halves.openElsewhere = (user, packetId) => {
      const owner = hostNumberOf(packetId);
      if (owner === number + 1) return undefined;
      return new Promise((resolve) =>
        exchange.ask(
          owner,
          user,
          packetId,
          (opened) => resolve(opened ?? { result: Result.busy, amountFen: 0 }),
        )
      );
    };
  }

  kill(number: number): void {
    this.hosts[number]!.kill();
    this.#exchanges.delete(number);
    this.hosts[number] = undefined;
  }

  /** Tells a host's users to go elsewhere, as `POST /move` does. */
  move(number: number, perS: number, scope: MoveScope = MoveScope.host): void {
    const host = this.hosts[number]!;
    host.board.leave();
    host.order({ type: "move", perS, withinMs: 1_000, scope });
  }

  users(number: number): number {
    return this.hosts[number]?.counters.total("users") ?? 0;
  }

  /** Users whose home each host is. */
  homes(): number[] {
    const homes = new Array<number>(this.hosts.length).fill(0);
    for (let user = 0; user < this.#options.users; user++) homes[this.order.place(user, 0)]++;
    return homes;
  }

  total(name: string): number {
    return this.counters.total(name);
  }

  latency(): Histogram {
    return new Histogram().add(toSparse(this.counters.mergedHistogram("shakeLatencyUs")));
  }

  /** Lets virtual time pass. */
  pass(ms: number): void {
    const untilMs = this.network.clock.monotonicMs() + ms;
    this.network.at(untilMs, () => {});
    this.runUntil(() => this.network.clock.monotonicMs() >= untilMs, ms + 1_000);
  }

  #actorOf(exchange: OpenExchange): SimActor {
    let waitMs = 0;
    return {
      turn: () => void (waitMs = exchange.turn()),
      nextDueMs: () => this.network.clock.monotonicMs() + waitMs,
    };
  }

  /** The same, while what promises bring about goes on. */
  async passSlowly(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += PROMISE_MS) {
      this.pass(PROMISE_MS);
      await sleep(0);
    }
  }

  /** Returns after how many ms it is done. */
  runUntil(isDone: () => boolean, limitMs = 120_000): number {
    const startMs = this.network.clock.monotonicMs();
    while (!isDone()) {
      const actors = [
        this.#fleetActor,
        ...this.#exchanges.values(),
        ...this.hosts.filter((host) => host !== undefined),
      ];
      const goesOn = this.network.clock.monotonicMs() <= startMs + limitMs && this.network.step(actors);
      assert.ok(goesOn || isDone(), "it happens in time");
    }
    return this.network.clock.monotonicMs() - startMs;
  }
}
