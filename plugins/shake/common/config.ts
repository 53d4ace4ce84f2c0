import { z } from "../../../core/plugin/plugin.ts";

/** Sponsors are numbers from 1 on, of 16 bits. */
export const MAX_SPONSORS = 65_535;

/** What an operator may set. */
export const config = z.strictObject({
  /**
   * Whose packets are given away: `generator` for those that are ordered while the host runs, or the name of a plugin
   * that releases some, such as `seed`; `auto` for such a plugin if there is one.
   */
  packets: z.string().default("auto"),
  /** How long a SET may hold a packet that nobody there wins, in ms. */
  leaseMs: z.number().min(10).max(10_000).default(250),
  /** How many sponsors the packets of an order are spread over, if the order doesn't say. */
  sponsors: z.int().min(1).max(MAX_SPONSORS).default(100),
  /** How long a version 1 user who is told "overloaded" is asked to wait, in ms. */
  retryMs: z.number().min(0).max(3_600_000).default(1_000),
});

export type ShakeConfig = z.infer<typeof config>;
