import { definePlugin } from "../../core/plugin/plugin.ts";
import { charts, warnings } from "./common/charts.ts";
import { config } from "./common/config.ts";
import { ShakeHost } from "./host/host_plugin.ts";
import { rehearsal } from "./common/rehearsal.ts";
import { ShakeSet } from "./set/set_plugin.ts";

/** A shake wins one of the packets that are due, or nothing. */
export default definePlugin({
  name: "shake",
  config,
  holdsMoney: true,
  charts,
  warnings,
  rehearsal,
  metrics: {
    shakeWon: { kind: "counter", help: "Shakes whose packet is durable in the ledger" },
    shakeNothing: { kind: "counter", help: "Shakes that were answered: nothing this time" },
    shakeGreeted: { kind: "counter", help: "Shakes that won no packet and were answered with a greeting" },
    shakeUngreeted: {
      kind: "counter",
      help: "Shakes of version 1 users that won no packet, when there was no greeting either",
    },
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
    shakeOpened: { kind: "counter", help: "Packets that a version 1 user opened, durable in the ledger" },
    shakeOpenedForBanned: {
      kind: "counter",
      help: "Packets that were opened for users whom the show bans, since they can't",
    },
    shakeAmountOpenedFen: { kind: "counter", help: "Sum of what was opened, in fen" },
    shakeOpensRefused: { kind: "counter", help: "Packets that could not be opened, for whatever reason" },
    shakePacketsMade: { kind: "counter", help: "Packets that were made" },
    shakeAmountMadeFen: { kind: "counter", help: "Sum of the packets that were made, in fen" },
    shakePacketsInPool: { kind: "gauge", help: "Packets that are due and in no SET's hands" },
    shakePacketsLeased: { kind: "gauge", help: "Packets in the hands of SETs" },
  },
  create: (set, config) => new ShakeSet(set, config),
  control: (host, config) => new ShakeHost(host, config),
});
