import type { OnStage } from "../cli/progress.ts";
import { eachDelivered } from "../ledger/record/delivered_marks.ts";
import { UserError } from "../base/user_error.ts";
import { kindOf } from "../ledger/kinds/entry_kinds.ts";
import type { AwardState } from "../ledger/kinds/kind.ts";
import { RowField } from "../ledger/record/entry_rows.ts";
import { openJudge } from "../ledger/checkpoint/open_judge.ts";
import type { OrderState } from "../ledger/record/order_state.ts";
import { orderStates } from "../ledger/registry/order_states.ts";
import { openProjection, projectedSeq } from "../ledger/projection/projection_reader.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";

/** One award, as a person wants to see it. */
export interface ShownAward {
  readonly seq: number;
  readonly packetId: number;
  readonly user: number;
  readonly amountFen: number;
  readonly sponsor: number;
  readonly atMs: number;
  readonly isDelivered: boolean;
  /** Whether the user has the money, or must open the packet first, or didn't in time. */
  readonly state: AwardState;
}

/** What happened to a packet. */
export interface ShownPacket {
  readonly packetId: number;
  /** Of the mint that made it; undefined if there is no such packet. */
  readonly sponsor: number | undefined;
  readonly award: ShownAward | undefined;
  readonly wasGivenBack: boolean;
  /** The order that it was made for; undefined if for none. */
  readonly order: number | undefined;
}

/** All awards of a user, oldest first: those in the projection, and the rows after it. */
export function showUser(
  directory: string,
  user: number,
  onStage: OnStage = () => {},
): ShownAward[] {
  // First: then the truth has all that the projection has, also beside a server that goes on.
  const { seqs, until } = seqsInProjection(directory, user);
  const truth = new TruthReader(directory);
  try {
    const left = truth.lastSeq() - until;
    truth.read(until, (rows) => {
      onStage(directory, rows.count, left, "rows");
      for (let row = 0; row < rows.count; row++) {
        const at = rows.at(row);
        const isTheirs = kindOf(rows.values[at + RowField.kind])?.award !== undefined &&
          rows.values[at + RowField.user] === user;
        if (isTheirs) seqs.push(rows.values[at + RowField.seq]);
      }
    });
    const select = truth.db.prepare(
      "select kind, packet, amount, sponsor, count, at_ms from entry where seq = ?",
    );
    const byPacket = new Map<number, Omit<ShownAward, "isDelivered">>();
    for (const seq of seqs.sort((a, b) => a - b)) {
      const row = select.get(seq);
      if (row === undefined) {
        throw new UserError(
          `${directory}: lacks row ${seq}, which projection.db knows. See redpkt ledger check ${directory}`,
        );
      }
      const packetId = row.packet as number;
      const state = kindOf(row.kind as number)!.award!({ count: row.count as number });
      const first = byPacket.get(packetId) ?? {
        seq,
        packetId,
        user,
        amountFen: row.amount as number,
        sponsor: row.sponsor as number,
        atMs: row.at_ms as number,
      };
      byPacket.set(packetId, { ...first, state });
    }
    const awards = [...byPacket.values()];
    const delivered = deliveredAmong(truth, new Set(awards.map(({ packetId }) => packetId)));
    return awards.map((award) => ({ ...award, isDelivered: delivered.has(award.packetId) }));
  } finally {
    truth.close();
  }
}

export function showPacket(
  directory: string,
  packetId: number,
  onStage: OnStage = () => {},
): ShownPacket {
  const truth = new TruthReader(directory);
  try {
    const inAll = truth.lastSeq();
    const { judge } = openJudge(
      truth,
      directory,
      truth.limits(),
      (rows) => onStage(directory, rows, inAll, "rows"),
    );
    const award = judge.awardOf(packetId);
    const { sponsor, order } = judge.mints.of(packetId) ?? {};
    return {
      packetId,
      sponsor,
      award: award === undefined
        ? undefined
        : showUser(directory, award.user).find((shown) => shown.packetId === packetId),
      wasGivenBack: award === undefined &&
        judge.givenBack.some((given) => given.sponsor === sponsor && packetId < given.belowId),
      order: order || undefined,
    };
  } finally {
    truth.close();
  }
}

/** What an operator has ordered, and how far it came; undefined if there is no such order. */
export function showOrder(
  directory: string,
  number: number,
  onStage: OnStage = () => {},
): OrderState | undefined {
  const truth = new TruthReader(directory);
  try {
    const inAll = truth.lastSeq();
    const onRows = (rows: number) => onStage(directory, rows, inAll, "rows");
    const { judge } = openJudge(truth, directory, truth.limits(), onRows);
    return orderStates(judge).find((order) => order.number === number);
  } finally {
    truth.close();
  }
}

/** Keys of a user's awards, and the row up to which they are known. */
function seqsInProjection(directory: string, user: number): { seqs: number[]; until: number } {
  const db = openProjection(directory);
  if (db === undefined) return { seqs: [], until: 0 };
  try {
    const until = projectedSeq(db);
    const rows = db.prepare(
      "select seq from run cross join user_award using (run) where user_award.user = ?",
    ).all(user);
    return { seqs: rows.map(({ seq }) => seq as number), until };
  } finally {
    db.close();
  }
}

function deliveredAmong(truth: TruthReader, wanted: ReadonlySet<number>): Set<number> {
  const found = new Set<number>();
  if (wanted.size > 0) {
    const note = (packetId: number) => void (wanted.has(packetId) && found.add(packetId));
    truth.readDelivered(0, (words) => eachDelivered(words, note, () => {}));
  }
  return found;
}
