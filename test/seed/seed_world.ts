/** A host with a seed file in virtual time, and users of either version. */
import assert from "node:assert/strict";
import { markAwarded } from "../../core/ledger/registry/awarded_bits.ts";
import { Judge } from "../../core/ledger/judge/judge.ts";
import type { Judgement } from "../../core/ledger/record/judgement.ts";
import type { AwardRecord, Balances, Ledger } from "../../core/ledger/record/ledger.ts";
import type { OrderState } from "../../core/ledger/record/order_state.ts";
import { orderStates } from "../../core/ledger/registry/order_states.ts";
import type { SimActor } from "../../core/engine/sim/agenda.ts";
import { SimNetwork } from "../../core/engine/sim/network.ts";
import type { PlanInput } from "../../core/seed/plan/plan_schema.ts";
import { SeedFile } from "../../core/seed/file/seed_file.ts";
import { TestSet } from "../../core/seed/make/testing.ts";
import { SeedTickets } from "../../core/seed/file/tickets.ts";
import seed from "../../plugins/seed/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import { SimClient, type SimPeer } from "../sim/sim_client.ts";
import { SimHost, type SimHostOptions } from "../../core/world/host/sim_host.ts";

/** Where the simulated wall clock begins. */
export const WALL_MS = 1_700_000_000_000;
/** How long an answer may take, in virtual time. */
const MOST_ANSWER_MS = 10_000;
/** A time of the plan, in seconds from there. */
export const at = (seconds: number) => new Date(WALL_MS + seconds * 1000).toISOString();

/** One wave of 20 s that begins after 2 s, and a later one of 10 s. */
export function planOf(tickets: number, parts: Partial<PlanInput> = {}): PlanInput {
  return {
    name: "simulated",
    expires: at(100_000),
    sponsors: [
      { number: 1, name: "One", budgetFen: tickets * 10, amounts: { kind: "fixed", amountFen: 20 } },
      { number: 2, name: "Two", budgetFen: tickets * 5, amounts: { kind: "uniform", minFen: 1, maxFen: 19 } },
    ],
    waves: [
      { name: "first", start: at(2), lengthS: 20, share: 3 },
      { name: "second", start: at(60), lengthS: 10, share: 1, curve: { kind: "front", startToEnd: 3 } },
    ],
    hosts: { count: 1 },
    ...parts,
  };
}

/** A ledger that outlives a host: what a file is to a process. */
export class LastingLedger implements Ledger {
  readonly failure = undefined;
  readonly judgeOf = new Judge();
  get nextPacketId(): number {
    return this.judgeOf.nextPacketId;
  }
  judge(words: Int32Array, at: number, judgement: Judgement): void {
    this.judgeOf.judge(words, at, judgement);
  }
  commit(): boolean {
    this.judgeOf.check();
    return true;
  }
  balances(): Balances {
    return this.judgeOf.balances();
  }
  get unopened(): number {
    return this.judgeOf.unopened;
  }
  orders(): OrderState[] {
    return orderStates(this.judgeOf);
  }
  awardOf(packetId: number): AwardRecord | undefined {
    return this.judgeOf.awardOf(packetId);
  }
  writeHoldings(user: number, words: Uint32Array, at: number, most: number): void {
    this.judgeOf.writeHoldings(user, words, at, most);
  }
  close(): void {}
}

interface WaveStatus {
  readonly wave: string;
  readonly state: string;
  readonly released: number;
  readonly behindMs: number;
  readonly end: string;
  readonly isClosed: boolean;
}

/** A host with a seed file, which can be killed and started again. */
export class SeedWorld implements Disposable {
  readonly set: TestSet;
  readonly network: SimNetwork;
  readonly client: SimClient;
  readonly ledger = new LastingLedger();
  /** Whoever else has turns, such as a fleet. */
  readonly others: SimActor[] = [];
  host!: SimHost;
  #file!: SeedFile;
  #isUp = false;
  readonly #options: Partial<SimHostOptions>;
  readonly #seed: number;

  constructor(plan: PlanInput, options: Partial<SimHostOptions> = {}, seed = 1) {
    this.set = new TestSet(plan);
    this.network = new SimNetwork(seed, {});
    this.#options = options;
    this.#seed = seed;
    this.client = new SimClient(this.network);
    this.start();
  }

  start(options: Partial<SimHostOptions> = {}): void {
    this.#file = new SeedFile(this.set.path("host-000"));
    this.#isUp = true;
    const tickets = new SeedTickets(this.#file);
    markAwarded(this.ledger.judgeOf.packets, {
      firstId: tickets.firstId,
      count: tickets.count,
      bits: tickets.awarded,
    });
    this.host = new SimHost(this.network, {
      plugins: [
        { plugin: throttle, config: { connectionPerS: 1_000, connectionBurst: 1_000 } },
        { plugin: shake },
        { plugin: seed },
      ],
      ledger: this.ledger,
      tickets,
      seed: this.#seed,
      ...this.#options,
      ...options,
    });
  }

  /** Of the tickets, as plans and notes name them. */
  get ticketsHash(): string {
    return new SeedTickets(this.#file).hash;
  }

  kill(): void {
    this.#isUp = false;
    this.host.kill();
    this.#file.close();
  }

  /** Lets time pass; between the virtual turns lie real ones, in which promises resolve. */
  async pass(ms: number, everyMs: () => void = () => {}): Promise<void> {
    const { clock } = this.network;
    for (const untilMs = clock.monotonicMs() + ms; clock.monotonicMs() < untilMs;) {
      const nextMs = Math.min(untilMs, clock.monotonicMs() + 10);
      this.network.at(nextMs, () => {});
      const actors = [...(this.#isUp ? [this.host] : []), this.client, ...this.others];
      this.network.run(actors, () => clock.monotonicMs() >= nextMs, nextMs);
      everyMs();
      await Promise.resolve();
    }
  }

  async user(id: number): Promise<SimPeer> {
    const peer = this.client.dial().login(id);
    while (peer.answers.length === 0) await this.pass(10);
    return peer;
  }

  /** The same in version 1. */
  async user1(id: number): Promise<SimPeer> {
    const peer = this.client.dial().login1(id);
    while (peer.frames.length === 0) await this.pass(10);
    return peer;
  }

  total(metric: string): number {
    return this.host.counters.total(metric);
  }

  waves(): Promise<WaveStatus[]> {
    return this.host.request("get", "/waves", undefined) as Promise<WaveStatus[]>;
  }

  /** Lets time pass until the order is durable, or refused. */
  async order(action: string, body: unknown, key?: string): Promise<unknown> {
    const headers: Record<string, string> = key === undefined ? {} : { "idempotency-key": key };
    const answer = { isThere: false };
    const asked = this.host.request("post", `/waves/${action}`, body, headers)
      .finally(() => answer.isThere = true);
    asked.catch(() => {}); // whoever asked hears of it below
    for (let ms = 0; !answer.isThere; ms++) {
      assert.ok(ms < MOST_ANSWER_MS, "an order is answered in time");
      await this.pass(1);
    }
    return await asked;
  }

  /** Wall time as seconds of the plan. */
  get second(): number {
    return (this.network.clock.wallMs() - WALL_MS) / 1000;
  }

  [Symbol.dispose](): void {
    if (this.#isUp) this.#file.close();
    this.set[Symbol.dispose]();
  }
}
