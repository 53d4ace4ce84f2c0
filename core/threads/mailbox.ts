import { assert } from "../base/assert.ts";

const READ = 0;
const WRITTEN = 1;
const HEADER_WORDS = 2;
/** Words in front of every message: its length with these, kind, SET, plugin. */
const PREFIX_WORDS = 4;

/** What a message is about. */
export const MessageKind = {
  /** A JSON control message, for the loop itself. */
  control: 1,
  /** Words of a plugin's own meaning, for its instance in a SET, or from there for its half on the main thread. */
  plugin: 2,
  /** The same from an instance in a SET for one in another. */
  set: 3,
} as const;

/** Called once a message; `words[at, at + count)` is valid until it returns. */
export type MessageReader = (
  kind: number,
  set: number,
  plugin: number,
  words: Int32Array,
  at: number,
  count: number,
) => void;

/** Bytes of shared memory for a mailbox of so many 32-bit words. */
export function mailboxBytes(capacityWords: number): number {
  return (HEADER_WORDS + capacityWords) * 4;
}

/**
 * A bounded queue of messages from one thread to one other, in shared memory. The capacity is a power of two. A message
 * never wraps around the end: when it would, a filler takes the rest.
 */
export class Mailbox {
  readonly #head: Int32Array;
  readonly #words: Int32Array;
  readonly #mask: number;

  constructor(memory: SharedArrayBuffer) {
    this.#head = new Int32Array(memory, 0, HEADER_WORDS);
    this.#words = new Int32Array(memory, HEADER_WORDS * 4);
    this.#mask = this.#words.length - 1;
    assert((this.#words.length & this.#mask) === 0, "a mailbox's capacity is a power of two");
  }

  /**
   * Writer: appends a message of `count` words from `words`. Wake the reader afterwards.
   *
   * @param spare words that must stay free, for messages that matter more
   * @returns false if the mailbox is full; nothing was written then
   */
  post(kind: number, set: number, plugin: number, words: Int32Array, count: number, spare = 0): boolean {
    const size = PREFIX_WORDS + count;
    assert(size <= this.#words.length >> 1, "a message takes at most half of its mailbox");
    let written = this.#head[WRITTEN];
    const free = this.#words.length - ((written - Atomics.load(this.#head, READ)) >>> 0);
    const at = written & this.#mask;
    const untilEnd = this.#words.length - at;
    const filler = untilEnd < size ? untilEnd : 0;
    if (free < size + filler + spare) return false;
    if (filler > 0) {
      this.#words[at] = -filler;
      written = (written + filler) | 0;
    }
    const start = written & this.#mask;
    this.#words[start] = size;
    this.#words[start + 1] = kind;
    this.#words[start + 2] = set;
    this.#words[start + 3] = plugin;
    for (let i = 0; i < count; i++) this.#words[start + PREFIX_WORDS + i] = words[i];
    Atomics.store(this.#head, WRITTEN, (written + size) | 0);
    return true;
  }

  /** Reader: hands every waiting message to `read`, oldest first. Returns how many. */
  drain(read: MessageReader): number {
    const written = Atomics.load(this.#head, WRITTEN);
    let position = this.#head[READ];
    if (position === written) return 0;
    let messages = 0;
    while (position !== written) {
      const at = position & this.#mask;
      const size = this.#words[at];
      if (size < 0) {
        position = (position - size) | 0;
        continue;
      }
      const kind = this.#words[at + 1];
      read(
        kind,
        this.#words[at + 2],
        this.#words[at + 3],
        this.#words,
        at + PREFIX_WORDS,
        size - PREFIX_WORDS,
      );
      position = (position + size) | 0;
      messages++;
      Atomics.store(this.#head, READ, position);
    }
    Atomics.store(this.#head, READ, position);
    return messages;
  }
}

/** A control message as words, for {@linkcode Mailbox.post}. */
export function encodeControl(message: unknown): Int32Array {
  const text = new TextEncoder().encode(JSON.stringify(message));
  const words = new Int32Array(1 + Math.ceil(text.length / 4));
  words[0] = text.length;
  new Uint8Array(words.buffer, 4).set(text);
  return words;
}

/** The inverse of {@linkcode encodeControl}, from a mailbox's words. */
export function decodeControl(words: Int32Array, at: number): unknown {
  // Copied first: TextDecoder refuses shared memory.
  const text = new Uint8Array(words[at]);
  text.set(new Uint8Array(words.buffer, words.byteOffset + (at + 1) * 4, words[at]));
  return JSON.parse(new TextDecoder().decode(text));
}
