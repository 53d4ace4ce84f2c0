import { AwardState } from "./award_state.ts";

/** What a gateway has or may have: nobody can stop it any more. */
export const SENT_STATES: readonly AwardState[] = [AwardState.sending, AwardState.paid, AwardState.unknown];

/** What can be revoked, unless the gateway was once asked for it and nobody knew what came of it. */
export const STOPPED_STATES: readonly AwardState[] = [AwardState.queued, AwardState.held];

/** What an operator acts on: users, or packets, by their ids from first to last. */
export interface HoldTarget {
  readonly kind: "user" | "packet";
  readonly first: number;
  readonly last: number;
}

/** An operator's act, as the books remember it. */
export interface BooksAct extends HoldTarget {
  readonly act: "hold" | "release" | "revoke";
  readonly reason: string;
  readonly wallMs: number;
  /** Awards that it changed, and their sum. What is settled later isn't among them. */
  readonly awards: number;
  readonly fen: number;
}

/** What an act came to. */
export interface ActResult {
  readonly awards: number;
  readonly fen: number;
  /** Awards of the target that it couldn't change: they are paid, or the gateway may have them. */
  readonly tooLate: number;
}

/** A hold that is in force. */
export interface Hold extends HoldTarget {
  readonly reason: string;
}

/** What operators stop, let go and take back. Proven by `test/books/hold_cases.ts`. */
export interface Holds {
  /** Nothing of these is paid until they are released: what is queued now, and what is settled later. */
  hold(target: HoldTarget, reason: string, wallMs: number): Promise<ActResult>;
  /** Ends a hold; undefined if there is none of exactly these. What another hold covers stays held. */
  release(target: HoldTarget, reason: string, wallMs: number): Promise<ActResult | undefined>;
  /**
   * Takes packets back that nobody has been paid for, also those that aren't opened yet. For ever. What a gateway may
   * still pay, since a call for it once had no answer, is too late: its money can't be in two places.
   */
  revoke(first: number, last: number, reason: string, wallMs: number): Promise<ActResult>;
  /** Holds in force. */
  holds(): Promise<Hold[]>;
  /** All acts, in their order. */
  journal(): Promise<BooksAct[]>;
}

/** Whether a hold is about an award. */
export function covers({ kind, first, last }: HoldTarget, user: number, packetId: number): boolean {
  const id = kind === "user" ? user : packetId;
  return first <= id && id <= last;
}

/** A user's sponsors once one packet of a sponsor is taken from them. */
export function withoutOne(sponsors: readonly number[], sponsor: number): number[] {
  const at = sponsors.indexOf(sponsor);
  return at < 0 ? [...sponsors] : sponsors.toSpliced(at, 1);
}
