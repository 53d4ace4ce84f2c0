import type { Clock } from "../../base/clock.ts";
import { Random } from "../../base/random.ts";
import { SimNetwork as SimBus } from "../../bus/sim_network.ts";
import type { BooksEvent } from "../../books/contract/event.ts";
import { ModelBooks } from "../../books/model/model_books.ts";
import { behaviourSchema } from "../../client/population/behaviour.ts";
import type { SimActor } from "../../engine/sim/agenda.ts";
import { SimNetwork } from "../../engine/sim/network.ts";
import { showOrder } from "../../link/show_order.ts";
import { Payer } from "../../payout/payer.ts";
import type { AnyPlugin } from "../../plugin/plugin.ts";
import { makeHostFile } from "../../seed/make/make.ts";
import { Layout } from "../../seed/plan/layout.ts";
import { parsePlan } from "../../seed/plan/plan.ts";
import { hostsOf, type Plan, type PlanInput } from "../../seed/plan/plan_schema.ts";
import { Settler } from "../../settle/settler.ts";
import { plannedWaves } from "../../show/console/begin.ts";
import { CityFleet } from "../host/city_fleet.ts";
import { HOST_PORT, WorldHost } from "../host/world_host.ts";
import type { WorldSeams } from "../host/world_seams.ts";
import { SimBooks } from "../parts/sim_books.ts";
import { SimGateway } from "../parts/sim_gateway.ts";
import { VirtualTime } from "../parts/virtual_time.ts";
import { WorldKeys } from "../parts/world_keys.ts";
import type { PlannedFault, WorldPlan } from "../plan/world_plan.ts";
import { Witness } from "../watch/witness.ts";
import { WorldShow } from "./world_show.ts";

/** The event's name, in keys and on buses. */
export const WORLD_EVENT = "world";
/** Addresses: 10.city.host.host, and a fleet for each city. */
const HOSTS_AT = 0x0a00_0001;
const FLEETS_AT = 0x0b00_0001;
/** The waves of the event, as parts of its length: when each begins and how long it is. */
const WAVES = [[0.05, 0.2], [0.35, 0.15], [0.55, 0.15]] as const;
/** The wave that waits for the director's word. */
const WAITING_WAVE = 1;
/** Faults begin in this part of the event, and all have ended at its end. */
export const FAULTS_FROM = 0.04;
export const FAULTS_TO = 0.6;
const AVERAGE_FEN = 100;
const NO_GATEWAY_FAULTS = { fail: 0, refuse: 2, timeoutBefore: 0, timeoutAfter: 0 };
/** How long settlement waits for a silent host. */
const PATIENCE_MS = 15_000;
const DIRECTOR_TRIES = 40;
/** With more hosts than so many all timers are late by up to as much. */
const MANY_HOSTS = 50;
const TIMER_MS = 50;
/** How long it takes until somebody sees that a host is gone for good, and says so to the books. */
const RETIRE_AFTER_MS = 6_000;

/** Plugins of the hosts, and what a test puts wrong. */
export interface WorldOptions {
  readonly plugins: readonly { readonly plugin: AnyPlugin; readonly config?: unknown }[];
  readonly seams?: WorldSeams;
  /** A folder of its own, for seed files and consoles. */
  readonly folder: string;
}

/**
 * An event from its first login to its last payment, in one thread and virtual time: hosts, users, books, settlement, a
 * bank and a director. The parts are the program's own; what stands between them and below them is modelled.
 */
export class World implements Disposable {
  readonly plan: WorldPlan;
  readonly network: SimNetwork;
  readonly time: VirtualTime;
  /** Everybody's who has no clock of their own. */
  readonly clock: Clock;
  readonly witness: Witness;
  readonly event: BooksEvent;
  readonly books: SimBooks;
  readonly gateway: SimGateway;
  readonly buses: readonly SimBus[];
  readonly hosts: readonly WorldHost[];
  readonly fleets: readonly CityFleet[];
  readonly show: WorldShow;
  readonly random: Random;
  /** What happened to it, for people: when, and what. */
  readonly log: { readonly atMs: number; readonly what: string }[] = [];
  readonly seedPlan: Plan;
  readonly payer: Payer;
  readonly #settler: Settler;
  readonly #options: WorldOptions;
  #isStopped = false;

