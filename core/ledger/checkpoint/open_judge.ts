import { UserError } from "../../base/user_error.ts";
import { CHECKPOINT_FILE, CheckpointBroken, type CheckpointHead, restoreJudge } from "./checkpoint.ts";
import { eachDelivered } from "../record/delivered_marks.ts";
import { EntryKind, Verdict } from "../record/entry.ts";
import type { EntryRows } from "../record/entry_rows.ts";
import { RowField } from "../record/entry_rows.ts";
import type { EntryStore } from "../disk/entry_store.ts";
import { idSpaceOf } from "../../base/id_space.ts";
import { Judge } from "../judge/judge.ts";
import { emptyJudgement, type LedgerLimits } from "../record/ledger.ts";
import { PacketState } from "../judge/packets.ts";

const NO_CHECKPOINT = { seq: 0, mark: 0 } as const;

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
 * @param onProgress called often, with the rows since the last call, so that a long start is seen to live
 * @throws UserError if the rows contradict each other
 */
export function openJudge(
  store: Pick<EntryStore, "hostNumber" | "lastSeq" | "read" | "readDelivered" | "ended">,
  directory: string | undefined,
  limits: LedgerLimits,
  onProgress: (rows: number) => void = () => {},
): Opened {
  const ids = idSpaceOf(store.hostNumber);
  let judge = new Judge(limits, store, ids);
  let checkpointFault: string | undefined;
  let start: Pick<CheckpointHead, "seq" | "mark"> = NO_CHECKPOINT;
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
      judge = new Judge(limits, store, ids);
      start = NO_CHECKPOINT;
    }
  }
  let rowsRead = 0;
  const replay = new Replay(judge, start.seq);
  store.read(start.seq, (rows) => {
    rowsRead += rows.count;
    replay.add(rows);
    onProgress(rows.count);
  });
  store.readDelivered(start.mark, (words) => {
    eachDelivered(
      words,
      (packetId) => judge.packets.isAwarded(packetId) && judge.packets.note(packetId, PacketState.delivered),
      (packetId, user) => void judge.sends.pending.deliver(user, packetId),
    );
  });
  judge.check();
  return { judge, checkpointSeq: start.seq, rowsRead, checkpointFault };
}

/** Judges stored rows again, as they were judged when they were new, and finds those that can't have been. */
export class Replay {
  readonly #judge: Judge;
  #seq: number;

  constructor(judge: Judge, afterSeq: number) {
    this.#judge = judge;
    this.#seq = afterSeq;
  }

  add(rows: EntryRows): void {
    for (let row = 0; row < rows.count; row++) {
      if (rows.values[rows.at(row) + RowField.seq] !== ++this.#seq) {
        throw new UserError(`the ledger lacks row ${this.#seq}: restore it from a copy`);
      }
    }
    replayRows(this.#judge, rows);
  }
}

function replayRows(judge: Judge, rows: EntryRows): void {
  const judgement = emptyJudgement();
  for (let row = 0; row < rows.count; row++) {
    const at = rows.at(row);
    const seq = rows.values[at + RowField.seq];
    const packetId = rows.values[at + RowField.packetId];
    judge.replay(rows.values, at, judgement, rows.bodies.get(seq));
    const isRight = judgement.verdict === Verdict.done &&
      (rows.values[at + RowField.kind] !== EntryKind.send || judgement.packetId === packetId);
    if (isRight) continue;
    throw new UserError(
      `row ${seq} of the ledger contradicts those before it (verdict ${judgement.verdict}, ` +
        `reason ${judgement.detail}): restore it from a copy`,
    );
  }
}
