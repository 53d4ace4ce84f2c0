import type { Judgement } from "./judgement.ts";
import type { OrderState } from "./order_state.ts";

/** Every account's balance in fen. The sum of all is 0 at any moment: `source` is what was put in, negative. */
export interface Balances {
  sourceFen: number;
  poolFen: number;
  /** Awarded to users who haven't opened them. */
  heldFen: number;
  userFen: number;
  returnedFen: number;
  /** In packets that users sent: shares that nobody has claimed. */
  packetFen: number;
}

export function emptyBalances(): Balances {
  return { sourceFen: 0, poolFen: 0, heldFen: 0, userFen: 0, returnedFen: 0, packetFen: 0 };
}

/** Most packets that a user may have, in all and of one sponsor; `Infinity` for no limit. */
export interface LedgerLimits {
  readonly packetsPerUser: number;
  readonly packetsPerSponsor: number;
}

/** Everybody may have everything. */
export const NO_LIMITS: LedgerLimits = { packetsPerUser: Infinity, packetsPerSponsor: Infinity };

/** Who has a packet. */
export interface AwardRecord {
  readonly user: number;
  readonly amountFen: number;
}

/**
 * The one judge of awards. It lives on a thread of its own and may block. Every step is keyed: judging the same entry
 * twice changes nothing. Proven by `test/ledger/ledger_conformance.ts`.
 */
export interface Ledger {
  /** The first packet id that no mint has used. */
  readonly nextPacketId: number;
  /**
   * Judges the entry at `words[at]` and stages what it changes. The verdict may be told to nobody before `commit`.
   *
   * @param judgement filled in, so that nothing is allocated for an entry
   */
  judge(words: Int32Array, at: number, judgement: Judgement): void;
  /**
   * Makes everything that was staged durable.
   *
   * @returns false if nobody knows whether it is: tell nobody anything, judge nothing, and call `commit` again later,
   * which repeats the same batch by its keys
   */
  commit(): boolean;
  /** Why the last commit failed; undefined while all is well. */
  readonly failure: string | undefined;
  /** Sums of the committed accounts, in fen. */
  balances(): Balances;
  /** Awards that wait for their users to open them. */
  readonly unopened: number;
  /** Every order and how far it came, oldest first; for a start. */
  orders(): OrderState[];
  /** Who has a packet and how much is in it, or undefined. */
  awardOf(packetId: number): AwardRecord | undefined;
  /** Writes what a user has won, here and by their passes elsewhere, as a `HoldingsBoard` has it. */
  writeHoldings(user: number, words: Uint32Array, at: number, most: number): void;
  close(): void;
}
