import assert from "node:assert/strict";
import { Random } from "../../core/base/random.ts";
import type { Bus } from "../../core/bus/bus.ts";
import { SimNetwork as SimBus } from "../../core/bus/sim_network.ts";
import { Fleet } from "../../core/client/fleet/fleet.ts";
import type { FleetOptions } from "../../core/client/fleet/fleet_options.ts";
import { fleetMetrics } from "../../core/client/state/metrics.ts";
import { Counters } from "../../core/counters/counters.ts";
import type { SimActor } from "../../core/engine/sim/agenda.ts";
import { SimNetwork, type SimNetworkOptions } from "../../core/engine/sim/network.ts";
import { SimEngine } from "../../core/engine/sim/sim.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import type { Judge } from "../../core/ledger/judge/judge.ts";
import { CHUNK_PACKETS, PacketState } from "../../core/ledger/registry/packets.ts";
import { ForeignAwards } from "../../core/ledger/registry/foreign_awards.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { SummaryAgent } from "../../core/summaries/summary_agent.ts";
import { SummarySeal } from "../../core/summaries/summary_words.ts";
import { Waker } from "../../core/threads/waker.ts";
import { Tokens } from "../../core/token/token.ts";
import shake from "../../plugins/shake/mod.ts";
import { SimHost } from "../../core/world/host/sim_host.ts";
import { SimStore } from "../sim/sim_store.ts";
import { SimAwards } from "./sim_awards.ts";

const LOOPBACK = 0x7f00_0001;
const FIRST_PORT = 1025;
const BUS_STEP_MS = 20;
const STEP_MS = 2.5;
export const LIMITS = { packetsPerUser: 3, packetsPerSponsor: 1 };
const tokenRules = { keys: [{ id: 1, secret: new Uint8Array(16).fill(9) }], event: "gala" };

export interface MoversOptions {
  readonly hosts: number;
  readonly users: number;
  readonly seed?: number;
  /** Whether hosts tell each other of their awards, over two paths. */
  readonly hasBus: boolean;
  readonly sponsors?: number;
  readonly network?: SimNetworkOptions;
  readonly fleet: Partial<FleetOptions>;
}

/** An award of any host. */
export interface WorldAward {
  readonly host: number;
  readonly packetId: number;
  readonly user: number;
  readonly sponsor: number;
  readonly isOpen: boolean;
}

/** Hosts of one event in virtual time, and a fleet whose users move from one to the next. */
export class MoversWorld {
  readonly network: SimNetwork;
  readonly hosts: SimHost[] = [];
  readonly judges: Judge[] = [];
  readonly agents: SummaryAgent[] = [];
  readonly foreign: ForeignAwards[] = [];
  readonly paths: SimBus[] = [];
  readonly stores: SimStore[] = [];
  readonly counters = new Counters(fleetMetrics, 1);
  readonly fleet: Fleet;
  readonly #actors: SimActor[] = [];

