import { UserError } from "../../base/user_error.ts";
import type { AccessInit, AccessNotice } from "../worker/access_worker.ts";
import type { HostBoard } from "../worker/host_board.ts";
import type { WorkerLink } from "../worker/worker_link.ts";

/** A worker whose loop hasn't turned for so long is dead. */
const HEARTBEAT_LIMIT_MS = 5_000;

/** One worker thread, from the main thread's side: how it starts and ends, and whether it is alive. */
export class AccessThread {
  readonly link: WorkerLink;
  /** Every winner has been answered, and the thread has ended. */
  isDrained = false;
  isStopped = false;
  readonly #thread: Worker;
  #heartbeat = 0;
  #aliveAtMs = Infinity;

  /** @param thread just started */
  constructor(thread: Worker, link: WorkerLink) {
    this.#thread = thread;
    this.link = link;
  }

  /**
   * Sends the thread on its way.
   *
   * @param onStopped called when it has ended by its own order
   * @returns the port that it listens on, once it does
   * @throws UserError if the address can't be had
   */
  start(init: AccessInit, onStopped: () => void): Promise<number> {
    this.#thread.postMessage(init);
    return new Promise((resolve, reject) => {
      this.#thread.onmessage = ({ data }: MessageEvent<AccessNotice>) => {
        if (data.type === "listening") resolve(data.port);
        else if (data.type === "refused") reject(new UserError(data.message));
        else {
          this.isStopped = true;
          onStopped();
        }
      };
    });
  }

  /** How long its loop hasn't turned, in ms, if that is too long; undefined if it is alive. */
  silentMs(board: HostBoard, worker: number, nowMs: number): number | undefined {
    const heartbeat = board.heartbeat(worker);
    if (heartbeat !== this.#heartbeat || this.isStopped || this.#aliveAtMs === Infinity) {
      this.#heartbeat = heartbeat;
      this.#aliveAtMs = nowMs;
    }
    const silentMs = nowMs - this.#aliveAtMs;
    return silentMs > HEARTBEAT_LIMIT_MS ? silentMs : undefined;
  }
}
