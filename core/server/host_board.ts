import { AcceptMode } from "../engine/engine.ts";

const OPEN = 0;
const CAPACITY = 1;
const HEARTBEAT = 2;
const WORDS = 3;

/** How many more connections a worker may hold than the least loaded one before it leaves peers to the others. */
const MOST_AHEAD = 256;

/** Bytes of shared memory for a board of so many workers. */
export function boardBytes(workers: number): number {
  return workers * WORDS * 4;
}

/**
 * What the workers of a host know of each other: how many connections each has and can have, and that it is alive. Each
 * writes its own row. A reading may be a pass old; that only makes the balance a little uneven.
 */
export class HostBoard {
  readonly #rows: Int32Array;
  readonly #workers: number;

  constructor(memory: SharedArrayBuffer) {
    this.#rows = new Int32Array(memory);
    this.#workers = this.#rows.length / WORDS;
  }

  /** A worker: says what it has, and that its loop goes on. */
  update(worker: number, open: number, capacity: number): void {
    const at = worker * WORDS;
    Atomics.store(this.#rows, at + OPEN, open);
    Atomics.store(this.#rows, at + CAPACITY, capacity);
    Atomics.add(this.#rows, at + HEARTBEAT, 1);
  }

  /** Changes whenever the worker's loop has turned. */
  heartbeat(worker: number): number {
    return Atomics.load(this.#rows, worker * WORDS + HEARTBEAT);
  }

  /** Connections of all workers. */
  get open(): number {
    return this.#sum(OPEN);
  }

  /** Connections that all workers can hold. */
  get capacity(): number {
    return this.#sum(CAPACITY);
  }

  /**
   * What a worker does with peers that knock. It takes them unless others with room have far fewer; a full worker leaves
   * them to the others; when nobody has room, they are turned away in good order.
   */
  acceptMode(worker: number): AcceptMode {
    let leastOpen = Infinity;
    for (let i = 0; i < this.#workers; i++) {
      const open = Atomics.load(this.#rows, i * WORDS + OPEN);
      if (open < Atomics.load(this.#rows, i * WORDS + CAPACITY)) leastOpen = Math.min(leastOpen, open);
    }
    if (leastOpen === Infinity) return AcceptMode.refuse;
    const mine = Atomics.load(this.#rows, worker * WORDS + OPEN);
    const isFull = mine >= Atomics.load(this.#rows, worker * WORDS + CAPACITY);
    return isFull || mine > leastOpen + MOST_AHEAD ? AcceptMode.paused : AcceptMode.open;
  }

  #sum(word: number): number {
    let sum = 0;
    for (let i = 0; i < this.#workers; i++) sum += Atomics.load(this.#rows, i * WORDS + word);
    return sum;
  }
}
