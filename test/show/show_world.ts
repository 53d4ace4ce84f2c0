/** A show in virtual time: a whole host with tickets, bare links beside it, two model buses, and consoles in folders. */
import assert from "node:assert/strict";
import { Random } from "../../core/base/random.ts";
import type { Clock } from "../../core/base/clock.ts";
import { type SimFaults, SimNetwork } from "../../core/bus/sim_network.ts";
import { LinkAgent, type LinkCount } from "../../core/link/link_agent.ts";
import { showOrder } from "../../core/link/show_order.ts";
import { MemoryStore } from "../../core/link/show_store.ts";
import type { PlanInput } from "../../core/seed/plan/plan_schema.ts";
import { parsePlan } from "../../core/seed/plan/plan.ts";
import type { SigningKey } from "../../core/seed/file/keys.ts";
import { plannedWaves } from "../../core/show/console/begin.ts";
import { ConsoleFolder } from "../../core/show/console/console_folder.ts";
import { Director } from "../../core/show/console/director.ts";
import type { OpenConsole } from "../../core/show/console/open_console.ts";
import { perform, type Wish } from "../../core/show/console/perform.ts";
import { type ChangeResult, ShowConsole } from "../../core/show/console/show_console.ts";
import type { ShowDocument } from "../../core/show/document.ts";
import { TestKeys } from "../../core/show/testing.ts";
import { SeedWorld } from "../seed/seed_world.ts";

export const EVENT = "gala";
const STEP_MS = 10;

/** A console's process is gone, in the middle of what it did. */
export class ConsoleKilled extends Error {}

/** A host's link, with the host behind it or without one. */
export class LinkedModel {
  readonly counts = new Map<LinkCount, number>();
  readonly store = new MemoryStore();
  readonly applied: ShowDocument[] = [];
  /** Steps its wall clock away from everybody's. */
  aheadMs = 0;
  isHolding = false;
  agent: LinkAgent | undefined;
  check: (show: ShowDocument) => readonly string[] | undefined = () => [];
  apply: (show: ShowDocument) => void = () => {};

  constructor(readonly world: ShowWorld, readonly name: string) {}

  start(): void {
    const { networks, keys, random, clock } = this.world;
    const own: Clock = {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs() + this.aheadMs,
    };
    this.agent = new LinkAgent({
      name: { event: EVENT, host: this.name, city: "north", cluster: "one" },
      buses: networks.map(({ hub }) => hub.join("model")),
      trusted: keys.trusted,
      store: this.store,
      clock: own,
      random: random.fork(),
      host: {
        check: (show, answer) => answer(this.check(show)),
        apply: (show) => {
          this.applied.push(show);
          this.apply(show);
        },
        hold: (isHolding) => this.isHolding = isHolding,
        count: (what) => this.counts.set(what, (this.counts.get(what) ?? 0) + 1),
        wake: () => {},
        log: () => {},
      },
    });
    this.agent.start();
  }

  /** The process dies; what is on its disk stays. */
  kill(): void {
    this.agent = undefined;
  }
}

export class ShowWorld implements Disposable {
  readonly keys = new TestKeys();
  readonly random: Random;
  readonly seeded: SeedWorld;
  readonly networks: readonly SimNetwork[];
  readonly links: LinkedModel[];
  readonly #plan: PlanInput;
  readonly #directors = new Set<Director>();
  /** Called every 10 ms of virtual time. */
  everyStep = () => {};

  constructor(plan: PlanInput, seed: number, faults: SimFaults, bareHosts = 3) {
    this.random = new Random(seed);
    this.#plan = plan;
    this.seeded = new SeedWorld(plan, {}, seed);
    const order = showOrder(this.keys.trusted, EVENT);
    this.networks = [0, 1].map(() => new SimNetwork(order, faults, this.random.fork()));
    this.links = Array.from({ length: 1 + bareHosts }, (_, i) => new LinkedModel(this, `host-${i}`));
    const [first] = this.links;
    first.check = (show) => this.seeded.host.halves.checkShow(show);
    first.apply = (show) => this.seeded.host.halves.onShow(show);
    for (const link of this.links) link.start();
  }

  get clock() {
    return this.seeded.network.clock;
  }

  /** The host with the tickets dies, and comes back after a while. */
  async restartHost(downMs: number): Promise<void> {
    const [first] = this.links;
    first.kill();
    this.seeded.kill();
    await this.pass(downMs);
    this.seeded.start();
    first.start();
  }

  async pass(ms: number): Promise<void> {
    await this.seeded.pass(ms, () => {
      const nowMs = this.clock.monotonicMs();
      for (const network of this.networks) network.advanceTo(nowMs);
      for (const { agent, isHolding } of this.links) {
        agent?.turn();
        if (agent === this.links[0].agent) this.seeded.host.halves.isHolding = isHolding;
      }
      for (const director of this.#directors) director.turn();
      this.everyStep();
    });
  }

  /** Lets time pass until a second of the plan. */
  async until(second: number): Promise<void> {
    await this.pass((second - this.seeded.second) * 1_000);
  }

  /** @param path the folder of a console that there was; absent: an empty one */
  console(key: SigningKey, path = this.keys.folder()): TestConsole {
    const folder = new ConsoleFolder(path);
    const director = new Director({
      event: EVENT,
      name: `console-${key.id}`,
      buses: this.networks.map(({ hub }) => hub.join("model")),
      trusted: this.keys.trusted,
      key,
      clock: this.clock,
    });
    this.#directors.add(director);
    director.start();
    return new TestConsole(this, folder, director, key, () => this.#directors.delete(director));
  }

  get planned() {
    return plannedWaves(parsePlan(this.#plan, "plan"), []);
  }

  [Symbol.dispose](): void {
    this.seeded[Symbol.dispose]();
    this.keys[Symbol.dispose]();
  }
}

/** A console in virtual time. */
export class TestConsole {
  /** It dies after so many steps of what it does next. */
  diesInSteps = Infinity;
  readonly open: OpenConsole;
  readonly #world: ShowWorld;
  readonly #leave: () => void;

  constructor(
    world: ShowWorld,
    folder: ConsoleFolder,
    director: Director,
    key: SigningKey,
    leave: () => void,
  ) {
    this.#world = world;
    this.#leave = leave;
    const { trusted } = world.keys;
    const console = new ShowConsole({
      folder,
      director,
      trusted,
      key,
      who: "test",
      clock: world.clock,
      pause: async () => {
        if (this.diesInSteps-- <= 0) throw new ConsoleKilled();
        await world.pass(STEP_MS);
      },
    });
    this.open = { console, folder, director, key, trusted, event: EVENT, close: () => Promise.resolve() };
  }

  async do(
    action: string,
    operands: readonly string[] = [],
    more: Partial<Wish> = {},
  ): Promise<ChangeResult> {
    const wish: Wish = {
      action,
      operands,
      quorumPercent: 90,
      confirmMs: 3_000,
      isReplacing: false,
      approvers: [],
      ...more,
    };
    return await perform(this.open, wish, this.#world.clock.wallMs());
  }

  /** The same, and it must go out. */
  async issue(...args: Parameters<TestConsole["do"]>): Promise<Extract<ChangeResult, { kind: "issued" }>> {
    const result = await this.do(...args);
    assert.equal(result.kind, "issued");
    return result as Extract<ChangeResult, { kind: "issued" }>;
  }

  /** What it wanted kept is wanted by nobody any more. */
  kill(): void {
    this.#leave();
    for (const bus of this.open.director.buses) void bus.close();
  }
}
