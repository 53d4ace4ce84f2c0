import assert from "node:assert/strict";
import type { Phone, PhoneOptions, PhoneStorage } from "../../core/phone/library/mod.ts";
import send from "../../plugins/send/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import { SimPhones } from "../sim/sim_phones.ts";
import type { SimHostOptions } from "../../core/world/host/sim_host.ts";
import { World } from "../sim/sim_world.ts";

const FOLLOW_UPS = 8;

/** A storage that can fail, and that lasts as long as the test. */
export class MemoryStorage implements PhoneStorage {
  readonly texts = new Map<string, string>();
  fails = false;

  getItem(key: string): string | null {
    return this.texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    if (this.fails) throw new Error("the storage is full");
    this.texts.set(key, text);
  }
}

/** A host, and phones that use the library, in virtual time. */
export class PhoneWorld {
  readonly world: World;
  readonly phones: SimPhones;

  constructor(options: Partial<SimHostOptions> = {}, seed = 1) {
    this.world = new World(
      { plugins: [{ plugin: throttle }, { plugin: shake }, { plugin: send }], ...options },
      {},
      seed,
    );
    this.phones = new SimPhones(this.world.network, seed);
  }

  /** A phone that is logged in. */
  async user(user: number, options: Partial<PhoneOptions> = {}): Promise<Phone> {
    const phone = this.phones.phone(user, options);
    await phone.connect();
    await this.until(() => phone.state.is === "ready");
    return phone;
  }

  /** Lets the world go on, promises included, until something is so. */
  async until(isDone: () => boolean, mostMs = 120_000): Promise<void> {
    const { network, host, client } = this.world;
    const untilMs = network.clock.monotonicMs() + mostMs;
    while (!isDone()) {
      assert.ok(network.clock.monotonicMs() < untilMs, "it happens in time");
      assert.ok(network.step([host, client, this.phones]), "something happens yet");
      for (let i = 0; i < FOLLOW_UPS; i++) await Promise.resolve();
    }
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.world.network.clock.monotonicMs() + ms;
    this.world.network.at(untilMs, () => {});
    await this.until(() => this.world.network.clock.monotonicMs() >= untilMs, ms + 1_000);
  }

  /** What a promise comes to, while the world goes on. */
  async outcome<T>(promise: Promise<T>, mostMs?: number): Promise<T> {
    let isDone = false;
    promise.then(() => isDone = true, () => isDone = true);
    await this.until(() => isDone, mostMs);
    return await promise;
  }

  /** Has an operator order something; answered while the world goes on. */
  ask(path: string, body: unknown): Promise<unknown> {
    return this.world.host.request("post", path, body, {});
  }

  /** Makes packets that the next shakes win. */
  async packets(total: number): Promise<void> {
    let isDone = false;
    this.world.makePackets({ ratePerS: 1_000, total, minFen: 5, maxFen: 5 }).then(() => isDone = true);
    await this.until(() => isDone);
  }

  /** Shakes until a packet is won; returns its id. */
  async win(phone: Phone): Promise<number> {
    for (;;) {
      const outcome = await this.outcome(phone.shake());
      if (outcome.result === "ok") return outcome.packet.packetId;
      await this.pass(600);
    }
  }
}
