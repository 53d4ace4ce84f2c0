import { Histogram, type SparseHistogram } from "../../counters/histogram.ts";

/** What users sent each other in one phase, as the fleet saw it. */
export interface SendResult {
  readonly sent: number;
  readonly done: number;
  readonly refused: number;
  readonly notices: number;
  readonly claims: number;
  readonly claimsAnswered: number;
  readonly paid: number;
  readonly paidFen: number;
  readonly chats: number;
  readonly chatsRefused: number;
  /** From a claim to its answer. */
  readonly claimUs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** From a send to its answer. */
  readonly sendUs: { readonly p50: number; readonly p99: number };
}

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
