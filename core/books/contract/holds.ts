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
  /** Takes packets back that nobody has been paid for, also those that aren't opened yet. For ever. */
  revoke(first: number, last: number, reason: string, wallMs: number): Promise<ActResult>;
  /** Holds in force. */
  holds(): Promise<Hold[]>;
  /** All acts, in their order. */
  journal(): Promise<BooksAct[]>;
}
