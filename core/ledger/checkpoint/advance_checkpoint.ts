import type { DatabaseSync } from "node:sqlite";
import {
  CHECKPOINT_FILE,
  CheckpointBroken,
  type CheckpointHead,
  CheckpointReader,
  writeCheckpoint,
} from "./checkpoint.ts";
import { eachDelivered } from "../record/delivered_marks.ts";
import { EntryKind, HELD, Refusal, Verdict } from "../record/entry.ts";
import { type EntryRows, RowField } from "../record/entry_rows.ts";
import { idSpaceOf } from "../../base/id_space.ts";
import { emptyJudgement } from "../record/ledger.ts";
import { hexOf, ledgerIdOf, linkAt } from "../chain/links.ts";
import { hostNumberOf } from "../chain/notes.ts";
import { readOrder } from "../record/order_text.ts";
import { CHUNK_PACKETS, type PacketChunk, Packets, PacketState } from "../judge/packets.ts";
import { type Purse, Sends } from "../judge/sends.ts";
import { setAside } from "../disk/set_aside.ts";
import { eachRows, endedOf, lastSeqOf, readDelivered, selectingEnded } from "../disk/sqlite_rows.ts";

const NO_WORDS = new Uint32Array();
/** What is in the rows was judged: everybody had the money that they sent. */
const ENOUGH: Purse = {
  wonFen: () => Infinity,
  nextPacketId: () => 1,
  mintedFen: () => 0,
  fundObjection: () => Refusal.none,
};

type Changing<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

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
  const changes = new Packets();
  const selectEnded = selectingEnded(db);
  const ids = idSpaceOf(hostNumberOf(db) ?? 0);
  const sends = new Sends(ENOUGH, { ended: (packetId) => endedOf(selectEnded, packetId) }, ids);
  old?.readSends(sends);
  const head: Changing<CheckpointHead> = {
    seq: old?.head.seq ?? 0,
    mark: old?.head.mark ?? 0,
    ledger: ledgerIdOf(db),
    headHex: "",
    mints: [...old?.head.mints ?? []],
    givenBack: [...old?.head.givenBack ?? []],
    orders: [...old?.head.orders ?? []],
    largeAmountsFen: [],
  };
  // Marks before rows: then the award of each is among the rows, or in the old checkpoint.
  const delivered: Uint32Array[] = [];
  head.mark = readDelivered(db, head.mark, (words) => delivered.push(words));
  for (const rows of eachRows(db, head.seq, lastSeqOf(db))) {
    addRows(rows, head, changes, sends);
    yield;
  }
  head.headHex = hexOf(linkAt(db, head.seq)!.head);
  head.largeAmountsFen = [...old?.head.largeAmountsFen ?? [], ...changes.largeAmountsFen];
  for (const words of delivered) {
    eachDelivered(
      words,
      (packetId) => changes.note(packetId, PacketState.delivered),
      (packetId, user) => void sends.pending.deliver(user, packetId),
    );
  }
  yield* writeCheckpoint(path, head, sends, merged(old, changes));
  return head.seq;
}

function addRows(rows: EntryRows, head: Changing<CheckpointHead>, changes: Packets, sends: Sends): void {
  const { values } = rows;
  const judgement = emptyJudgement();
  for (let row = 0; row < rows.count; row++) {
    const at = rows.at(row);
    const packetId = values[at + RowField.packetId];
    const amountFen = values[at + RowField.amount];
    const sponsor = values[at + RowField.sponsor];
    switch (values[at + RowField.kind]) {
      case EntryKind.mint:
        head.mints.push([
          packetId,
          values[at + RowField.count],
          amountFen,
          sponsor,
          values[at + RowField.user],
        ]);
        break;
      case EntryKind.order: {
        const body = rows.bodies.get(values[at + RowField.seq]) ?? NO_WORDS;
        const json = readOrder(body, values[at + RowField.count])?.json;
        if (json === undefined) throw new CheckpointBroken(`row ${values[at + RowField.seq]} is no order`);
        head.orders.push({ number: packetId, json, isEnded: false });
        break;
      }
      case EntryKind.endOrder:
        head.orders = head.orders.map((order) =>
          order.number === packetId ? { ...order, isEnded: true } : order
        );
        break;
      case EntryKind.award:
        changes.award(
          packetId,
          values[at + RowField.user],
          amountFen,
          sponsor,
          values[at + RowField.count] === HELD,
        );
        break;
      case EntryKind.open:
        changes.note(packetId, PacketState.opened);
        break;
      case EntryKind.lapse:
        changes.note(packetId, PacketState.lapsed);
        break;
      case EntryKind.giveBack:
        head.givenBack.push({ sponsor, belowId: packetId, amountFen });
        break;
      case EntryKind.limits:
      case EntryKind.seed:
      case EntryKind.loss:
      case EntryKind.host:
      case EntryKind.time:
      case EntryKind.adoption:
        break;
      default:
        sends.replay(values, at, rows.bodies.get(values[at + RowField.seq]) ?? NO_WORDS, judgement);
        if (judgement.verdict !== Verdict.done) {
          throw new CheckpointBroken(`row ${values[at + RowField.seq]} contradicts it`);
        }
    }
    head.seq = values[at + RowField.seq];
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
