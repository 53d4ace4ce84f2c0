import { Histogram, type SparseHistogram } from "../../counters/histogram.ts";
import type { PhaseSummary } from "../../report/data/summary_schema.ts";

/** What users sent each other in one phase, as the fleet saw it. */
export type SendResult = PhaseSummary["sends"];

/** The result out of what counters and histograms have grown by. */
export function sendResult(
  grew: (counter: string) => number,
  grown: (histogram: string) => SparseHistogram,
): SendResult {
  const claim = new Histogram().add(grown("claimLatencyUs"));
  const send = new Histogram().add(grown("sendLatencyUs"));
  return {
    sent: grew("sendsSent"),
    done: grew("sendsDone"),
    refused: grew("sendsRefused") + grew("sendsBusy"),
    notices: grew("noticesReceived"),
    claims: grew("claimsSent"),
    claimsAnswered: grew("claimsAnswered"),
    paid: grew("claimsPaid"),
    paidFen: grew("amountClaimedFen"),
    chats: grew("chatsTaken"),
    chatsRefused: grew("chatsRefused"),
    claimUs: { p50: claim.percentile(50), p99: claim.percentile(99), max: claim.max },
    sendUs: { p50: send.percentile(50), p99: send.percentile(99) },
  };
}
