import { delta, FEN, type PluginChart, total } from "../../../core/plugin/plugin.ts";

/** What users send, claim and say. */
export const charts: readonly PluginChart[] = [
  {
    id: "sends",
    title: "Packets that users send",
    unit: "perSecond",
    isSparse: true,
    after: "delivery",
    lines: [
      delta("sent", "server", "sendPackets"),
      delta("by the host", "server", "sendHostPackets"),
      delta("claims", "server", "sendClaims"),
      delta("claims paid", "server", "sendClaimsPaid"),
      delta("claims empty", "server", "sendClaimsEmpty"),
      delta("refused", "server", "sendRefused"),
      delta("told to wait", "server", "sendBusy", "sendClaimsBusy"),
      delta("expired", "server", "sendExpired"),
      delta("chats delivered", "server", "sendChatsDelivered"),
    ],
  },
  {
    id: "money",
    lines: [
      total("sent by users", "server", "sendAmountFen", FEN),
      total("sent by the host", "server", "sendHostAmountFen", FEN),
    ],
  },
];
