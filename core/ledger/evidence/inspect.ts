import type { DatabaseSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import { formatCount } from "../../base/units.ts";
import type { Link } from "../chain/chain.ts";
import { StoreFailed } from "../disk/entry_store.ts";
import { type Damaged, type Evidence, type Knowledge, readEvidence } from "./evidence.ts";
import { MARK_FILE } from "../chain/head_mark.ts";
import { hexOf, ledgerIdOf, linkAt, linkOf, tipOf } from "../chain/links.ts";
import { lookUntouched } from "../disk/untouched.ts";
import { PROJECTION_FILE } from "../projection/projection.ts";
import { refuseOther, TRUTH_MIGRATIONS } from "../disk/schema.ts";
import { setAside } from "../disk/set_aside.ts";
import { lastSeqOf } from "../disk/sqlite_rows.ts";
import { isOfMedium, TRUTH_FILE } from "../store/sqlite_store.ts";

/** Something beside the truth says what the truth doesn't. */
export interface Contradiction {
  readonly file: string;
  /** One line. */
  readonly words: string;
  /** What the file knows; undefined if that can't be read. */
  readonly knows: Knowledge | undefined;
}

/** What a ledger's files say of each other. */
export interface Inspection {
  /** The truth as it is; undefined if there is none. */
  readonly truth: { readonly id: string; readonly tip: Link } | undefined;
  readonly contradictions: readonly Contradiction[];
  /** Damaged, and can be made anew. */
  readonly damaged: readonly Damaged[];
}

/**
 * Compares a ledger's truth with everything beside it that knows of it. Looks only, and changes no file.
 *
 * @throws UserError if something there isn't a ledger's, or of another version, or the truth is damaged
 * @throws StoreFailed if the medium fails
 */
export function inspectLedger(directory: string): Inspection {
  try {
    return inspect(directory);
  } catch (error) {
    if (error instanceof UserError || !isOfMedium(error)) throw error;
    throw new StoreFailed(`${directory}: ${(error as Error).message}`, { cause: error });
  }
}

function inspect(directory: string): Inspection {
  for (const file of [TRUTH_FILE, PROJECTION_FILE]) refuseSeveralNames(`${directory}/${file}`);
  const { known, damaged } = readEvidence(directory);
  return inTruth(directory, (db) => {
    const truth = db === undefined ? undefined : { id: ledgerIdOf(db), tip: tipOf(db) };
    if (db !== undefined) refuseHoles(db, truth!.tip);
    const contradictions = contradictionsOf(db, { known, damaged });
    if (db === undefined && hasLog(directory)) contradictions.push(LOG_ALONE);
    return { truth, contradictions, damaged: damaged.filter(({ file }) => file !== MARK_FILE) };
  });
}

/** SQLite would delete the log of a file that is gone or empty, whatever is in it. */
const LOG_ALONE: Contradiction = {
  file: `${TRUTH_FILE}-wal`,
  words: `${TRUTH_FILE}-wal is the log of a ${TRUTH_FILE} that is gone`,
  knows: undefined,
};

function hasLog(directory: string): boolean {
  return (statOf(`${directory}/${TRUTH_FILE}-wal`)?.size ?? 0) > 0;
}

/** What SQLite keeps beside a file goes by its name: by another one its log isn't found, and two servers are two logs. */
function refuseSeveralNames(path: string): void {
  const stat = statOf(path);
  if (stat === undefined || (!stat.isSymlink && (stat.nlink ?? 1) <= 1)) return;
  throw new UserError(
    `${path}: is a link, or has other names (hard links), by which another server may use it. Name the directory that ` +
      "holds the file itself, and remove its other names",
  );
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What the files beside a truth say otherwise than the truth; undefined if there is no truth. */
export function contradictionsOf(
  db: DatabaseSync | undefined,
  { known, damaged }: Evidence,
): Contradiction[] {
  const truth = db === undefined ? undefined : { id: ledgerIdOf(db), tip: tipOf(db) };
  const contradictions: Contradiction[] = [];
  for (const knows of known) {
    const words = contradiction(db, truth, knows);
    if (words !== undefined) contradictions.push({ file: knows.file, words, knows });
  }
  const markWords = markFault(truth, known, damaged);
  if (markWords !== undefined) contradictions.push({ file: MARK_FILE, words: markWords, knows: undefined });
  return contradictions;
}

/**
 * Refuses a ledger of which something beside the truth knows more, or another history; then nothing was changed. What is
 * damaged and can be made anew is given another name.
 *
 * @returns what was set aside, with its new name
 * @throws UserError, and what `inspectLedger` throws
 */
export function refuseLostRows(directory: string, wallMs: number): readonly (Damaged & { name: string })[] {
  const { contradictions, damaged } = inspectLedger(directory);
  if (contradictions.length > 0) throw lostRows(directory, contradictions);
  return damaged.map((found) => ({ ...found, name: setAside(directory, found.file, wallMs) ?? found.file }));
}

/** The last row is the chain's: more or fewer were put there by no commit. */
function refuseHoles(db: DatabaseSync, { seq }: Link): void {
  const last = lastSeqOf(db);
  if (last === seq) return;
  throw new UserError(
    `${TRUTH_FILE} has rows up to ${last}, and its chain goes up to row ${seq}: it was edited. Restore the whole ` +
      "directory from a copy",
  );
}

/** The one line that says what knows more, and what to do. */
function lostRows(directory: string, contradictions: readonly Contradiction[]): UserError {
  return new UserError(
    `${directory}: ${
      contradictions.map(({ words }) => words).join(", and ")
    }. Nothing was changed. Restore the ` +
      `whole directory from a copy that has these rows, or accept the loss: ` +
      `redpkt ledger accept-loss ${directory} --reason "why"`,
  );
}

function inTruth<T>(directory: string, look: (db: DatabaseSync | undefined) => T): T {
  const path = `${directory}/${TRUTH_FILE}`;
  try {
    if (Deno.statSync(path).size === 0) return look(undefined);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return look(undefined);
    throw error;
  }
  try {
    return lookUntouched(path, (db) => {
      return look(refuseOther(db, path, TRUTH_MIGRATIONS) === 0 ? undefined : db);
    });
  } catch (error) {
    if (error instanceof UserError || isOfMedium(error)) throw error;
    throw new UserError(`${path}: is damaged: ${(error as Error).message}. Restore it from a copy`);
  }
}

/** What is wrong between the truth and what a file knows, in words. */
function contradiction(
  db: DatabaseSync | undefined,
  truth: Inspection["truth"],
  { file, seq, mark, ledger, headHex }: Knowledge,
): string | undefined {
  if (seq === 0 && (mark ?? 0) === 0) return undefined; // it knows nothing yet
  if (db === undefined || truth === undefined) {
    return `${file} knows ${rowsText(1, seq)}, and there is no ${TRUTH_FILE}`;
  }
  const { id, tip } = truth;
  if (ledger !== undefined && ledger !== id) {
    return `${file} is of ledger ${ledger}, and ${TRUTH_FILE} is ledger ${id}`;
  }
  if (seq > tip.seq) return `${file} knows ${rowsText(tip.seq + 1, seq)} that ${TRUTH_FILE} lacks`;
  if (headHex === undefined) return undefined;
  if (mark !== undefined && seq === tip.seq && mark > tip.mark) {
    return `${file} knows of deliveries after row ${seq} that ${TRUTH_FILE} lacks`;
  }
  const link = mark === undefined ? linkAt(db, seq) : linkOf(db, seq, mark);
  if (link !== undefined && hexOf(link.head) === headHex) return undefined;
  return `${file} knows another history of rows up to ${seq} than ${TRUTH_FILE} (another head)`;
}

/** A ledger with rows has a mark: it is made first. So one that is gone was taken away, or this is a part of a copy. */
function markFault(
  truth: Inspection["truth"],
  known: readonly Knowledge[],
  damaged: readonly Damaged[],
): string | undefined {
  const broken = damaged.find(({ file }) => file === MARK_FILE);
  if (broken !== undefined) {
    return `${MARK_FILE} is damaged (${broken.why}), so that nobody knows which rows are lost`;
  }
  if (truth === undefined || truth.tip.seq === 0 || known.some(({ file }) => file === MARK_FILE)) {
    return undefined;
  }
  return `${MARK_FILE} is missing, so that nobody knows whether ${
    rowsText(1, truth.tip.seq)
  } are all there were`;
}

function rowsText(from: number, to: number): string {
  return from === to ? `row ${from} (1 row)` : `rows ${from} to ${to} (${formatCount(to - from + 1)} rows)`;
}
