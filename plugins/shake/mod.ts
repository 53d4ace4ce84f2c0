import { definePlugin, z } from "../../core/plugin/plugin.ts";
import { ShakeHost } from "./host_half.ts";
import { MOST_SPONSORS } from "./orders.ts";
import { ShakeSet } from "./set_half.ts";

const config = z.strictObject({
  /**
   * Whose packets are given away: `generator` for those that are ordered while the host runs, or the name of a plugin
   * that releases some, such as `seed`; `auto` for such a plugin if there is one.
   */
  packets: z.string().default("auto"),
  /** How long a SET may hold a packet that nobody there wins, in ms. */
  leaseMs: z.number().min(10).max(10_000).default(250),
  /** How many sponsors the packets of an order are spread over, if the order doesn't say. */
  sponsors: z.int().min(1).max(MOST_SPONSORS).default(100),
  /** How long a version 1 user who is told "overloaded" is asked to wait, in ms. */
  retryMs: z.number().min(0).max(3_600_000).default(1_000),
});

export type ShakeConfig = z.infer<typeof config>;

/** A shake wins one of the packets that are due, or nothing. */
export default definePlugin({
  name: "shake",
  config,
  holdsMoney: true,
  metrics: {
    shakeWon: { kind: "counter", help: "Shakes whose packet is durable in the ledger" },
    shakeNothing: { kind: "counter", help: "Shakes that were answered: nothing this time" },
    shakeAllGone: { kind: "counter", help: "Shakes that were answered: all packets are gone" },
    shakeOverloaded: { kind: "counter", help: "Shakes that were answered: overloaded" },
    shakeLedgerFull: {
      kind: "counter",
      help: "Shakes that could have won but for a full ring to the ledger",
    },
    shakeOtherSponsor: {
      kind: "counter",
      help: "Shakes that were refused one sponsor's packet and tried another's",
    },
    shakeAtLimit: {
      kind: "counter",
      help: "Shakes that were answered: nothing, since the user has as many packets as one may have",
    },
    shakeAwardsRefused: { kind: "counter", help: "Awards that the ledger refused or could not decide" },
    shakePacketsDrawn: { kind: "counter", help: "Packets that were drawn for a shaker, less those refused" },
    shakeAmountWonFen: { kind: "counter", help: "Sum of what was won, in fen" },
    shakePacketsMade: { kind: "counter", help: "Packets that were made" },
    shakeAmountMadeFen: { kind: "counter", help: "Sum of the packets that were made, in fen" },
    shakePacketsInPool: { kind: "gauge", help: "Packets that are due and in no SET's hands" },
    shakePacketsLeased: { kind: "gauge", help: "Packets in the hands of SETs" },
  },
  create: (set, config) => new ShakeSet(set, config),
  control: (host, config) => new ShakeHost(host, config),
});