  constructor(plan: WorldPlan, options: WorldOptions) {
    this.plan = plan;
    this.#options = options;
    const random = this.random = new Random(plan.seed);
    const network = this.network = new SimNetwork(random.forkSeed(), {
      delayMs: plan.networkDelayMs,
      splitProbability: plan.splitProbability,
    });
    const time = this.time = new VirtualTime(network, timerOf(plan));
    // Wall time is whole, as the machine's is.
    const clock = this.clock = {
      monotonicMs: () => network.clock.monotonicMs(),
      wallMs: () => Math.floor(network.clock.wallMs()),
    };
    this.witness = new Witness(() => time.nowMs);
    const { seams = {}, folder } = options;
    this.seedPlan = parsePlan(planInput(plan, clock.wallMs()), "the world's plan");
    const { packetsPerUser, packetsPerSponsor } = this.seedPlan.limits;
    this.event = { event: WORLD_EVENT, packetsPerUser, packetsPerSponsor };
    const keys = new WorldKeys(folder, random.fork());
    this.#makeSeeds(keys, random.fork());
    const order = showOrder(keys.trusted, WORLD_EVENT);
    const now = () => time.nowMs;
    this.buses = [0, 1].map(() => new SimBus(order, this.goodBus, random.fork(), now));
    for (const bus of this.buses) joinBus(bus, network);
    const model = new ModelBooks(seams.limits?.(this.event) ?? this.event);
    const way = { delayMs: [1, 15] as const, lostReplies: 0, isDown: false };
    this.books = new SimBooks(model, way, time, random.fork());
    this.gateway = new SimGateway(time, clock, random.fork(), NO_GATEWAY_FAULTS);
    const limits = { perUser: packetsPerUser, perSponsor: packetsPerSponsor };
    this.gateway.onPaid = ({ key, user, amountFen }) =>
      this.witness.pays(Number(key.slice(key.indexOf("/") + 1)), user, amountFen, limits);
    this.hosts = this.#makeHosts(keys, random.fork());
    this.fleets = this.#makeFleets(random.fork());
    this.show = new WorldShow({
      event: WORLD_EVENT,
      folder,
      keys,
      buses: this.buses,
      clock,
      time,
    });
    this.#settler = this.#makeSettler();
    this.payer = this.#makePayer(random.fork());
  }

  /** How long the event is, in ms. */
  get lengthMs(): number {
    return this.plan.minutes * 60_000;
  }

  get goodBus() {
    return { delayMs: this.plan.busDelayMs, jitterMs: this.plan.busDelayMs, lost: 0, repeated: 0 };
  }

  get goodGateway() {
    return NO_GATEWAY_FAULTS;
  }

  /** Everybody begins. */
  start(): void {
    for (const host of this.hosts) host.start();
    for (const fleet of this.fleets) this.network.agenda.join(fleet);
    void this.#live(this.#settler.run());
    void this.#live(this.payer.run());
    void this.#live(this.#direct());
  }

  /** Users of a fleet that begins later. */
  addFleet(fleet: CityFleet): void {
    (this.fleets as CityFleet[]).push(fleet);
    this.network.agenda.join(fleet);
  }

  note(what: string): void {
    this.log.push({ atMs: this.time.nowMs, what });
  }

  /** The host that a fault means. */
  hostOf({ where }: PlannedFault): WorldHost {
    return this.hosts[Math.min(this.hosts.length - 1, Math.floor(where * this.hosts.length))];
  }

