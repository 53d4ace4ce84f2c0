import { dirname } from "node:path";
import type { OnStage } from "../cli/progress.ts";
import { UserError } from "../cli/user_error.ts";
import type { Link } from "./chain.ts";
import { checkTruth } from "./check_truth.ts";
import { hexOf, ledgerIdOf, linkOf, tipOf } from "./links.ts";
import { Problems } from "./problems.ts";
import { syncFolder } from "./sync_folder.ts";
import { TruthReader } from "./truth_reader.ts";

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
      const { seq, mark, head } = backup.tip;
      truth.db.renew();
      const link = linkOf(truth.db, seq, mark);
      if (link === undefined || hexOf(link.head) !== hexOf(head)) {
        throw new UserError(
          `${directory}: has another history than its copy: check it with redpkt ledger check`,
        );
      }
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

export function syncFile(path: string): void {
  const file = Deno.openSync(path, { write: true });
  try {
    file.syncSync();
  } finally {
    file.close();
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
