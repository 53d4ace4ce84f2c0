import { type Fields, fieldsOf, type Values } from "../../ledger/kinds/fields.ts";
import type { Kind } from "../../ledger/kinds/kind.ts";
import { PAYLOAD_WORDS } from "../../ledger/record/entry.ts";

/** What came back from the ledger for an entry that this instance proposed. */
export interface VerdictCall {
  /** One of `EntryKind`, `Verdict` and `Refusal`. */
  readonly kind: number;
  readonly verdict: number;
  readonly detail: number;
  readonly user: number;
  readonly packetId: number;
  readonly amountFen: number;
  readonly sponsor: number;
  readonly tag: number;
  readonly count: number;
  /** Of a question: what it asked, and the words of its answer. Of a send: `asked` and `askedFrom` are its deadline. */
  readonly asked: number;
  readonly askedFrom: number;
  readonly payload: Int32Array;
}

/** An award for the ledger to judge. */
export interface AwardProposal {
  connection: number;
  user: number;
  packetId: number;
  amountFen: number;
  sponsor: number;
  /** Comes back with the verdict; 0 if absent. */
  tag?: number;
  /** The user must open it before the money is theirs: an entry of the kind `open`. Not, if absent. */
  isHeld?: boolean;
}

/** Any entry for the ledger, as {@linkcode entryOf} makes it; fields that its kind doesn't use are 0. */
export interface EntryProposal {
  /** One of `EntryKind`. */
  kind: number;
  /** Whose handler returns `DEFER` for the verdict's reply; -1 if nobody's, or if `SetContext.answer` will reply. */
  connection: number;
  user: number;
  packetId: number;
  amountFen: number;
  sponsor: number;
  count: number;
  tag: number;
  asked: number;
  askedFrom: number;
}

/** An entry for the ledger by its kind's own names for its fields, in the name of no connection. */
export function entryOf<F extends Fields>({ number, fields }: Kind<F>, values: Values<F>): EntryProposal {
  return { kind: number, connection: -1, ...fieldsOf(fields, values) };
}

/** Places in the ledger's ring that an entry with so many body words takes. */
export function placesFor(bodyWords: number): number {
  return 1 + Math.ceil(bodyWords / PAYLOAD_WORDS);
}