  /** Settlement and payment end with what they are doing. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.time.pass(this.time.nowMs + 5_000);
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    for (const host of this.hosts) host.lose("the world has ended");
    this.gateway.store.close();
  }

  /** What fails in a program that nobody waits for fails in the world. */
  async #live(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      const what = error instanceof Error ? error.stack ?? error.message : String(error);
      this.witness.broken("progress", `a program has ended: ${what}`);
    }
  }

  async #direct(): Promise<void> {
    const { time, show, clock } = this;
    await time.sleep(500);
    const name = this.seedPlan.waves[WAITING_WAVE].name;
    await show.act("init", [], DIRECTOR_TRIES, plannedWaves(this.seedPlan, [name]));
    const startMs = this.seedPlan.waves[WAITING_WAVE].start;
    await time.sleep(startMs - clock.wallMs());
    await show.act("go", [name], DIRECTOR_TRIES);
  }

  #makeSeeds(keys: WorldKeys, random: Random): void {
    const { folder } = this.#options;
    const layout = new Layout(this.seedPlan);
    const parts = {
      plan: this.seedPlan,
      planJson: planInput(this.plan, this.clock.wallMs()),
      layout,
      set: random.uint32().toString(16).padStart(32, "0"),
      madeAt: new Date(this.clock.wallMs()).toISOString(),
      key: keys.director,
    };
    layout.hosts.forEach(({ id }, i) => makeHostFile(parts, i, `${folder}/${id}.seed`, random.fork()));
  }

  #makeHosts(keys: WorldKeys, random: Random): WorldHost[] {
    const { plan, network, time, witness, event, buses, books } = this;
    const { plugins, seams = {}, folder } = this.#options;
    return hostsOf(this.seedPlan).map(({ id }, index) =>
      new WorldHost({
        ...{ index, name: id, network, time, plugins, buses, witness, seams },
        city: index % plan.cities,
        address: HOSTS_AT + index,
        // Users of two cities, and those who come back before their seats are free.
        seats: 16 + 4 * Math.ceil(plan.users / plan.hosts),
        workers: plan.workers,
        timerMs: timerOf(plan),
        seedPath: `${folder}/${id}.seed`,
        limits: event,
        event: WORLD_EVENT,
        trusted: keys.trusted,
        books: (isCut) => this.#seen(books.seenBy(isCut)),
        random: random.fork(),
        onLost: (host, why) => this.#lost(host, why),
      })
    );
  }

  /** After a while somebody sees it, and settlement waits for the host no longer. */
  #lost(host: WorldHost, why: string): void {
    if (this.#isStopped) return;
    this.note(`${host.name} is gone for good: ${why}`);
    const retireMs = this.time.nowMs + RETIRE_AFTER_MS;
    this.network.plan(retireMs, () => void this.books.model.intake.retire(host.number, true));
  }

  #seen(books: ReturnType<SimBooks["seenBy"]>) {
    return this.#options.seams?.books?.(books) ?? books;
  }

  #makeFleets(random: Random): CityFleet[] {
    const { plan } = this;
    return Array.from({ length: plan.cities }, (_, city) => {
      const count = Math.floor((plan.users - city + plan.cities - 1) / plan.cities);
      return this.makeFleet(
        city,
        { first: city, stride: plan.cities, count },
        FLEETS_AT + city,
        random.fork(),
      );
    }).filter((fleet) => fleet !== undefined);
  }

  /** Users who play on the hosts of a city. */
  makeFleet(
    city: number,
    slice: { first: number; stride: number; count: number },
    address: number,
    random: Random,
  ): CityFleet {
    const { plan, network, witness } = this;
    const targets = this.hosts.filter((host) => host.city === city)
      .map((host) => ({ address: host.address, port: HOST_PORT, source: 0 }));
    return new CityFleet({
      network,
      address,
      random,
      witness,
      settings: {
        slice,
        targets,
        total: plan.users,
        qps: 0,
        pacing: "smooth",
        gap: plan.thinkMs,
        connectRate: Math.max(50, slice.count),
        protocol: 1,
        behaviour: behaviourSchema.parse({ openPercent: plan.openPercent, openAfterMs: [0, 2_000] }),
      },
    });
  }

  #makeSettler(): Settler {
    return new Settler({
      books: this.#seen(this.books.seenBy(() => false)),
      clock: this.clock,
      batch: 2_000,
      patienceMs: PATIENCE_MS,
      firstPart: 0,
      isOnce: false,
      isStopped: () => this.#isStopped,
      wait: this.time.sleep,
    });
  }

  #makePayer(random: Random): Payer {
    return new Payer({
      payments: this.#seen(this.books.seenBy(() => false)).payments,
      gateway: this.gateway,
      event: WORLD_EVENT,
      clock: this.clock,
      random,
      parallel: 16,
      ratePerS: Infinity,
      leaseMs: 10_000,
      isOnce: false,
      isStopped: () => this.#isStopped,
      wait: this.time.sleep,
      sleep: this.time.sleep,
    });
  }
}

function timerOf({ hosts }: WorldPlan): number {
  return hosts > MANY_HOSTS ? TIMER_MS : 0;
}

function joinBus(bus: SimBus, network: SimNetwork): void {
  const actor: SimActor = {
    turn: () => bus.advanceTo(network.clock.monotonicMs()),
    nextDueMs: () => bus.nextDueMs,
  };
  bus.onSend = () => network.agenda.wake(actor);
  network.agenda.join(actor);
}

/** The plan of the world's money: as many sponsors, waves and packets as the seed says. */
function planInput(plan: WorldPlan, wallMs: number): PlanInput {
  const lengthMs = plan.minutes * 60_000;
  const perSponsor = Math.max(plan.hosts * WAVES.length, Math.ceil(plan.packets / plan.sponsors));
  return {
    name: WORLD_EVENT,
    expires: new Date(wallMs + 86_400_000).toISOString(),
    sponsors: Array.from({ length: plan.sponsors }, (_, i) => ({
      number: i + 1,
      name: `sponsor ${i + 1}`,
      budgetFen: perSponsor * AVERAGE_FEN,
      amounts: { kind: "uniform" as const, minFen: 1, maxFen: 2 * AVERAGE_FEN - 1 },
    })),
    waves: WAVES.map(([start, length], i) => ({
      name: `wave-${i + 1}`,
      start: new Date(wallMs + Math.round(start * lengthMs)).toISOString(),
      lengthS: Math.max(1, Math.round(length * lengthMs / 1_000)),
    })),
    hosts: { count: plan.hosts },
  };
}
