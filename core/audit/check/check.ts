import type { OnStage } from "../../cli/progress.ts";
import { UserError } from "../../base/user_error.ts";
import { balanceAccount, legsOf } from "../../ledger/record/accounts.ts";
import { eachDelivered } from "../../ledger/record/delivered_marks.ts";
import { isOfAward } from "../../ledger/record/entry.ts";
import { type EntryRows, ROW_FIELDS, RowField } from "../../ledger/record/entry_rows.ts";
import { idSpaceOf } from "../../base/id_space.ts";
import { Judge } from "../../ledger/judge/judge.ts";
import { type Balances, type LedgerLimits, NO_LIMITS } from "../../ledger/record/ledger.ts";
import { openJudge, Replay } from "../../ledger/checkpoint/open_judge.ts";
import { PacketState } from "../../ledger/judge/packets.ts";
import { openProjection, projectedSeq } from "../../ledger/projection/projection_reader.ts";
import { sendsDigest } from "../../ledger/checkpoint/sends_state.ts";
import { TruthReader } from "../../ledger/store/truth_reader.ts";

/** What a check of a ledger came to. */
export interface CheckReport {
  readonly rows: number;
  readonly mints: number;
  readonly awards: number;
  readonly users: number;
  readonly delivered: number;
  readonly balances: Balances;
  /** The most packets of one user, and of one sponsor for one user. */
  readonly mostOfUser: number;
  readonly mostOfSponsor: number;
  readonly limits: LedgerLimits;
  /** How many rows the projection is behind. */
  readonly projectionLagRows: number;
  /** What isn't as it must be, in words. */
  readonly problems: readonly string[];
}

/**
 * Checks every invariant of a ledger: each row follows from those before it, every fen is in one account, no limit is
 * broken, and the projection and the checkpoint say the same as the rows.
 */
export function checkLedger(directory: string, onStage: OnStage = () => {}): CheckReport {
  const truth = new TruthReader(directory);
  try {
    const problems: string[] = [];
    const { quick_check: damage } = truth.db.prepare("pragma quick_check(1)").get()!;
    if (damage !== "ok") problems.push(`the file is damaged: ${damage}`);
    const judge = new Judge(NO_LIMITS, truth, idSpaceOf(truth.hostNumber));
    const sums = new Sums(projectionSeq(directory));
    const replay = new Replay(judge, 0);
    let rows = 0;
    const inAll = truth.lastSeq();
    try {
      truth.read(0, (block) => {
        replay.add(block);
        sums.add(block);
        rows += block.count;
        onStage(directory, block.count, inAll, "rows");
      });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
    let delivered = 0;
    truth.readDelivered(0, (words) =>
      eachDelivered(
        words,
        (packetId) => {
          if (!judge.packets.isAwarded(packetId)) {
            problems.push(`packet ${packetId} is delivered and was never awarded`);
            return;
          }
          if ((judge.packets.state(packetId) & PacketState.delivered) === 0) delivered++;
          judge.packets.note(packetId, PacketState.delivered);
        },
        (packetId, user) => {
          if (judge.sends.packet(packetId)?.shareOf.has(user) === true) return;
          problems.push(`packet ${packetId} is delivered to user ${user}, who has no share of it`);
        },
      ));
    const most = mostPackets(judge);
    const limits = truth.limits();
    checkLimits(most, limits, problems);
    checkCheckpoint(truth, directory, judge, problems);
    const projectionLagRows = checkProjection(directory, sums, rows, problems);
    return {
      rows,
      mints: judge.mints.size,
      awards: judge.awards,
      users: judge.latest.size,
      delivered,
      balances: judge.balances(),
      ...most,
      limits,
      projectionLagRows,
      problems,
    };
  } finally {
    truth.close();
  }
}

/** Sums by account of the rows that the projection has taken in. */
class Sums {
  readonly untilSeq: number;
  readonly balance = new Map<string, number>();
  /** Rows that are indexed by their users. */
  indexed = 0;

  constructor(untilSeq: number) {
    this.untilSeq = untilSeq;
  }

  add({ values, count }: EntryRows): void {
    for (let row = 0, at = 0; row < count; row++, at += ROW_FIELDS) {
      if (values[at + RowField.seq] > this.untilSeq) return;
      const fen = values[at + RowField.amount];
      const [from, to] = legsOf(values, at);
      this.#move(balanceAccount(from), balanceAccount(to), fen);
      if (isOfAward(values[at + RowField.kind])) this.indexed++;
    }
  }

  #move(from: string, to: string, fen: number): void {
    this.balance.set(from, (this.balance.get(from) ?? 0) - fen);
    this.balance.set(to, (this.balance.get(to) ?? 0) + fen);
  }
}

