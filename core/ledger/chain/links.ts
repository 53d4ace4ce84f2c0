import type { DatabaseSync } from "node:sqlite";
import { genesis, type Link } from "./chain.ts";

/** A row of a ledger, and what the ledger was with it. */
export interface LedgerHead {
  /** A ledger's last row at some time; 0 if it had none. */
  readonly seq: number;
  /** Of the commit that brought this row, in hexadecimal digits. */
  readonly headHex: string;
}

/** Which ledger a truth file is. */
export function ledgerIdOf(db: DatabaseSync): string {
  return db.prepare("select id from identity").get()!.id as string;
}

/** The last link of a truth file: what the ledger is now. */
export function tipOf(db: DatabaseSync): Link {
  const row = db.prepare("select seq, mark, head from link order by seq desc, mark desc limit 1").get();
  return row === undefined ? genesis(ledgerIdOf(db)) : row as unknown as Link;
}

/**
 * The link of the commit that brought a row, if that was its last one. Later commits may have added marks; whoever
 * remembers a row and its head remembers this one.
 */
export function linkAt(db: DatabaseSync, seq: number): Link | undefined {
  if (seq === 0) return genesis(ledgerIdOf(db));
  const row = db.prepare("select seq, mark, head from link where seq = ? order by mark limit 1").get(seq);
  return row as unknown as Link | undefined;
}

/** The link with these numbers. */
export function linkOf(db: DatabaseSync, seq: number, mark: number): Link | undefined {
  if (seq === 0 && mark === 0) return genesis(ledgerIdOf(db));
  const row = db.prepare("select seq, mark, head from link where seq = ? and mark = ?").get(seq, mark);
  return row as unknown as Link | undefined;
}

/** A head as people see it. */
export function hexOf(head: Uint8Array): string {
  return head.toHex();
}
