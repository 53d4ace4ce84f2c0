import { type DurableTime, durableTime } from "../../core/ledger/record/durable_time.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { EntryRows, ROW_FIELDS, RowField } from "../../core/ledger/record/entry_rows.ts";
import { type EntryStore, StoreFailed } from "../../core/ledger/disk/entry_store.ts";
import type { Random } from "../../core/base/random.ts";

/** The process ends in the middle of a commit. */
export class SimKilled extends Error {
  override name = "SimKilled";
}

/** How likely each thing is, by commit or attempt to open again. */
export interface SimStoreFaults {
  /** The commit fails: before anything is durable, or after everything is. */
  readonly fail: number;
  /** The process dies in it: before or after. */
  readonly kill: number;
  /** It can't be opened again yet. */
  readonly stayBroken: number;
}

export const NO_FAULTS: SimStoreFaults = { fail: 0, kill: 0, stayBroken: 0 };

/** A disk in memory that outlives the simulated processes, fails, and kills them. */
export class SimStore implements EntryStore {
  hostNumber = 0;
  faults: SimStoreFaults = NO_FAULTS;
  /** Packets that have ended can't be read now. */
  isUnreadable = false;
  readonly #random: Random;
  /** What is durable. */
  readonly rows: number[][] = [];
  readonly bodies = new Map<number, Uint32Array>();
  readonly endedWords = new Map<number, Uint32Array>();
  readonly #delivered: Uint32Array[] = [];
  /** Counts of faults that happened, so that a test knows that it tested something. */
  failures = 0;
  kills = 0;
  #isBroken = false;

  constructor(random: Random) {
    this.#random = random;
  }

  lastSeq(): number {
    return this.rows.length;
  }

  durableTime(): DurableTime | undefined {
    const last = this.rows.at(-1);
    const note = this.rows.findLast((row) => row[RowField.kind] === EntryKind.time);
    return last && durableTime(
      last[RowField.atMs],
      note && { atMs: note[RowField.atMs], body: this.bodies.get(note[RowField.seq])! },
    );
  }

  /** It keeps no chain: it is never opened with a checkpoint. */
  headAt(): string | undefined {
    return undefined;
  }

  append(rows: EntryRows, delivered: Uint32Array): void {
    if (this.#isBroken) throw new StoreFailed("it must be opened again first");
    const { fail, kill } = this.faults;
    const dies = this.#random.float() < kill;
    const fails = !dies && this.#random.float() < fail;
    const isDurable = !(dies || fails) || this.#random.below(2) === 0;
    if (isDurable) this.#keep(rows, delivered);
    if (dies) {
      this.kills++;
      throw new SimKilled();
    }
    if (!fails) return;
    this.failures++;
    this.#isBroken = true;
    throw new StoreFailed("simulated");
  }

  reopen(): void {
    if (this.#random.float() < this.faults.stayBroken) throw new StoreFailed("still broken");
    this.#isBroken = false;
  }

  read(afterSeq: number, take: (rows: EntryRows) => void): void {
    this.#take(this.rows.slice(afterSeq), take);
  }

  ended(packetId: number): Uint32Array | undefined {
    if (this.isUnreadable) throw new StoreFailed("simulated");
    return this.endedWords.get(packetId);
  }

  readDelivered(afterMark: number, take: (words: Uint32Array) => void): number {
    this.#delivered.slice(afterMark).forEach(take);
    return this.#delivered.length;
  }

  close(): void {
    this.#isBroken = false;
  }

  #take(rows: readonly number[][], take: (rows: EntryRows) => void): void {
    const block = new EntryRows();
    for (const row of rows) {
      const at = block.next();
      block.values.set(row, at);
      const body = this.bodies.get(row[RowField.seq]);
      if (body !== undefined) block.bodies.set(row[RowField.seq], body);
    }
    if (block.count > 0) take(block);
  }

  #keep({ values, count, bodies, ended }: EntryRows, delivered: Uint32Array): void {
    for (const [seq, body] of bodies) this.bodies.set(seq, body.slice());
    for (const [packetId, { words }] of ended) this.endedWords.set(packetId, words.slice());
    for (let row = 0; row < count; row++) {
      this.rows.push([...values.subarray(row * ROW_FIELDS, (row + 1) * ROW_FIELDS)]);
    }
    if (delivered.length > 0) this.#delivered.push(delivered.slice());
  }
}
