import type { DatabaseSync } from "node:sqlite";
import {
  CHECKPOINT_FILE,
  CheckpointBroken,
  type CheckpointHead,
  CheckpointReader,
  writeCheckpoint,
} from "./checkpoint.ts";
import { eachDelivered } from "../record/delivered_marks.ts";
import { Verdict } from "../record/entry.ts";
import { type EntryRows, RowField } from "../record/entry_rows.ts";
import { idSpaceOf } from "../../base/id_space.ts";
import { emptyJudgement, readRow, say } from "../record/judgement.ts";
import { NO_LIMITS } from "../record/ledger.ts";
import { hexOf, ledgerIdOf, linkAt } from "../chain/links.ts";
import { hostNumberOf } from "../chain/notes.ts";
import { kindOf } from "../kinds/entry_kinds.ts";
import { Registry } from "../registry/registry.ts";
import { CHUNK_PACKETS, type PacketChunk, Packets, PacketState } from "../registry/packets.ts";
import { setAside } from "../disk/set_aside.ts";
import { eachRows, endedOf, lastSeqOf, readDelivered, selectingEnded } from "../disk/sqlite_rows.ts";

/**
 * Writes a new checkpoint out of the present one and the rows after it. Holds only the chunks that those rows touch,
 * and one more. Between its pieces, of a few ms each, it yields.
 *
 * @param db the truth of this directory, for reading
 * @returns the row that the checkpoint reaches to
 */
export function* advanceCheckpoint(
  directory: string,
  db: DatabaseSync,
  wallMs: number,
): Generator<void, number> {
  const path = `${directory}/${CHECKPOINT_FILE}`;
  let old: CheckpointReader | undefined;
  try {
    old = CheckpointReader.open(path);
    if (old !== undefined && isOf(db, old.head)) return yield* advance(path, db, old);
  } catch (error) {
    if (!(error instanceof CheckpointBroken)) throw error;
  } finally {
    old?.close();
  }
  // There is none, or it is of no use: made out of all rows.
  setAside(directory, CHECKPOINT_FILE, wallMs);
  return yield* advance(path, db, undefined);
}

/** Whether a checkpoint was made of rows that this ledger has. */
function isOf(db: DatabaseSync, { ledger, seq, headHex }: CheckpointHead): boolean {
  const link = linkAt(db, seq);
  return ledger === ledgerIdOf(db) && link !== undefined && hexOf(link.head) === headHex;
}

function* advance(
  path: string,
  db: DatabaseSync,
  old: CheckpointReader | undefined,
): Generator<void, number> {
  const selectEnded = selectingEnded(db);
  const ended = { ended: (packetId: number) => endedOf(selectEnded, packetId) };
  const draft = new Draft(NO_LIMITS, ended, idSpaceOf(hostNumberOf(db) ?? 0));
  old?.readRegistry(draft);
  let seq = old?.head.seq ?? 0;
  // Marks before rows: then the award of each is among the rows, or in the old checkpoint.
  const delivered: Uint32Array[] = [];
  const mark = readDelivered(db, old?.head.mark ?? 0, (words) => delivered.push(words));
  for (const rows of eachRows(db, seq, lastSeqOf(db))) {
    draft.add(rows);
    seq = rows.values[rows.at(rows.count - 1) + RowField.seq];
    yield;
  }
  for (const words of delivered) {
    eachDelivered(
      words,
      (packetId) => draft.packets.note(packetId, PacketState.delivered),
      (packetId, user) => void draft.sends.pending.deliver(user, packetId),
    );
  }
  const headHex = hexOf(linkAt(db, seq)!.head);
  yield* writeCheckpoint(
    path,
    { seq, mark, ledger: ledgerIdOf(db), headHex },
    draft,
    merged(old, draft.packets),
  );
  return seq;
}

/** A registry that knows of packets only what has changed since the last checkpoint. */
class Draft extends Registry {
  readonly #judgement = emptyJudgement();

  /** What is in the rows was judged: everybody had the money that they sent. */
  override balanceOf(): number {
    return Infinity;
  }

  add(rows: EntryRows): void {
    const { values, bodies } = rows;
    const judgement = this.#judgement;
    for (let row = 0; row < rows.count; row++) {
      const at = rows.at(row);
      const seq = values[at + RowField.seq];
      readRow(values, at, bodies.get(seq), judgement);
      say(judgement, Verdict.done);
      const kind = kindOf(judgement.kind);
      kind?.note?.(this, judgement);
      const isRight = kind?.legs !== undefined && judgement.verdict === Verdict.done &&
        judgement.packetId === values[at + RowField.packetId];
      if (!isRight) throw new CheckpointBroken(`row ${seq} contradicts it`);
    }
  }
}

/** The old checkpoint's chunks with what has changed, then the new ones. */
function* merged(old: CheckpointReader | undefined, changes: Packets): Generator<[number, Uint8Array]> {
  const done = new Set<number>();
  const present = new Packets();
  while (old !== undefined) {
    // One chunk object for all: each is written before the next is read.
    const chunk = present.chunk(0);
    const number = old.next(() => chunk.lasting);
    if (number < 0) break;
    done.add(number);
    const changed = changes.chunks.get(number);
    if (changed !== undefined) overlay(chunk, changed);
    yield [number, chunk.lasting];
  }
  for (const [number, chunk] of changes.chunks) if (!done.has(number)) yield [number, chunk.lasting];
}

function overlay(chunk: PacketChunk, changed: PacketChunk): void {
  for (let i = 0; i < CHUNK_PACKETS; i++) {
    if ((changed.state[i] & PacketState.awarded) !== 0) {
      chunk.user[i] = changed.user[i];
      chunk.amount[i] = changed.amount[i];
      chunk.sponsor[i] = changed.sponsor[i];
    }
    chunk.state[i] |= changed.state[i];
  }
}
