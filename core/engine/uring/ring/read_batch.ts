import { assert } from "../../../base/assert.ts";
import { LARGE_POOL } from "./buffers.ts";
import type { UringRing } from "./ring.ts";
import type { Rings } from "./rings.ts";
import { Kind, kindOf } from "./user_data.ts";

/** Reads of one batch, and how many bytes one takes at most. */
export const MOST_READS = 32;
export const READ_BYTES = LARGE_POOL.bytes;
/** From one place to the next: a little more, since lines at the same place of their pages push each other out. */
const STRIDE_BYTES = READ_BYTES + 64;
/** Where all reads of a batch put what they find. */
export const READS_BYTES = MOST_READS * STRIDE_BYTES;

/** No result of a receive. */
const UNANSWERED = 0x7fff_ffff;

/**
 * Receives of the engine's own choice, many with one enter. None of them waits, so all are answered when the enter
 * returns: reading is as plain as with a system call a connection.
 */
export class ReadBatch {
  size = 0;
  /** By place in the batch: whom it is about, what was told of it, and since when it was left unread; see `ReadControl`. */
  readonly connection = new Int32Array(MOST_READS);
  readonly events = new Int32Array(MOST_READS);
  readonly leftMs = new Float64Array(MOST_READS);
  readonly lastLeftMs = new Float64Array(MOST_READS);
  /** What each read came to: bytes, or a negative errno. */
  readonly results = new Int32Array(MOST_READS);
  readonly #rings: Rings;
  #isReading = false;

  constructor(rings: Rings) {
    this.#rings = rings;
  }

  get isFull(): boolean {
    return this.size === MOST_READS;
  }

  add(connection: number, events: number, leftMs: number, lastLeftMs: number): void {
    const place = this.size++;
    this.connection[place] = connection;
    this.events[place] = events;
    this.leftMs[place] = leftMs;
    this.lastLeftMs[place] = lastLeftMs;
  }

  /** Where in the engine's input area a place's bytes lie. */
  startOf(place: number): number {
    return this.#rings.readsStart + place * STRIDE_BYTES;
  }

  /** Reads from all, and fills `results`. */
  read(): void {
    const { input, readsStart } = this.#rings;
    this.results.fill(UNANSWERED, 0, this.size);
    this.#isReading = true;
    for (let place = 0; place < this.size; place++) {
      const connection = this.connection[place];
      const address = input.address + readsStart + place * STRIDE_BYTES;
      this.#rings.to(connection).read(connection, address, READ_BYTES, place);
    }
    this.#rings.submitAll();
    this.#isReading = false;
    for (let place = 0; place < this.size; place++) {
      assert(this.results[place] !== UNANSWERED, "a read that may not wait is answered at once");
    }
  }

  /** Takes the answers among the completions that an enter brought. */
  takeResults(ring: UringRing): void {
    if (!this.#isReading) return;
    const { words, fresh, tail, mask } = ring.completions;
    for (let i = fresh; i !== tail; i = (i + 1) | 0) {
      const at = (i & mask) << 2;
      if (kindOf(words[at]) === Kind.read) this.results[words[at + 1]] = words[at + 2];
    }
  }
}
