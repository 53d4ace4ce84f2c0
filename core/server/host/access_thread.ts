import { assert } from "../../base/assert.ts";
import { UserError } from "../../base/user_error.ts";
import { ledgerRingBytes } from "../../ledger/ring/ledger_ring.ts";
import { Waker } from "../../threads/waker.ts";
import {
  encodeControl,
  Mailbox,
  mailboxBytes,
  MessageKind,
  type MessageReader,
} from "../../threads/mailbox.ts";
import type { WorkerOrder } from "../worker/access_loop.ts";
import type { AccessInit, AccessNotice } from "../worker/access_worker.ts";
import type { HostBoard } from "../worker/host_board.ts";

const MAILBOX_WORDS = 1 << 16;
/** Room in a mailbox that only orders may use. */
const ORDER_WORDS = 1 << 12;
const RING_ENTRIES = 1 << 14;
/** A worker whose loop hasn't turned for so long is dead. */
const HEARTBEAT_LIMIT_MS = 5_000;

/** What a worker is started with, besides the memories that it shares with this thread alone. */
export type AccessPlan = Omit<AccessInit, "inbox" | "outbox" | "waker" | "ring">;

/** One worker thread, from the main thread's side: what it is told, what it says, and whether it is alive. */
export class AccessThread {
  /** Its ring to the ledger, and the waker that wakes it: the ledger thread needs both. */
  readonly ring = new SharedArrayBuffer(ledgerRingBytes(RING_ENTRIES));
  readonly waker = new Waker();
  /** Every winner has been answered, and the thread has ended. */
  isDrained = false;
  isStopped = false;

  readonly #thread: Worker;
  readonly #inboxMemory = new SharedArrayBuffer(mailboxBytes(MAILBOX_WORDS));
  readonly #outboxMemory = new SharedArrayBuffer(mailboxBytes(MAILBOX_WORDS));
  readonly #inbox = new Mailbox(this.#inboxMemory);
  readonly #outbox = new Mailbox(this.#outboxMemory);
  #plan: AccessPlan | undefined;
  #heartbeat = 0;
  #aliveAtMs = Infinity;

  /** @param thread just started */
  constructor(thread: Worker) {
    this.#thread = thread;
  }

  /**
   * Sends the thread on its way.
   *
   * @param onStopped called when it has ended by its own order
   * @returns the port that it listens on, once it does
   * @throws UserError if the address can't be had
   */
  start(plan: AccessPlan, onStopped: () => void): Promise<number> {
    this.#plan = plan;
    const init: AccessInit = {
      ...plan,
      inbox: this.#inboxMemory,
      outbox: this.#outboxMemory,
      waker: this.waker.words.buffer,
      ring: this.ring,
    };
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

  /** Whether a SET of the host is one of this worker's. */
  hasSet(set: number): boolean {
    const { firstSet, sets } = this.#plan!;
    return set >= firstSet && set < firstSet + sets;
  }

  order(order: WorkerOrder): void {
    const words = encodeControl(order);
    const isPosted = this.#inbox.post(MessageKind.control, 0, 0, words, words.length);
    assert(isPosted, "a worker's mailbox has room for an order");
    this.waker.wake();
  }

  /** Words to a plugin's instance in one of its SETs; false if the mailbox is full. */
  post(set: number, plugin: number, words: Int32Array, count: number): boolean {
    const isPosted = this.#inbox.post(MessageKind.plugin, set, plugin, words, count, ORDER_WORDS);
    if (isPosted) this.waker.wake();
    return isPosted;
  }

  /** Reads what it has said. */
  drain(read: MessageReader): void {
    this.#outbox.drain(read);
  }

  /** How long its loop hasn't turned, in ms, if that is too long; undefined if it is alive. */
  silentMs(board: HostBoard, nowMs: number): number | undefined {
    const heartbeat = board.heartbeat(this.#plan!.worker);
    if (heartbeat !== this.#heartbeat || this.isStopped || this.#aliveAtMs === Infinity) {
      this.#heartbeat = heartbeat;
      this.#aliveAtMs = nowMs;
    }
    const silentMs = nowMs - this.#aliveAtMs;
    return silentMs > HEARTBEAT_LIMIT_MS ? silentMs : undefined;
  }
}
