import type { OnStage } from "../../cli/progress.ts";
import { UserError } from "../../base/user_error.ts";
import { type Anchor, checkAnchor } from "./check_chain.ts";
import { CheckpointCheck } from "./check_checkpoint.ts";
import { ProjectionCheck } from "./check_projection.ts";
import type { RowReport } from "./check_rows.ts";
import { checkTruth } from "./check_truth.ts";
import { checkKnown, readKnown } from "./check_evidence.ts";
import { checkLog } from "./check_log.ts";
import { hexOf, type LedgerHead, ledgerIdOf, linkAt, tipOf } from "../../ledger/chain/links.ts";
import { usedSeeds } from "../../ledger/chain/notes.ts";
import type { UsedSeed } from "../../ledger/kinds/notes.ts";
import { attempt, Problems } from "./problems.ts";
import { PROJECTION_FILE } from "../../ledger/projection/projection.ts";
import { openProjection } from "../../ledger/projection/projection_reader.ts";
import { TRUTH_FILE } from "../../ledger/store/sqlite_store.ts";
import { TruthReader } from "../../ledger/store/truth_reader.ts";
import type { UntouchedDatabase } from "../../ledger/disk/untouched.ts";

/** What a check of a ledger came to. */
export interface CheckReport extends RowReport {
  /** Which ledger it is, and what it is after its last commit: who has the same head has the same rows. */
  readonly ledger: string;
  readonly head: string;
  /** Whose packet ids it has. */
  readonly hostNumber: number;
  /** How many rows the projection is behind. */
  readonly projectionLagRows: number;
  /** What isn't as it must be, a line each. */
  readonly problems: readonly string[];
}

export interface CheckOptions {
  readonly onStage?: OnStage | undefined;
  readonly expect?: Anchor | undefined;
  /** Says what is wrong with the claims of these seed files; they lie outside the ledger. */
  readonly claims?: ((ledger: LedgerHistory, seeds: readonly UsedSeed[]) => readonly string[]) | undefined;
}

/** A ledger that is compared with what others know of it: asked after they were, it knows all that they do. */
export interface LedgerHistory {
  readonly directory: string;
  readonly id: string;
  readonly head: LedgerHead;
  headAt(seq: number): string | undefined;
  hasSeed(hash: string): boolean;
}

/**
 * Proves a ledger, and changes no file of it: the chain link by link, each row by those before it, and whatever was made
 * of the rows by the rows. A server may run beside it.
 *
 * @throws UserError if there is no ledger, or one that can't be read at all
 */
export function checkLedger(
  directory: string,
  { onStage = () => {}, expect, claims }: CheckOptions = {},
): CheckReport {
  const problems = new Problems();
  using opened = new DisposableStack();
  // What is made of the truth is opened first: then the truth has all that they can know.
  const projectionDb = attempt(problems, PROJECTION_FILE, () => openProjection(directory));
  opened.defer(() => projectionDb?.close());
  const checkpoint = new CheckpointCheck(directory, problems);
  opened.defer(() => checkpoint.close());
  const evidence = readKnown(directory, projectionDb, checkpoint, problems);
  const truth = new TruthReader(directory);
  opened.defer(() => truth.close());
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
  if (expect !== undefined) attempt(problems, TRUTH_FILE, () => checkAnchor(db, expect, problems));
  attempt(problems, TRUTH_FILE, () => {
    const seeds = claims === undefined ? [] : usedSeeds(db);
    if (seeds.length === 0) return;
    for (const line of claims!(historyOf(directory, db, seeds), seeds)) problems.add("claims", line);
  });
  if (db.hasMovedOn || projectionDb?.hasMovedOn === true) {
    throw new UserError(`${directory}: somebody began to write to it while it was checked. Check it again`);
  }
  return {
    ...report,
    ledger: attempt(problems, TRUTH_FILE, () => ledgerIdOf(db)) ?? "",
    head: tip === undefined ? "" : hexOf(tip.head),
    hostNumber: attempt(problems, TRUTH_FILE, () => truth.hostNumber) ?? 0,
    projectionLagRows: report.rows - (projection?.seq ?? 0),
    problems: problems.lines(),
  };
}

function historyOf(directory: string, db: UntouchedDatabase, seeds: readonly UsedSeed[]): LedgerHistory {
  const headAt = (seq: number) => {
    db.renew();
    const link = linkAt(db, seq);
    return link && hexOf(link.head);
  };
  return {
    directory,
    id: ledgerIdOf(db),
    get head() {
      db.renew();
      const { seq } = tipOf(db);
      return { seq, headHex: headAt(seq)! };
    },
    headAt,
    hasSeed: (wanted) => seeds.some(({ hash }) => hash === wanted),
  };
}
