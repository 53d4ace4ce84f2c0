import {
  delta,
  FEN,
  gauge,
  type PluginChart,
  type PluginWarning,
  total,
} from "../../../core/plugin/plugin.ts";

/** What shakes are answered, and the packets that they may win. */
export const charts: readonly PluginChart[] = [
  {
    id: "decisions",
    lines: [
      delta("won", "server", "shakeWon"),
      delta("nothing", "server", "shakeNothing"),
      delta("greetings", "server", "shakeGreeted"),
      delta("all gone", "server", "shakeAllGone"),
      delta("overloaded", "server", "shakeOverloaded"),
    ].map((line) => ({ ...line, before: "refused before" })),
  },
  {
    id: "packets",
    lines: [
      delta("made", "server", "shakePacketsMade"),
      delta("won (servers)", "server", "shakeWon"),
    ].map((line) => ({ ...line, before: "won (fleet)" })),
  },
  {
    id: "pool",
    title: "Packets due and not won",
    unit: "count",
    after: "packets",
    lines: [
      gauge("in the pool", "server", "shakePacketsInPool"),
      gauge("in the hands of SETs", "server", "shakePacketsLeased"),
    ],
  },
  {
    id: "money",
    lines: [
      total("made", "server", "shakeAmountMadeFen", FEN),
      total("won (servers)", "server", "shakeAmountWonFen", FEN),
    ].map((line) => ({ ...line, before: "won (fleet)" })),
  },
  {
    id: "ledger",
    lines: [
      delta("ring full", "server", "shakeLedgerFull"),
      delta("refused", "server", "shakeAwardsRefused"),
    ].map((line) => ({ ...line, before: "verdicts without a connection" })),
  },
  {
    id: "limits",
    lines: [
      {
        ...delta("user has all they may", "server", "shakeAtLimit"),
        before: "packets of a user, by the ledger",
      },
    ],
  },
];

/** Users who may win no more aren't asked of the ledger again. */
export const warnings: readonly PluginWarning[] = [
  { id: "userLimits", role: "server", metrics: ["shakeAtLimit"] },
];
