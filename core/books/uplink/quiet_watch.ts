import type { Clock } from "../../base/clock.ts";
import { type LedgerBoard, LedgerState } from "../../ledger/ring/ledger_board.ts";

/**
 * Tells up to which wall time a ledger's thread has nothing under way. Rows are dated when their commit begins and can be
 * read when it is durable; the thread beats before each commit. So whatever was dated before a beat that is followed by
 * another one is durable, or the ledger says that it is in doubt.
 */
export class QuietWatch {
  readonly #board: LedgerBoard;
  readonly #clock: Clock;
  #beat: number | undefined;
  #beatMs = 0;
  #quietMs: number | undefined;

  constructor(board: LedgerBoard, clock: Clock) {
    this.#board = board;
    this.#clock = clock;
  }

  /** Everything dated before this can be read by now; undefined while that isn't known. */
  quietMs(): number | undefined {
    const wallMs = this.#clock.wallMs(); // before the beat is read
    const { heartbeat, state } = this.#board;
    if (state !== LedgerState.awarding) {
      this.#beat = undefined;
      return this.#quietMs;
    }
    if (this.#beat !== undefined && this.#beat !== heartbeat) this.#quietMs = this.#beatMs;
    if (this.#beat !== heartbeat) {
      this.#beat = heartbeat;
      this.#beatMs = wallMs;
    }
    return this.#quietMs;
  }
}
