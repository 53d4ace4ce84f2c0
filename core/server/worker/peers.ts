import { Waker } from "../../threads/waker.ts";
import { Mailbox, mailboxBytes, MessageKind, type MessageReader } from "../../threads/mailbox.ts";

/** Memory of all mailboxes between workers together, in words; each has at least the smallest size. */
const ALL_WORDS = 1 << 22;
const LEAST_WORDS = 1 << 12;
const MOST_WORDS = 1 << 17;

/** What the workers of a host need to reach each other. */
export interface PeersInit {
  /** By sender and receiver. A worker's SETs reach each other the same way. */
  readonly mailboxes: readonly (readonly SharedArrayBuffer[])[];
  /** By worker. */
  readonly wakers: readonly SharedArrayBuffer[];
  /** By worker: the number on the host of its first SET. */
  readonly firstSets: readonly number[];
}

/** Makes the mailboxes between so many workers, one for each pair and direction. */
export function makePeerMailboxes(workers: number): SharedArrayBuffer[][] {
  let words = MOST_WORDS;
  while (words > LEAST_WORDS && words * workers * workers > ALL_WORDS) words /= 2;
  return Array.from(
    { length: workers },
    () => Array.from({ length: workers }, () => new SharedArrayBuffer(mailboxBytes(words))),
  );
}

/** The way from one worker's SETs to all SETs of the host: bounded, in order, without a lock. */
export class Peers {
  readonly #inboxes: readonly Mailbox[];
  readonly #outboxes: readonly Mailbox[];
  readonly #wakers: readonly Waker[];
  readonly #firstSets: readonly number[];
  /** By worker: whether something was posted since it was woken. */
  readonly #isWoken: Uint8Array;

  constructor(worker: number, { mailboxes, wakers, firstSets }: PeersInit) {
    this.#inboxes = mailboxes.map((row) => new Mailbox(row[worker]));
    this.#outboxes = mailboxes[worker].map((memory) => new Mailbox(memory));
    this.#wakers = wakers.map((memory) => new Waker(memory));
    this.#firstSets = firstSets;
    this.#isWoken = new Uint8Array(wakers.length).fill(1);
  }

  /** Words to a plugin's instance in any SET; false if that worker's mailbox is full. */
  post(set: number, plugin: number, words: Int32Array, count: number): boolean {
    let worker = this.#firstSets.length - 1;
    while (this.#firstSets[worker] > set) worker--;
    if (!this.#outboxes[worker].post(MessageKind.set, set, plugin, words, count)) return false;
    this.#isWoken[worker] = 0;
    return true;
  }

  /** Wakes everybody who was posted something. */
  wake(): void {
    for (let worker = 0; worker < this.#isWoken.length; worker++) {
      if (this.#isWoken[worker] === 1) continue;
      this.#isWoken[worker] = 1;
      this.#wakers[worker].wake();
    }
  }

  /** Hands over what has come. */
  drain(read: MessageReader): void {
    for (const inbox of this.#inboxes) inbox.drain(read);
  }
}
