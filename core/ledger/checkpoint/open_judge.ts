import { UserError } from "../../base/user_error.ts";
import { CHECKPOINT_FILE, CheckpointBroken, type CheckpointHead, restoreRegistry } from "./checkpoint.ts";
import { eachDelivered } from "../record/delivered_marks.ts";
import { refusalName, Verdict } from "../record/entry.ts";
import { kindOf } from "../kinds/entry_kinds.ts";
import type { EntryRows } from "../record/entry_rows.ts";
import { RowField } from "../record/entry_rows.ts";
import type { EntryStore } from "../disk/entry_store.ts";
import { idSpaceOf } from "../../base/id_space.ts";
import { Judge } from "../judge/judge.ts";
import { emptyJudgement, type Judgement } from "../record/judgement.ts";
import type { LedgerLimits } from "../record/ledger.ts";
import { PacketState } from "../registry/packets.ts";

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
 * @param hostNumber whose packet ids these are, if the store may not say so yet
 * @param onProgress called often, with the rows since the last call, so that a long start is seen to live
 * @throws UserError if the rows contradict each other
 */
export function openJudge(
  store: Pick<EntryStore, "hostNumber" | "headAt" | "read" | "readDelivered" | "ended">,
  directory: string | undefined,
  limits: LedgerLimits,
  onProgress: (rows: number) => void = () => {},
  hostNumber = store.hostNumber,
): Opened {
  const ids = idSpaceOf(hostNumber);
  let judge = new Judge(limits, store, ids);
  let checkpointFault: string | undefined;
  let start: Pick<CheckpointHead, "seq" | "mark"> = NO_CHECKPOINT;
  if (directory !== undefined) {
    try {
      const head = restoreRegistry(`${directory}/${CHECKPOINT_FILE}`, judge, onProgress);
      if (head !== undefined && head.headHex !== store.headAt(head.seq)) {
        throw new CheckpointBroken("it is of rows that this ledger doesn't have");
      }
      start = head ?? start;
    } catch (error) {
      if (!(error instanceof CheckpointBroken)) throw error;
      checkpointFault = error.message;
      judge = new Judge(limits, store, ids);
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
  readonly #judgement = emptyJudgement();
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
    for (let row = 0; row < rows.count; row++) {
      const contradiction = replayRow(this.#judge, rows, row, this.#judgement);
      if (contradiction === undefined) continue;
      const seq = rows.values[rows.at(row) + RowField.seq];
      throw new UserError(`row ${seq} of the ledger ${contradiction}: restore it from a copy`);
    }
  }
}

/** Judges one stored row again. Returns why it can't have been judged so when it was new; undefined if it can. */
export function replayRow(
  judge: Judge,
  rows: EntryRows,
  row: number,
  judgement: Judgement,
): string | undefined {
  const at = rows.at(row);
  const packetId = rows.values[at + RowField.packetId];
  judge.replay(rows.values, at, judgement, rows.bodies.get(rows.values[at + RowField.seq]));
  const { verdict, detail } = judgement;
  if (verdict === Verdict.doneBefore) return "contradicts those before it: it was done before";
  if (verdict !== Verdict.done) return `contradicts those before it (${refusalName(detail)})`;
  if (!kindOf(judgement.kind)?.isNumbered || judgement.packetId === packetId) return undefined;
  return `contradicts those before it: it has number ${packetId}, and the next is ${judgement.packetId}`;
}
