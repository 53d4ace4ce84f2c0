import { AwardState } from "./award_state.ts";

/** A payment that somebody is to bring about now. */
export interface ClaimedPayment {
  readonly packetId: number;
  readonly user: number;
  readonly amountFen: number;
  /** How often it has been claimed, this time included: what tells this claim from others. */
  readonly claim: number;
  /** Pay it, or find out what became of it. */
  readonly isUnknown: boolean;
}

/** What came of a claimed payment. */
export interface PaymentResult {
  readonly packetId: number;
  readonly claim: number;
  /** `queued`: surely not paid. */
  readonly state:
    | typeof AwardState.paid
    | typeof AwardState.refused
    | typeof AwardState.queued
    | typeof AwardState.unknown;
  /** When a payment that isn't decided may be claimed again, by the books' wall time in ms. */
  readonly dueMs: number;
  /** In a gateway's words; empty for none. */
  readonly reason: string;
}

/** How many payments are in which state of the queue, and their sum. */
export interface PaymentQueue {
  readonly queued: number;
  readonly sending: number;
  readonly unknown: number;
  readonly fen: number;
  /** When the next one may be claimed, in wall ms; undefined if the queue is empty. */
  readonly nextDueMs: number | undefined;
}

/** The queue of payments. Several payers may share it. Proven by `test/books/payment_cases.ts`. */
export interface Payments {
  /**
   * Claims payments that are due, the longest due first. Each is the caller's until the lease ends. It is on a disk that a
   * queued one is being sent before this returns; whoever dies then leaves it to be found out about.
   */
  claim(wallMs: number, leaseMs: number, most: number): Promise<ClaimedPayment[]>;
  /**
   * Stores what came of claims. That a payment is paid or refused holds whoever says it; anything else only as long as
   * the claim is the last one.
   *
   * @returns packets of which something else was decided before: the gateway contradicts itself, or a person must look
   */
  finish(results: readonly PaymentResult[]): Promise<number[]>;
  queue(): Promise<PaymentQueue>;
}

/** States in which the gateway's decision is still to come, or may come late. */
const UNDECIDED: readonly number[] = [
  AwardState.queued,
  AwardState.sending,
  AwardState.unknown,
  AwardState.held,
];

/**
 * Whether a result changes an award: the one rule of all backends.
 *
 * @returns `late` if another claim has overtaken it, or it is stored already
 */
export function mayFinish(
  state: number,
  claims: number,
  result: PaymentResult["state"],
  claim: number,
): "yes" | "late" | "contradicts" {
  const isDecision = result === AwardState.paid || result === AwardState.refused;
  if (isDecision) return state === result ? "late" : UNDECIDED.includes(state) ? "yes" : "contradicts";
  const isOurs = claim === claims && (state === AwardState.sending || state === AwardState.unknown);
  return isOurs ? "yes" : "late";
}
