/**
 * Where an award stands in the books once it was opened. Settlement gives the first state, payout and operators the later
 * ones. The numbers are stored: they never change their meaning.
 */
export const AwardState = {
  /** Payable, and nobody is paying it now. */
  queued: 1,
  /** A payer has told the books that it is about to ask the gateway. */
  sending: 2,
  paid: 3,
  /** The gateway won't pay it, for ever. The money goes back to the sponsor. */
  refused: 4,
  /** The gateway was asked, and nobody knows what came of it: it is asked again, by the same key. */
  unknown: 5,
  /** An operator has stopped it until they release or revoke it. It keeps its place within the limits. */
  held: 6,
  /** The user had as many packets as one may have. */
  overUser: 7,
  /** The user had as many packets of this sponsor as one may have. */
  overSponsor: 8,
  /** An operator has taken it back. */
  revoked: 9,
} as const;
export type AwardState = typeof AwardState[keyof typeof AwardState];

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(AwardState).map(([name, state]) => [state, name]),
);

/** The name of a state, for people and machines. */
export function awardStateName(state: number): string {
  return NAMES.get(state) ?? String(state);
}

/** States in which the gateway may be asked: those of the queue. */
export const QUEUE_STATES: readonly AwardState[] = [
  AwardState.queued,
  AwardState.sending,
  AwardState.unknown,
];

/** States that take a user's place within the limits: paid, or still to be paid. */
export const COUNTED_STATES: readonly AwardState[] = [
  AwardState.queued,
  AwardState.sending,
  AwardState.paid,
  AwardState.refused,
  AwardState.unknown,
  AwardState.held,
];

/** States whose money is back at the sponsor. */
export const RETURNED_STATES: readonly AwardState[] = [
  AwardState.refused,
  AwardState.overUser,
  AwardState.overSponsor,
  AwardState.revoked,
];
