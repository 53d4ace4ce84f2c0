import type { MetricDefinition, SetContext } from "../../../core/plugin/plugin.ts";

const counter = (help: string): MetricDefinition => ({ kind: "counter", help });

/** What `send` counts. */
export const SEND_METRICS = {
  sendPackets: counter("Packets that users sent and that are durable in the ledger"),
  sendAmountFen: counter("Sum of the packets that users sent, in fen"),
  sendRefused: counter("Sends that were refused, for whatever reason"),
  sendBusy: counter("Sends that were asked to try again later"),
  sendHostPackets: counter("Packets that the host itself sent"),
  sendHostAmountFen: counter("Sum of the packets that the host itself sent, in fen"),
  sendClaims: counter("Claims that users made"),
  sendClaimsPaid: counter("Claims whose share is durable in the ledger"),
  sendClaimedFen: counter("Sum of the shares that were claimed, in fen"),
  sendClaimsEmpty: counter("Claims that were decided and brought nothing new"),
  sendClaimsBusy: counter("Claims that were asked to try again later"),
  sendClaimsRepeated: counter("Claimed shares that were told again at a login"),
  sendNotices: counter("Notices that were sent to users"),
  sendUntold: counter(
    "Packets whose recipients hear of them at their next login only: too many were being told",
  ),
  sendExpired: counter("Packets of which something went back, since its time was over"),
  sendReturnedFen: counter("Sum of what went back, in fen"),
  sendChats: counter("Chats to groups that were taken"),
  sendChatsRefused: counter("Chats to groups that were refused or shed"),
  sendChatsDelivered: counter("Chats that were sent to a member"),
  sendChatsDropped: counter("Chats that found a full mailbox on their way to a member"),
  sendNoticeUs: {
    kind: "histogram",
    help: "Microseconds from a send to its notice on the way to a recipient who is there, to the millisecond",
  },
  sendPacketsOwned: { kind: "gauge", help: "Packets in memory: open ones, and some that are closed" },
} as const satisfies Record<string, MetricDefinition>;

/** Their handles, by short names. */
export function sendMetrics(set: SetContext) {
  return {
    packets: set.metric("sendPackets"),
    amountFen: set.metric("sendAmountFen"),
    refused: set.metric("sendRefused"),
    busy: set.metric("sendBusy"),
    claims: set.metric("sendClaims"),
    claimsPaid: set.metric("sendClaimsPaid"),
    claimedFen: set.metric("sendClaimedFen"),
    claimsEmpty: set.metric("sendClaimsEmpty"),
    claimsBusy: set.metric("sendClaimsBusy"),
    claimsRepeated: set.metric("sendClaimsRepeated"),
    notices: set.metric("sendNotices"),
    untold: set.metric("sendUntold"),
    expired: set.metric("sendExpired"),
    returnedFen: set.metric("sendReturnedFen"),
    chats: set.metric("sendChats"),
    chatsRefused: set.metric("sendChatsRefused"),
    chatsDelivered: set.metric("sendChatsDelivered"),
    chatsDropped: set.metric("sendChatsDropped"),
    noticeUs: set.metric("sendNoticeUs"),
    owned: set.metric("sendPacketsOwned"),
  };
}

export type SendMetrics = ReturnType<typeof sendMetrics>;
