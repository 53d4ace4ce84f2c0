import type { Link } from "../../ledger/chain/chain.ts";
import { checkChain } from "./check_chain.ts";
import type { CheckpointCheck } from "./check_checkpoint.ts";
import { RowCheck, type RowReport } from "./check_rows.ts";
import { checkSchema } from "./check_schema.ts";
import type { EntryRows } from "../../ledger/record/entry_rows.ts";
import { attempt, type Problems } from "./problems.ts";
import { TRUTH_MIGRATIONS } from "../../ledger/disk/schema.ts";
import { TRUTH_FILE } from "../../ledger/store/sqlite_store.ts";
import { ROWS_PER_MOMENT, type TruthReader } from "../../ledger/store/truth_reader.ts";

/**
 * Proves a truth by itself: the file, the chain, and each row by those before it.
 *
 * @param onRows given all rows, in order and in blocks
 * @returns what the rows come to, and the last link if all could be read
 */
export function checkTruth(
  truth: TruthReader,
  problems: Problems,
  checkpoint: CheckpointCheck | undefined,
  onRows: (rows: EntryRows) => void,
): { readonly report: RowReport; readonly tip: Link | undefined } {
  const { db } = truth;
  attempt(problems, TRUTH_FILE, () => checkSchema(db, TRUTH_FILE, TRUTH_MIGRATIONS, problems));
  const hostNumber = attempt(problems, TRUTH_FILE, () => truth.hostNumber) ?? 0;
  const rows = new RowCheck(truth, hostNumber, problems, checkpoint);
  const tip = attempt(problems, TRUTH_FILE, () => {
    const blocks = checkChain(db, problems);
    for (let momentSeq = 0;;) {
      const { done, value } = blocks.next();
      if (done === true) return value;
      rows.add(value);
      onRows(value);
      if (rows.seq - momentSeq < ROWS_PER_MOMENT) continue;
      momentSeq = rows.seq;
      db.renew();
    }
  });
  return { report: rows.finish(), tip };
}
