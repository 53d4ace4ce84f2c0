import { assert } from "../../base/assert.ts";
import { holdingsBytes } from "../../ledger/ring/holdings_board.ts";
import { ledgerRingBytes } from "../../ledger/ring/ledger_ring.ts";
import {
  encodeControl,
  Mailbox,
  mailboxBytes,
  MessageKind,
  type MessageReader,
} from "../../threads/mailbox.ts";
import { Waker } from "../../threads/waker.ts";
import type { WorkerOrder } from "./access_loop.ts";

/** Room in a mailbox that only orders may use. */
const ORDER_WORDS = 1 << 12;

/** Memory that a worker shares with the main thread alone, and its ring to the ledger. */
export interface LinkMemory {
  readonly inbox: SharedArrayBuffer;
  readonly outbox: SharedArrayBuffer;
  readonly waker: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
  /** What users have won, beside the ring; undefined if they get no passes. */
  readonly holdings: SharedArrayBuffer | undefined;
}

/** How large each of them is. */
export interface LinkSizes {
  readonly mailboxWords: number;
  readonly ringEntries: number;
}

/** The main thread's end of what it shares with one worker. */
export class WorkerLink {
  readonly memory: LinkMemory;
  readonly waker = new Waker();
  readonly #inbox: Mailbox;
  readonly #outbox: Mailbox;

  constructor({ mailboxWords, ringEntries }: LinkSizes, hasPasses: boolean) {
    const bytes = mailboxBytes(mailboxWords);
    this.memory = {
      inbox: new SharedArrayBuffer(bytes),
      outbox: new SharedArrayBuffer(bytes),
      waker: this.waker.words.buffer,
      ring: new SharedArrayBuffer(ledgerRingBytes(ringEntries)),
      holdings: hasPasses ? new SharedArrayBuffer(holdingsBytes(ringEntries)) : undefined,
    };
    this.#inbox = new Mailbox(this.memory.inbox);
    this.#outbox = new Mailbox(this.memory.outbox);
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

  /** Reads what the worker has said. */
  drain(read: MessageReader): void {
    this.#outbox.drain(read);
  }
}