function mostPackets(judge: Judge): { mostOfUser: number; mostOfSponsor: number } {
  let mostOfUser = 0;
  let mostOfSponsor = 0;
  const ofSponsor = new Map<number, number>();
  for (const [, latest] of judge.latest) {
    let ofUser = 0;
    ofSponsor.clear();
    for (let id = latest; id !== 0; id = judge.packets.previous(id)) {
      ofUser++;
      const sponsor = judge.packets.sponsor(id);
      const count = (ofSponsor.get(sponsor) ?? 0) + 1;
      ofSponsor.set(sponsor, count);
      if (count > mostOfSponsor) mostOfSponsor = count;
    }
    if (ofUser > mostOfUser) mostOfUser = ofUser;
  }
  return { mostOfUser, mostOfSponsor };
}

function checkLimits(
  { mostOfUser, mostOfSponsor }: { mostOfUser: number; mostOfSponsor: number },
  { packetsPerUser, packetsPerSponsor }: LedgerLimits,
  problems: string[],
): void {
  if (mostOfUser > packetsPerUser) {
    problems.push(`a user has ${mostOfUser} packets, and ${packetsPerUser} are allowed`);
  }
  if (mostOfSponsor > packetsPerSponsor) {
    problems.push(`a user has ${mostOfSponsor} packets of one sponsor, and ${packetsPerSponsor} are allowed`);
  }
}

/** A start from the checkpoint comes to the same as a start from all rows. */
function checkCheckpoint(truth: TruthReader, directory: string, judge: Judge, problems: string[]): void {
  const limits = truth.limits();
  try {
    const { judge: restored, checkpointSeq, checkpointFault } = openJudge(truth, directory, limits);
    if (checkpointFault !== undefined) problems.push(`the checkpoint is of no use: ${checkpointFault}`);
    if (checkpointSeq === 0) return;
    // A server that runs may have added rows in between; then there is nothing to compare.
    if (restored.nextPacketId === judge.nextPacketId && restored.awards === judge.awards) {
      const [a, b] = [JSON.stringify(restored.balances()), JSON.stringify(judge.balances())];
      if (a !== b) problems.push(`the checkpoint comes to ${a}, the rows to ${b}`);
      const [c, d] = [sendsDigest(restored.sends), sendsDigest(judge.sends)];
      if (c !== d) problems.push("the checkpoint says something else than the rows of what users sent");
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(`with the checkpoint: ${error.message}`);
  }
}

function projectionSeq(directory: string): number {
  const db = openProjection(directory);
  if (db === undefined) return 0;
  const seq = projectedSeq(db);
  db.close();
  return seq;
}

/** Compares the projection with the sums of the same rows; returns how many rows it is behind. */
function checkProjection(directory: string, sums: Sums, rows: number, problems: string[]): number {
  const db = openProjection(directory);
  if (db === undefined) return rows;
  const seq = projectedSeq(db);
  // One that has gone on in between can't be compared.
  if (seq === sums.untilSeq) {
    for (const { account, fen } of db.prepare("select account, fen from balance").all()) {
      const expected = sums.balance.get(account as string) ?? 0;
      if (fen !== expected) {
        problems.push(`projection: ${account} holds ${fen} fen and should hold ${expected}`);
      }
    }
    const { postings, fen } = db.prepare("select count(*) as postings, sum(fen) as fen from posting").get()!;
    if (postings !== seq * 2) problems.push(`projection: has ${postings} postings for ${seq} rows`);
    if ((fen ?? 0) !== 0) problems.push(`projection: its postings sum to ${fen} fen`);
    const { indexed } = db.prepare("select count(*) as indexed from user_award").get()!;
    if (indexed !== sums.indexed) {
      problems.push(`projection: indexes ${indexed} rows of awards, of ${sums.indexed}`);
    }
  }
  db.close();
  return rows - seq;
}
