import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { OnStage } from "../../cli/progress.ts";
import type { Clock } from "../../base/clock.ts";
import { advanceCheckpoint } from "../checkpoint/advance_checkpoint.ts";
import { CHECKPOINT_FILE, CheckpointBroken, CheckpointReader } from "../checkpoint/checkpoint.ts";
import { Projection } from "./projection.ts";
import { lastSeqOf } from "../disk/sqlite_rows.ts";
import { type LedgerSync, TRUTH_FILE } from "../store/sqlite_store.ts";

/** Rows of a bulk at most: several ms of work. */
const MOST_PER_BULK = 5_000;
/** Rows after the last checkpoint that make a new one worth while: a start reads them in about a second. */
const CHECKPOINT_ROWS = 500_000;
/** The same when the host stops, and nobody waits. */
const LAST_CHECKPOINT_ROWS = 10_000;

/** How often the truth's log is moved into its file. */
const EMPTY_LOG_MS = 1_000;

/** What a turn of the projector came to. */
export interface Projected {
  readonly rows: number;
  /** Rows that are left to do. */
  readonly lagRows: number;
  /** How old the oldest row of this turn was when the turn was over, in ms of wall time; 0 without rows. */
  readonly lagMs: number;
}

export interface ProjectorOptions {
  /** As the truth's own. */
  readonly sync?: LedgerSync;
  /** Rows of a bulk at most. */
  readonly mostPerBulk?: number;
  /** So many rows that are in no checkpoint are due for one. */
  readonly checkpointRows?: number;
}

/** Follows the truth at a distance: keeps the projection and the checkpoint up to date. */
export class Projector {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #truth: DatabaseSync;
  readonly #projection: Projection;
  readonly #oldest: StatementSync;
  /** Checkpoints that were written. */
  checkpoints = 0;
  #checkpointSeq: number;
  #checkpointing: Generator<void, number> | undefined;
  readonly #mostPerBulk: number;
  readonly #checkpointRows: number;
  #nextEmptyMs = 0;

  /** @param directory a ledger whose truth exists */
  constructor(
    directory: string,
    clock: Clock,
    { sync = "full", mostPerBulk = MOST_PER_BULK, checkpointRows = CHECKPOINT_ROWS }: ProjectorOptions = {},
  ) {
    this.#mostPerBulk = mostPerBulk;
    this.#checkpointRows = checkpointRows;
    this.#directory = directory;
    this.#clock = clock;
    this.#truth = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
    try {
      this.#truth.exec("pragma busy_timeout = 5000; pragma wal_autocheckpoint = 0");
      this.#truth.exec(`pragma synchronous = ${sync}`);
      this.#oldest = this.#truth.prepare(
        "select at_ms as atMs from entry where seq > ? order by seq limit 1",
      );
      this.#projection = Projection.openOrRebuild(directory, clock.wallMs());
      this.#checkpointSeq = checkpointSeq(this.#checkpointPath);
    } catch (error) {
      this.#truth.close();
      throw error;
    }
  }

  get seq(): number {
    return this.#projection.seq;
  }

  /** How old the oldest row is that isn't in the projection, in ms of wall time; 0 if there is none. */
  lagMs(): number {
    const oldest = this.#oldest.get(this.#projection.seq);
    return oldest === undefined ? 0 : Math.max(0, this.#clock.wallMs() - (oldest.atMs as number));
  }

  /**
   * Adds at most one bulk of rows.
   *
   * @param onPiece called between pieces of a few ms of work
   */
  turn(onPiece: () => void = () => {}): Projected {
    const oldest = this.#oldest.get(this.#projection.seq);
    if (oldest === undefined) return { rows: 0, lagRows: 0, lagMs: 0 };
    const rows = this.#projection.apply(this.#mostPerBulk, onPiece);
    const lagMs = Math.max(0, this.#clock.wallMs() - (oldest.atMs as number));
    return { rows, lagRows: lastSeqOf(this.#truth) - this.#projection.seq, lagMs };
  }

  /**
   * Does a piece of what can wait until there is time: merges runs, writes a checkpoint if one is due. Returns whether
   * there was anything to do.
   */
  tidy(): boolean {
    if (this.#checkpointing === undefined) {
      if (this.#projection.merge()) return true;
      if (this.#projection.seq - this.#checkpointSeq < this.#checkpointRows) return false;
      this.#checkpointing = advanceCheckpoint(this.#directory, this.#truth, this.#clock.wallMs());
    }
    const step = this.#checkpointing.next();
    if (!step.done) return true;
    this.#checkpointing = undefined;
    this.#checkpointSeq = step.value;
    this.checkpoints++;
    return true;
  }

  /**
   * Moves what the truth's log holds into its file, once a second. It waits for nobody and holds up nobody: a commit that
   * does it would make its winners wait for two more syncs.
   */
  emptyLog(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#nextEmptyMs) return;
    this.#nextEmptyMs = nowMs + EMPTY_LOG_MS;
    this.#truth.exec("pragma wal_checkpoint(passive)");
  }

  /** Nobody will add rows: writes a checkpoint if it would save the next start some time. */
  finish(): void {
    if (this.#projection.seq - this.#checkpointSeq >= LAST_CHECKPOINT_ROWS) this.writeCheckpoint();
  }

  /** Writes a checkpoint of all rows that are durable now. */
  writeCheckpoint(): void {
    this.#stopCheckpoint();
    const writing = advanceCheckpoint(this.#directory, this.#truth, this.#clock.wallMs());
    for (;;) {
      const step = writing.next();
      if (!step.done) continue;
      this.#checkpointSeq = step.value;
      this.checkpoints++;
      return;
    }
  }

  close(): void {
    this.#stopCheckpoint();
    this.#projection.close();
    this.#truth.close();
  }

  /** Closes its files; the checkpoint that was there is still there. */
  #stopCheckpoint(): void {
    this.#checkpointing?.return(0);
    this.#checkpointing = undefined;
  }

  get #checkpointPath(): string {
    return `${this.#directory}/${CHECKPOINT_FILE}`;
  }
}

/** Brings projection and checkpoint up to the last row of a ledger that nobody writes to. Returns that row. */
export function catchUp(directory: string, clock: Clock, onStage: OnStage = () => {}): number {
  const projector = new Projector(directory, clock);
  try {
    let done = 0;
    for (;;) {
      const { rows, lagRows } = projector.turn();
      if (rows === 0) break;
      done += rows;
      onStage(directory, rows, done + lagRows, "rows");
    }
    while (projector.tidy());
    if (projector.checkpoints === 0) projector.writeCheckpoint();
    return projector.seq;
  } finally {
    projector.close();
  }
}

/** How far the checkpoint on disk reaches; 0 if there is none that can be read. */
function checkpointSeq(path: string): number {
  try {
    const reader = CheckpointReader.open(path);
    reader?.close();
    return reader?.head.seq ?? 0;
  } catch (error) {
    if (error instanceof CheckpointBroken) return 0;
    throw error;
  }
}
