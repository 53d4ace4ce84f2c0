import { idSpaceOf } from "../../base/id_space.ts";
import { CHECKPOINT_FILE, CheckpointBroken, restoreRegistry } from "../checkpoint/checkpoint.ts";
import { EntryKind } from "../kinds/entry_kinds.ts";
import { HELD } from "../record/entry.ts";
import { Judge } from "../judge/judge.ts";
import { NO_LIMITS } from "../record/ledger.ts";
import { lookUntouched } from "../disk/untouched.ts";
import { CHUNK_PACKETS, PacketState } from "../registry/packets.ts";
import { PROJECTION_FILE } from "../projection/projection.ts";

/** An entry as something beside the truth remembers it. */
export interface KnownEntry {
  readonly kind: number;
  readonly packetId: number;
  readonly user: number;
  readonly amountFen: number;
  readonly sponsor: number;
  readonly count: number;
}

/** Hands over the packets, awards and openings that a projection has, in the order of their rows. */
export function eachInProjection(directory: string, take: (entry: KnownEntry) => void): void {
  lookUntouched(`${directory}/${PROJECTION_FILE}`, (db) => {
    const rows = db.prepare(
      `select seq, packet, 0 as user, fen, count, 'pool:' || sponsor as account, 'source' as origin from minted
       union all
       select seq, packet, user, arrived.fen, 0, arrived.account, gone.account from user_award
       join posting as gone on gone.id = seq * 2 join posting as arrived on arrived.id = seq * 2 + 1
       order by seq`,
    );
    for (const row of rows.iterate() as Iterable<ProjectedRow>) take(knownEntry(row));
  });
}

interface ProjectedRow {
  readonly packet: number;
  readonly user: number;
  readonly fen: number;
  readonly count: number;
  /** Where the money came from, and where it went. */
  readonly origin: string;
  readonly account: string;
}

function knownEntry({ packet, user, fen, count, origin, account }: ProjectedRow): KnownEntry {
  const [from, fromSponsor] = origin.split(":");
  const [to, toNumber] = account.split(":");
  const entry = { packetId: packet, user, amountFen: fen, sponsor: Number(fromSponsor), count: 0 };
  if (from === "source") return { ...entry, kind: EntryKind.mint, sponsor: Number(toNumber), count };
  if (from === "pool") return { ...entry, kind: EntryKind.award, count: to === "held" ? HELD : 0 };
  return { ...entry, kind: to === "user" ? EntryKind.open : EntryKind.lapse };
}

/** The same for what a checkpoint has: in the order of packets, since it knows no other. */
export function eachInCheckpoint(
  directory: string,
  take: (entry: KnownEntry) => void,
  hostNumber: number,
): void {
  // Nobody asks it for packets that have ended.
  const judge = new Judge(NO_LIMITS, { ended: () => undefined }, idSpaceOf(hostNumber));
  try {
    restoreRegistry(`${directory}/${CHECKPOINT_FILE}`, judge, () => {});
  } catch (error) {
    if (!(error instanceof CheckpointBroken)) throw error;
    return; // its head could be read, and its packets can't
  }
  judge.mints.forEach((firstId, amountFen, sponsor) => {
    const { count } = judge.mints.from(firstId)!;
    take({ kind: EntryKind.mint, packetId: firstId, user: 0, amountFen, sponsor, count });
  });
  for (const [number, { state }] of judge.packets.chunks) {
    for (let i = 0; i < CHUNK_PACKETS; i++) {
      if ((state[i] & PacketState.awarded) !== 0) {
        takeAward(judge, number * CHUNK_PACKETS + i, state[i], take);
      }
    }
  }
}

function takeAward(judge: Judge, packetId: number, state: number, take: (entry: KnownEntry) => void): void {
  const { user, amountFen } = judge.awardOf(packetId)!;
  const entry = { packetId, user, amountFen, sponsor: judge.packets.sponsor(packetId), count: 0 };
  take({ ...entry, kind: EntryKind.award, count: (state & PacketState.held) === 0 ? 0 : HELD });
  if ((state & PacketState.opened) !== 0) take({ ...entry, kind: EntryKind.open });
  if ((state & PacketState.lapsed) !== 0) take({ ...entry, kind: EntryKind.lapse });
}
