import type { OnStage } from "../cli/progress.ts";
import { UserError } from "../cli/user_error.ts";
import { type Anchor, checkAnchor } from "./check_chain.ts";
import { CheckpointCheck } from "./check_checkpoint.ts";
import { ProjectionCheck } from "./check_projection.ts";
import type { RowReport } from "./check_rows.ts";
import { checkTruth } from "./check_truth.ts";
import { checkKnown, readKnown } from "./check_evidence.ts";
import { checkLog } from "./check_log.ts";
import { hexOf, ledgerIdOf, tipOf } from "./links.ts";
import { attempt, Problems } from "./problems.ts";
import { PROJECTION_FILE } from "./projection.ts";
import { openProjection } from "./projection_reader.ts";
import { TRUTH_FILE } from "./sqlite_store.ts";
import { TruthReader } from "./truth_reader.ts";

/** What a check of a ledger came to. */
export interface CheckReport extends RowReport {
  /** Which ledger it is, and what it is after its last commit: who has the same head has the same rows. */
  readonly ledger: string;
  readonly head: string;
  /** How many rows the projection is behind. */
  readonly projectionLagRows: number;
  /** What isn't as it must be, a line each. */
  readonly problems: readonly string[];
}

export interface CheckOptions {
  readonly onStage?: OnStage | undefined;
  readonly expect?: Anchor | undefined;
}

/**
 * Proves a ledger, and changes no file of it: the chain link by link, each row by those before it, and whatever was made
 * of the rows by the rows. A server may run beside it.
 *
 * @throws UserError if there is no ledger, or one that can't be read at all
 */
export function checkLedger(
  directory: string,
  { onStage = () => {}, expect }: CheckOptions = {},
): CheckReport {
  const problems = new Problems();
  // What is made of the truth is opened first: then the truth has all that they can know.
  const projectionDb = attempt(problems, PROJECTION_FILE, () => openProjection(directory));
  const checkpoint = new CheckpointCheck(directory, problems);
  const evidence = readKnown(directory, projectionDb, checkpoint, problems);
  const truth = new TruthReader(directory);
  try {
    const { db } = truth;
    for (const name of [TRUTH_FILE, PROJECTION_FILE]) {
      attempt(problems, `${name}-wal`, () => checkLog(`${directory}/${name}`, name, problems));
    }
    const projection = attempt(
      problems,
      PROJECTION_FILE,
      () => projectionDb && new ProjectionCheck(projectionDb, truth.lastSeq(), problems),
    );
    const { report, tip } = checkTruth(truth, problems, checkpoint, (block) => {
      onStage(directory, block.count, truth.lastSeq(), "rows");
      attempt(problems, PROJECTION_FILE, () => projection?.add(block));
    });
    attempt(problems, TRUTH_FILE, () => checkKnown(directory, db, tip ?? tipOf(db), evidence, problems));
    attempt(problems, PROJECTION_FILE, () => projection?.finish(onStage));
    if (expect !== undefined) checkAnchor(db, expect, problems);
    if (db.hasMovedOn || projectionDb?.hasMovedOn === true) {
      throw new UserError(`${directory}: somebody began to write to it while it was checked. Check it again`);
    }
    return {
      ...report,
      ledger: attempt(problems, TRUTH_FILE, () => ledgerIdOf(db)) ?? "",
      head: tip === undefined ? "" : hexOf(tip.head),
      projectionLagRows: report.rows - (projection?.seq ?? 0),
      problems: problems.lines(),
    };
  } finally {
    truth.close();
    checkpoint.close();
    projectionDb?.close();
  }
}
