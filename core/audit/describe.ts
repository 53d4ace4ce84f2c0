import { EntryKind } from "../ledger/record/entry.ts";
import type { LedgerLimits } from "../ledger/record/ledger.ts";
import { hexOf, type LedgerHead, ledgerIdOf, linkAt, tipOf } from "../ledger/chain/links.ts";
import { type Adoption, limitsOfNote, notesOf, textOfWords, type UsedSeed } from "../ledger/chain/notes.ts";
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
  readonly losses: readonly {
    readonly seq: number;
    readonly atMs: number;
    readonly reason: string;
    readonly lost: readonly { readonly words: string }[];
  }[];
  /** Other machines that went on with it. */
  readonly adoptions: readonly {
    readonly seq: number;
    readonly atMs: number;
    readonly epoch: number;
    readonly reason: string;
  }[];
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
      limits: notesOf(db, EntryKind.limits).map(({ body, atMs }) => ({ ...limitsOfNote(body), atMs })),
      seeds: notesOf(db, EntryKind.seed).map(({ body, atMs }) => ({
        ...JSON.parse(textOfWords(body)),
        atMs,
      })),
      losses: notesOf(db, EntryKind.loss).map(({ seq, body, atMs }) => ({
        ...JSON.parse(textOfWords(body)),
        seq,
        atMs,
      })),
      adoptions: notesOf(db, EntryKind.adoption).map(({ seq, body, atMs }) => {
        const { epoch, reason } = JSON.parse(textOfWords(body)) as Adoption;
        return { seq, atMs, epoch, reason };
      }),
    };
  } finally {
    truth.close();
  }
}
