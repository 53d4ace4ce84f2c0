import { Verdict } from "../record/entry.ts";
import { type Judgement, say } from "../record/judgement.ts";
import type { Registry } from "../registry/registry.ts";
import { ACCOUNT, type Legs } from "./sides.ts";
import type { Fields } from "./fields.ts";

/**
 * One kind of entry: all that the ledger, and whoever looks into it, must know of it. A kind with `legs` makes a row; any
 * other is a question or a message, and nothing of it lasts but perhaps a mark.
 */
export interface Kind<F extends Fields = Fields> {
  /** How it is stored and travels. Never changed, and never used for another. */
  readonly number: number;
  readonly fields: F;
  /** From which account its money goes to which. */
  readonly legs?: Legs;
  /** Decides what somebody proposes, and writes it into the registry. Nobody proposes a kind without. */
  readonly judge?: (registry: Registry, entry: Judgement) => void;
  /** Decides a stored row again, if that isn't done as when it was new. */
  readonly replay?: (registry: Registry, entry: Judgement) => void;
  /** Writes a stored row into a registry that is a checkpoint in the making; absent if nothing of it lasts there. */
  readonly note?: (registry: Registry, entry: Judgement) => void;
  /** Words belong to it, which travel in front of it and are stored beside its row. */
  readonly hasBody?: true;
  /** Once it is done, that it reached its user is noted in the marks. */
  readonly isMark?: true;
  /** What comes back with the verdict: the numbers as the judge completed them, or the words of an answer. */
  readonly tells?: "numbers" | "words";
  /** With its verdict comes all that its user has won, where users get passes. */
  readonly bringsHoldings?: true;
  /** The judge gives it its number, one after the other. */
  readonly isNumbered?: true;
  /** Whoever waits for its verdict hears of it when that is late. */
  readonly isAwaited?: true;
  /** It is about a packet that a user sent, and may be its last row. */
  readonly isOfSentPacket?: true;
  /** It is a step in the life of an award: how the award stands after it. */
  readonly award?: (row: { readonly count: number }) => AwardState;
  /** What a fleet's file says when a user of it sees this. */
  readonly seenAs?: "shake" | "open" | "claim";
  /** The ledger says it of itself. */
  readonly isNote?: true;
}

/** Whether a user has their award's money, or must open the packet first, or didn't in time. */
export type AwardState = "open" | "unopened" | "lapsed";

/** The legs of a row that moves no money. */
export const NO_MONEY: Legs = [ACCOUNT.source, ACCOUNT.source];

/** What is a row already was judged when it was new, and nothing depends on it. */
export function stands(_books: Registry, entry: Judgement): void {
  say(entry, Verdict.done);
}
