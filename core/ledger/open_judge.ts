import { UserError } from "../cli/user_error.ts";
import { CHECKPOINT_FILE, CheckpointBroken, restoreJudge } from "./checkpoint.ts";
import { Verdict } from "./entry.ts";
import type { EntryRows } from "./entry_rows.ts";
import { RowField } from "./entry_rows.ts";
import type { EntryStore } from "./entry_store.ts";
import { Judge } from "./judge.ts";
import { emptyJudgement, type LedgerLimits } from "./ledger.ts";

/** How a ledger was read at a start. */
export interface Opened {
  readonly judge: Judge;
  /** Rows that came from the checkpoint, and that were read one by one. */
  readonly checkpointSeq: number;
  readonly rowsRead: number;
  /** Why the checkpoint was of no use, if it wasn't. */
  readonly checkpointFault: string | undefined;
}

/**
 * Makes the judge of what a store holds: from the checkpoint and the rows after it, or from all rows.
 *
 * @param directory where the checkpoint lies; undefined for none
 * @param onProgress called often, so that a long start is seen to live
 * @throws UserError if the rows contradict each other
 */
export function openJudge(
  store: Pick<EntryStore, "lastSeq" | "read" | "readDelivered">,
  directory: string | undefined,
  limits: LedgerLimits,
  onProgress: () => void = () => {},
): Opened {
  let judge = new Judge(limits);
  let checkpointFault: string | undefined;
  let start: { readonly seq: number; readonly mark: number } = { seq: 0, mark: 0 };
  if (directory !== undefined) {
    try {
      start = restoreJudge(`${directory}/${CHECKPOINT_FILE}`, judge, onProgress) ?? start;
      // Rows that the checkpoint knows and the store lacks would be awards that nobody can account for.
      if (start.seq > store.lastSeq()) {
        throw new CheckpointBroken("it is ahead of the ledger, which has lost rows");
      }
    } catch (error) {
      if (!(error instanceof CheckpointBroken)) throw error;
      checkpointFault = error.message;
      judge = new Judge(limits);
      start = { seq: 0, mark: 0 };
    }
  }
  let rowsRead = 0;
  const replay = new Replay(judge, start.seq);
  store.read(start.seq, (rows) => {
    rowsRead += rows.count;
    replay.add(rows);
    onProgress();
  });
  store.readDelivered(start.mark, (ids) => {
    for (const id of ids) if (judge.packets.isAwarded(id)) judge.packets.markDelivered(id);
  });
  judge.check();
  return { judge, checkpointSeq: start.seq, rowsRead, checkpointFault };
}

/** Judges stored rows again, as they were judged when they were new, and finds those that can't have been. */
export class Replay {
  readonly #judge: Judge;
  readonly #judgement = emptyJudgement();
  #seq: number;

  constructor(judge: Judge, afterSeq: number) {
    this.#judge = judge;
    this.#seq = afterSeq;
  }

  add(rows: EntryRows): void {
    for (let row = 0; row < rows.count; row++) {
      const at = rows.at(row);
      const seq = rows.values[at + RowField.seq];
      if (seq !== ++this.#seq) {
        throw new UserError(`the ledger lacks row ${this.#seq}: restore it from a copy`);
      }
      this.#judge.replay(rows.values, at, this.#judgement);
      if (this.#judgement.verdict !== Verdict.done) {
        throw new UserError(
          `row ${seq} of the ledger contradicts those before it (verdict ${this.#judgement.verdict}, ` +
            `reason ${this.#judgement.detail}): restore it from a copy`,
        );
      }
    }
  }
}