  constructor({ hosts, users, seed = 1, hasBus, sponsors = 8, network = {}, fleet }: MoversOptions) {
    this.network = new SimNetwork(seed, network);
    const { clock } = this.network;
    const random = new Random(seed);
    if (hasBus) {
      const faults = { delayMs: 5, jitterMs: 20, lost: 0.1, repeated: 0.1 };
      for (let path = 0; path < 2; path++) {
        this.paths.push(new SimBus({ isNewer: () => false }, faults, random.fork()));
      }
    }
    for (let number = 1; number <= hosts; number++) {
      const store = new SimStore(random.fork());
      store.hostNumber = number;
      const { judge } = openJudge(store, undefined, LIMITS, () => {}, number);
      this.stores.push(store);
      this.judges.push(judge);
      this.#addHost(number, new StoredLedger(judge, store, clock), users, sponsors, seed);
      if (hasBus) this.#addAgent(number, store, judge);
    }
    if (hasBus) this.#actors.push(this.#busActor());
    const engine = new SimEngine({ capacity: users, clock, waker: new Waker(), network: this.network });
    this.fleet = new Fleet({
      engine,
      clock,
      random: random.fork(),
      counters: this.counters,
      block: 0,
      slice: { first: 0, stride: 1, count: users },
      total: users,
      qps: 100,
      pacing: "smooth",
      targets: Array.from(
        { length: hosts },
        (_, i) => ({ address: LOOPBACK, port: FIRST_PORT + i, source: 0 }),
      ),
      connectRate: 10_000,
      protocol: 1,
      tokens: new Tokens(tokenRules),
      ...fleet,
    });
    this.#actors.push({
      turn: () => void this.fleet.pass(0),
      nextDueMs: () => Math.min(this.fleet.nextDueMs(), engine.nextDueMs()),
    });
  }

  /** Every host gives so many packets away in each of so many seconds. */
  async play(packetsPerS: number, seconds: number): Promise<void> {
    const orders = this.hosts.map((host) =>
      host.request("post", "/packets", {
        ratePerS: packetsPerS,
        total: packetsPerS * seconds,
        minFen: 1,
        maxFen: 9,
      })
    );
    let isOrdered = false;
    void Promise.all(orders).then(() => isOrdered = true);
    for (let ms = 0; ms < seconds * 1_000; ms += 25) {
      this.pass(25);
      for (let i = 0; i < 4; i++) await Promise.resolve();
    }
    assert.ok(isOrdered, "every order was taken");
  }

  /** Lets time pass in steps of some ms, in each of which everybody has a turn: a dozen hosts have too many events for one each. */
  pass(ms: number): void {
    const untilMs = this.network.clock.monotonicMs() + ms;
    while (this.network.clock.monotonicMs() < untilMs) {
      this.network.advanceTo(this.network.clock.monotonicMs() + STEP_MS);
      for (const actor of this.#actors) actor.turn();
    }
  }

  /** All awards of all hosts. */
  awards(): WorldAward[] {
    return this.judges.flatMap(({ packets }, i) =>
      [...packets.chunks].flatMap(([chunk, { state, user, sponsor }]) =>
        Array.from(
          state,
          (bits, at): WorldAward | undefined =>
            (bits & PacketState.awarded) === 0 ? undefined : {
              host: i + 1,
              packetId: chunk * CHUNK_PACKETS + at,
              user: user[at],
              sponsor: sponsor[at],
              isOpen: (bits & PacketState.opened) !== 0,
            },
        ).filter((award) => award !== undefined)
      )
    );
  }

  total(metric: string): number {
    return this.hosts.reduce((sum, host) => sum + host.counters.total(metric), 0);
  }

  #addHost(number: number, ledger: StoredLedger, users: number, sponsors: number, seed: number): void {
    const host = new SimHost(this.network, {
      plugins: [{ plugin: shake, config: { sponsors } }],
      seats: users,
      port: FIRST_PORT + number - 1,
      seed: seed * 100 + number,
      hostNumber: number,
      ledger,
      tokenRules,
      ringEntries: 256,
    });
    this.hosts.push(host);
    this.#actors.push(host);
  }

  #addAgent(number: number, store: SimStore, judge: Judge): void {
    const foreign = judge.foreign = ForeignAwards.of(20_000);
    const buses: Bus[] = this.paths.map(({ hub }) => hub.join(`host ${number}`));
    this.foreign.push(foreign);
    this.agents.push(
      new SummaryAgent({
        event: "gala",
        city: "all",
        buses,
        seal: new SummarySeal(tokenRules),
        source: new SimAwards(store, number),
        foreign,
        clock: this.network.clock,
        count: () => {},
        wake: () => {},
      }),
    );
  }

  #busActor(): SimActor {
    let nextMs = 0;
    return {
      turn: () => {
        const nowMs = this.network.clock.monotonicMs();
        if (nowMs < nextMs) return;
        nextMs = nowMs + BUS_STEP_MS;
        for (const path of this.paths) path.advanceTo(nowMs);
        for (const agent of this.agents) agent.turn();
      },
      nextDueMs: () => nextMs,
    };
  }
}

/** Awards past a limit, in the order in which they are given: whoever has more than they may. */
export function overLimit(awards: readonly Pick<WorldAward, "user" | "sponsor">[]): number {
  const byUser = Map.groupBy(awards, ({ user }) => user);
  let over = 0;
  for (const own of byUser.values()) {
    const sponsors = new Set(own.map(({ sponsor }) => sponsor)).size;
    over += own.length - Math.min(sponsors, LIMITS.packetsPerUser);
  }
  return over;
}
