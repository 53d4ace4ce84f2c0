import type { z } from "zod";
import type { MetricDefinition } from "../../counters/counters.ts";

/**
 * A plugin at a door: where users come in before any server hears of them, as at a gateway. Each question is answered
 * with 0 to let somebody in, or with the ms after which they may come again.
 */
export interface PluginDoor {
  /** A client comes, from an address as a number; of an IPv6 address, the number of its network. */
  connect?(address: number, nowMs: number): number;
  /** A user logs in with a token, of which some bits are given: the same token has the same. */
  login?(user: number, tokenBits: number, nowMs: number): number;
}

/** What a plugin is at doors. */
export interface DoorDefinition<Config> {
  /** A strict object with a default for every field. What a server has too has the same name. */
  readonly config: z.ZodType<Config>;
  /** What is counted at a door; with the name of a metric of servers, for the same reason. */
  readonly metrics?: Readonly<Record<string, MetricDefinition>>;
  /** @param count adds 1 to a metric of its own */
  create(count: (metric: string) => void, config: Config): PluginDoor;
}
