import { AssertionFailed } from "../../base/assert.ts";
import { kindOf } from "../../ledger/kinds/entry_kinds.ts";
import type { CheckpointCheck } from "./check_checkpoint.ts";
import { eachDelivered } from "../../ledger/record/delivered_marks.ts";
import { type EntryRows, RowField } from "../../ledger/record/entry_rows.ts";
import { idSpaceOf } from "../../base/id_space.ts";
import { Judge } from "../../ledger/judge/judge.ts";
import { emptyJudgement } from "../../ledger/record/judgement.ts";
import { type Balances, type LedgerLimits, NO_LIMITS } from "../../ledger/record/ledger.ts";
import { replayRow } from "../../ledger/checkpoint/open_judge.ts";
import { PacketState } from "../../ledger/registry/packets.ts";
import { attempt, type Problems } from "./problems.ts";
import { wordsOf } from "../../ledger/disk/sqlite_rows.ts";
import { TRUTH_FILE } from "../../ledger/store/sqlite_store.ts";
import type { TruthReader } from "../../ledger/store/truth_reader.ts";

const MAX_WORD = 0xffff_ffff;
/** The largest that each number of a row may be; kinds are told apart otherwise. */
const MAX_OF_FIELD: Readonly<Record<Exclude<keyof typeof RowField, "kind">, number>> = {
  seq: Number.MAX_SAFE_INTEGER,
  packetId: MAX_WORD,
  user: MAX_WORD,
  amount: Number.MAX_SAFE_INTEGER,
  sponsor: 0xffff,
  count: MAX_WORD,
  atMs: 8.64e15,
};
const FIELDS = Object.entries(MAX_OF_FIELD) as [keyof typeof MAX_OF_FIELD, number][];

/** What the rows of a ledger come to. */
export interface RowReport {
  /** How many there are. */
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
}

/**
 * Judges every row of a truth again, and every mark of what was delivered; goes on after one that is wrong. On its way it
 * has the checkpoint compared.
 */
export class RowCheck {
  readonly #judge: Judge;
  readonly #truth: TruthReader;
  readonly #checkpoint: CheckpointCheck | undefined;
  readonly #problems: Problems;
  readonly #judgement = emptyJudgement();
  #seq = 0;
  #mark = 0;
  #delivered = 0;

  #isCompared = false;

  /** @param hostNumber whose packet ids the ledger has */
  constructor(truth: TruthReader, hostNumber: number, problems: Problems, checkpoint?: CheckpointCheck) {
    this.#judge = new Judge(NO_LIMITS, truth, idSpaceOf(hostNumber));
    this.#truth = truth;
    this.#checkpoint = checkpoint;
    this.#problems = problems;
  }

  /** The last row that was judged. */
  get seq(): number {
    return this.#seq;
  }

  /** The next rows. */
  add(rows: EntryRows): void {
    for (let row = 0; row < rows.count; row++) {
      const at = rows.at(row);
      const seq = rows.values[at + RowField.seq];
      if (seq > (this.#checkpoint?.head?.seq ?? Infinity)) this.#compare();
      const lacks = seq - this.#seq - 1;
      if (lacks === 1) this.#add(`lacks row ${this.#seq + 1}`);
      else if (lacks !== 0) this.#add(`lacks rows ${this.#seq + 1} to ${seq - 1}`);
      this.#seq = seq;
      const why = faultOf(rows.values, at) ?? this.#contradiction(rows, row);
      if (why !== undefined) this.#add(`row ${seq} ${why}`);
    }
  }

  /** All marks of the checkpoint are of its rows: those rows, then those marks, and it must say the same. */
  #compare(): void {
    if (this.#isCompared || this.#checkpoint?.head === undefined) return;
    this.#isCompared = true;
    this.#markDelivered(this.#checkpoint.head.mark);
    this.#checkpoint.compare(this.#judge, this.#seq);
  }

  /** Looks at the marks after those that were looked at, up to another; their awards must be among the rows so far. */
  #markDelivered(untilMark: number): void {
    const judge = this.#judge;
    const select = this.#truth.db.prepare(
      "select mark, packets from delivered where mark > ? and mark <= ? order by mark",
    );
    for (
      const { mark, packets } of select.iterate(this.#mark, Math.min(untilMark, Number.MAX_SAFE_INTEGER))
    ) {
      this.#mark = mark as number;
      eachDelivered(
        wordsOf(packets as Uint8Array),
        (packetId) => {
          if (!judge.packets.isAwarded(packetId)) {
            return this.#add(`mark ${mark}: packet ${packetId} is delivered and was never awarded`);
          }
          if ((judge.packets.state(packetId) & PacketState.delivered) === 0) this.#delivered++;
          judge.packets.note(packetId, PacketState.delivered);
        },
        (packetId, user) => {
          if (judge.sends.packet(packetId)?.shareOf.has(user) === true) {
            judge.sends.pending.deliver(user, packetId);
          } else {
            this.#add(
              `mark ${mark}: packet ${packetId} is delivered to user ${user}, who has no share of it`,
            );
          }
        },
      );
    }
  }

  /** All rows have come. */
  finish(): RowReport {
    attempt(this.#problems, TRUTH_FILE, () => {
      this.#compare();
      this.#markDelivered(Infinity);
    });
    const most = mostPackets(this.#judge);
    const limits = attempt(this.#problems, TRUTH_FILE, () => this.#truth.limits()) ?? NO_LIMITS;
    const { packetsPerUser, packetsPerSponsor } = limits;
    if (most.mostOfUser > packetsPerUser) {
      this.#add(`a user has ${most.mostOfUser} packets, and ${packetsPerUser} are allowed`);
    }
    if (most.mostOfSponsor > packetsPerSponsor) {
      this.#add(
        `a user has ${most.mostOfSponsor} packets of one sponsor, and ${packetsPerSponsor} are allowed`,
      );
    }
    return {
      rows: this.#seq,
      mints: this.#judge.mints.size,
      awards: this.#judge.awards,
      users: this.#judge.latest.size,
      delivered: this.#delivered,
      balances: this.#judge.balances(),
      ...most,
      limits,
    };
  }

  #contradiction(rows: EntryRows, row: number): string | undefined {
    try {
      return replayRow(this.#judge, rows, row, this.#judgement);
    } catch (error) {
      // An invariant that the program's own rows never break.
      if (error instanceof AssertionFailed) return `breaks an invariant: ${error.message}`;
      throw error;
    }
  }

  #add(line: string): void {
    this.#problems.add(`${TRUTH_FILE} rows`, `${TRUTH_FILE}: ${line}`);
  }
}

/** A number that no row has, in words. */
function faultOf(values: Float64Array, at: number): string | undefined {
  const kind = values[at + RowField.kind];
  if (kindOf(kind)?.legs === undefined) return `is of no kind that there is: ${kind}`;
  for (const [field, most] of FIELDS) {
    const value = values[at + RowField[field]];
    if (!(Number.isInteger(value) && value >= 0 && value <= most)) return `has ${field} ${value}`;
  }
  return undefined;
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
