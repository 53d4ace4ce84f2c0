import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { HELD } from "../../ledger/record/entry.ts";
import { ROW_FIELDS, RowField } from "../../ledger/record/entry_rows.ts";
import type { RowNumbers } from "./intake.ts";

/** Settlement is divided by users into so many parts, each judged by one settler at a time. */
export const PARTS = 64;

/** The part of a user. */
export function partOf(user: number): number {
  return Math.imul(user, 0x9e37_79b1) >>> 26;
}

/** An award that its user has opened: what settlement judges. */
export interface Opening {
  readonly part: number;
  /**
   * The unix second in which it was opened, by the host's clock. Never before what the host opened earlier, nor before
   * what it has promised with `caughtUpMs`, whatever its clock did.
   */
  readonly openedS: number;
  readonly host: number;
  /** The row that says so. */
  readonly seq: number;
  readonly packetId: number;
  readonly user: number;
  readonly sponsor: number;
  readonly fen: number;
}

/** Openings among rows, and the time that the host has come to with the last row. */
export interface FoundOpenings {
  readonly openings: readonly Opening[];
  readonly lastMs: number;
}

/**
 * Finds openings. A win that its user needn't open, as in version 0, is opened with its award.
 *
 * @param floorMs the host's `caughtUpMs` before these rows
 */
export function openingsOf(host: number, rows: RowNumbers, floorMs: number): FoundOpenings {
  const openings: Opening[] = [];
  let lastMs = floorMs;
  for (let at = 0; at < rows.length; at += ROW_FIELDS) {
    lastMs = Math.max(lastMs, rows[at + RowField.atMs]);
    const kind = rows[at + RowField.kind];
    const isOpen = kind === EntryKind.open ||
      (kind === EntryKind.award && rows[at + RowField.count] !== HELD);
    if (!isOpen) continue;
    const user = rows[at + RowField.user];
    openings.push({
      part: partOf(user),
      openedS: Math.floor(lastMs / 1000),
      host,
      seq: rows[at + RowField.seq],
      packetId: rows[at + RowField.packetId],
      user,
      sponsor: rows[at + RowField.sponsor],
      fen: rows[at + RowField.amount],
    });
  }
  return { openings, lastMs };
}
