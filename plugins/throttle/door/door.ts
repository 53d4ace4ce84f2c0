import { type DoorDefinition, type PluginDoor, z } from "../../../core/plugin/plugin.ts";
import { loginRate, perS } from "../common/config.ts";
import { RateTable } from "./rate_table.ts";

/** What an operator may set at a door. */
const config = z.strictObject({
  /** Most clients a second that the door takes, 0 for no limit. */
  acceptsPerS: perS(10_000_000).default(0),
  /** Most of one address, 0 for no limit, and how many may come at once. */
  addressAcceptsPerS: perS(1_000_000).default(200),
  addressAcceptBurst: z.int().min(1).max(10_000_000).default(2_000),
  ...loginRate,
});

type DoorConfig = z.infer<typeof config>;

/** The rates that hold before any server hears of somebody: of clients by their address, of logins by their token. */
export const door: DoorDefinition<DoorConfig> = {
  config,
  metrics: {
    throttleAcceptsByHost: { kind: "counter", help: "Clients refused by the rate of the door" },
    throttleAcceptsByAddress: {
      kind: "counter",
      help: "Clients refused since too many come from their address",
    },
    throttleLoginsByUser: { kind: "counter", help: "Logins refused since the user tries too often" },
  },
  create: (count, config) => new ThrottleDoor(count, config),
};

/** `throttle` at a door. */
class ThrottleDoor implements PluginDoor {
  readonly #count: (metric: string) => void;
  readonly #all: RateTable<0>;
  readonly #addresses: RateTable<number>;
  readonly #tokens: RateTable<number>;

  constructor(count: (metric: string) => void, config: DoorConfig) {
    const { acceptsPerS, addressAcceptsPerS, addressAcceptBurst } = config;
    this.#count = count;
    this.#all = new RateTable(acceptsPerS, Math.max(1, acceptsPerS));
    this.#addresses = new RateTable(addressAcceptsPerS, addressAcceptBurst);
    this.#tokens = new RateTable(config.userLoginsPerMinute / 60, config.userLoginBurst);
  }

  connect(address: number, nowMs: number): number {
    // Whoever is over their own rate takes nothing of the others'.
    return this.#refused("throttleAcceptsByAddress", this.#addresses.take(address, nowMs)) ||
      this.#refused("throttleAcceptsByHost", this.#all.take(0, nowMs));
  }

  login(user: number, tokenBits: number, nowMs: number): number {
    // Where tokens aren't checked all may be the same, so the user is part of the key.
    const key = user * 0x20_0000 + (tokenBits >>> 11);
    return this.#refused("throttleLoginsByUser", this.#tokens.take(key, nowMs));
  }

  #refused(metric: string, waitMs: number): number {
    if (waitMs > 0) this.#count(metric);
    return waitMs;
  }
}
