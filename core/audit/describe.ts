import type { LedgerLimits } from "../ledger/record/ledger.ts";
import { hexOf, type LedgerHead, ledgerIdOf, linkAt, tipOf } from "../ledger/chain/links.ts";
import { notesOf } from "../ledger/chain/notes.ts";
import { kinds } from "../ledger/kinds/entry_kinds.ts";
import type { Adoption, NotedLoss, UsedSeed } from "../ledger/kinds/notes.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";

/** What a ledger says of itself. */
export interface LedgerDescription {
  readonly id: string;
  readonly head: LedgerHead;
  /** Whose packet ids it has. */
  readonly hostNumber: number;
  /** Each time that others came into force. */
  readonly limits: readonly (LedgerLimits & { readonly atMs: number })[];
  readonly seeds: readonly (UsedSeed & { readonly atMs: number })[];
  readonly losses: readonly (NotedLoss & { readonly seq: number; readonly atMs: number })[];
  /** Other machines that went on with it. */
  readonly adoptions: readonly (Adoption & { readonly seq: number; readonly atMs: number })[];
}

/** Reads what a ledger says of itself, also beside a server. @throws UserError as `TruthReader` */
export function describeLedger(directory: string): LedgerDescription {
  const truth = new TruthReader(directory);
  try {
    const { db } = truth;
    const { seq } = tipOf(db);
    return {
      id: ledgerIdOf(db),
      head: { seq, headHex: hexOf(linkAt(db, seq)!.head) },
      hostNumber: truth.hostNumber,
      limits: notesOf(db, kinds.limits).map(({ value, atMs }) => ({ ...value, atMs })),
      seeds: notesOf(db, kinds.seed).map(({ value, atMs }) => ({ ...value, atMs })),
      losses: notesOf(db, kinds.loss).map(({ seq, value, atMs }) => ({ ...value, seq, atMs })),
      adoptions: notesOf(db, kinds.adoption).map(({ seq, value, atMs }) => ({ ...value, seq, atMs })),
    };
  } finally {
    truth.close();
  }
}
