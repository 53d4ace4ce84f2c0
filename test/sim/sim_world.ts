import assert from "node:assert/strict";
import { SimNetwork, type SimNetworkOptions } from "../../core/engine/sim/network.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import { SimClient, type SimPeer } from "./sim_client.ts";
import { SimHost, type SimHostOptions } from "../../core/world/host/sim_host.ts";

const LIMIT_MS = 60_000;

/** A host and a client on one simulated network. */
export class World {
  readonly network: SimNetwork;
  readonly host: SimHost;
  readonly client: SimClient;

  constructor(options: Partial<SimHostOptions> = {}, network: SimNetworkOptions = {}, seed = 1) {
    this.network = new SimNetwork(seed, network);
    this.host = new SimHost(this.network, {
      plugins: [{ plugin: throttle }, { plugin: shake }],
      seed,
      ...options,
    });
    this.client = new SimClient(this.network);
  }

  until(isDone: () => boolean): void {
    const untilMs = this.network.clock.monotonicMs() + LIMIT_MS;
    assert.ok(this.network.run([this.host, this.client], isDone, untilMs), "it happens in time");
  }

  pass(ms: number): void {
    const untilMs = this.network.clock.monotonicMs() + ms;
    this.network.at(untilMs, () => {});
    this.until(() => this.network.clock.monotonicMs() >= untilMs);
  }

  /** A peer who has logged in. */
  user(id: number): SimPeer {
    const peer = this.connect().login(id);
    this.until(() => peer.answers.length >= 1);
    return peer;
  }

  connect(): SimPeer {
    const peer = this.client.dial();
    this.until(() => peer.isOpen || peer.closeCause !== undefined);
    return peer;
  }

  total(name: string): number {
    return this.host.counters.total(name);
  }

  /** Asks a route and lets the world go on until it answers. */
  async ask(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    const answer: { value?: unknown; error?: unknown; isThere: boolean } = { isThere: false };
    this.host.request(method, path, body, headers).then(
      (value) => Object.assign(answer, { value, isThere: true }),
      (error) => Object.assign(answer, { error, isThere: true }),
    );
    await this.settle(() => answer.isThere);
    if (answer.error !== undefined) throw answer.error;
    return answer.value;
  }

  /** Orders packets and waits until the ledger has those of the first second. */
  async makePackets(
    order: { ratePerS: number; total: number; minFen: number; maxFen: number },
  ): Promise<void> {
    await this.ask("post", "/packets", order);
    const wanted = Math.min(order.total, order.ratePerS);
    await this.settle(() => this.total("shakePacketsMade") >= wanted);
  }

  /** Waits until a SET holds packets. */
  async untilLeased(): Promise<void> {
    await this.settle(() => this.shakeStatus().leased > 0);
    this.pass(20);
  }

  shakeStatus(): {
    made: number;
    madeFen: number;
    released: number;
    inPool: number;
    leased: number;
    won: number;
    isAllGone: boolean;
  } {
    return this.host.halves.status().shake as ReturnType<World["shakeStatus"]>;
  }

  /** Mints resolve as promises, so real turns of the event loop lie between the virtual ones. */
  async settle(isDone: () => boolean, stepMs = 1): Promise<void> {
    for (let i = 0; i < 10_000 && !isDone(); i++) {
      this.pass(stepMs);
      await Promise.resolve();
      await Promise.resolve();
    }
    assert.ok(isDone(), "it happens in time");
  }
}
