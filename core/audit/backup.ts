import { dirname } from "node:path";
import type { OnStage } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";
import { isSameHead, type Link } from "../ledger/chain/chain.ts";
import { CheckpointCheck } from "./check/check_checkpoint.ts";
import { readKnown } from "./check/check_evidence.ts";
import { checkTruth } from "./check/check_truth.ts";
import type { Evidence } from "../ledger/evidence/evidence.ts";
import { contradictionsOf } from "../ledger/evidence/inspect.ts";
import { ledgerIdOf, linkOf, tipOf } from "../ledger/chain/links.ts";
import { attempt, Problems } from "./check/problems.ts";
import { PROJECTION_FILE } from "../ledger/projection/projection.ts";
import { openProjection } from "../ledger/projection/projection_reader.ts";
import { syncFolder } from "../ledger/disk/sync_folder.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";

/** A whole ledger in one file: all commits up to one. */
export interface Backup {
  readonly ledger: string;
  readonly tip: Link;
}

/**
 * Copies a ledger into one file while its server goes on: all commits up to one moment. The copy is proven and synced
 * before it gets its name.
 *
 * @throws UserError if there is no good ledger, or the file is there already or can't be written
 */
export function backUp(directory: string, file: string, onStage: OnStage): Backup {
  const known = knownBeside(directory); // before the truth, which then has all of it
  const truth = new TruthReader(directory);
  const part = `${file}.part`;
  try {
    writing(file, () => {
      refuseExisting(file);
      Deno.openSync(part, { write: true, createNew: true }).close();
    });
    try {
      writing(file, () => truth.db.copyInto(part));
      const backup = proveBackup(part, onStage);
      const { seq, mark } = backup.tip;
      const tip = linkOf(truth.db, seq, mark);
      const isSame = tip !== undefined && isSameBackup({ ledger: ledgerIdOf(truth.db), tip }, backup);
      const wrongs = contradictionsOf(truth.db, known).map(({ words }) => words);
      if (!isSame) wrongs.push("the copy has another history than the ledger");
      if (wrongs.length > 0) throw new UserError(`${directory}: isn't whole: ${wrongs.join("; ")}`);
      writing(file, () => {
        syncFile(part);
        Deno.linkSync(part, file); // fails if somebody has made it meanwhile
      });
      return backup;
    } finally {
      Deno.removeSync(part);
      syncFolder(dirname(file));
    }
  } finally {
    truth.close();
  }
}

/**
 * Proves a backup.
 *
 * @throws UserError that says what is wrong with it
 */
export function proveBackup(file: string, onStage: OnStage): Backup {
  const truth = new TruthReader(dirname(file), file.slice(file.lastIndexOf("/") + 1));
  try {
    const problems = new Problems();
    const { tip } = checkTruth(truth, problems, undefined, (rows) => {
      onStage(file, rows.count, tipOf(truth.db).seq, "rows");
    });
    if (!problems.isEmpty || tip === undefined) {
      throw new UserError(`${file}: is no good backup: ${problems.lines().join("; ")}`);
    }
    return { ledger: ledgerIdOf(truth.db), tip };
  } finally {
    truth.close();
  }
}

/** Whether two copies are of the same ledger at the same commit. */
export function isSameBackup(a: Backup, b: Backup): boolean {
  return a.ledger === b.ledger && isSameHead(a.tip.head, b.tip.head);
}

export function syncFile(path: string): void {
  const file = Deno.openSync(path, { write: true });
  try {
    file.syncSync();
  } finally {
    file.close();
  }
}

/** What the other files of a ledger know of it; what can't be read is left to the check. */
function knownBeside(directory: string): Evidence {
  const problems = new Problems();
  const projection = attempt(problems, PROJECTION_FILE, () => openProjection(directory));
  const checkpoint = new CheckpointCheck(directory, problems);
  try {
    return readKnown(directory, projection, checkpoint, problems);
  } finally {
    checkpoint.close();
    projection?.close();
  }
}

function refuseExisting(file: string): void {
  try {
    Deno.lstatSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new UserError(`${file}: is there already. Name another file`);
}

function writing<T>(file: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new UserError(`${file}: somebody is writing it. If nobody is, remove ${file}.part`);
    }
    throw new UserError(`${file}: cannot be written: ${(error as Error).message}`);
  }
}
