import { AcceptMode } from "../../engine/common/engine.ts";

const OPEN = 0;
const CAPACITY = 1;
const HEARTBEAT = 2;
const WORDS = 3;
/** Behind the rows: what the host takes, each plus 1; 0 for no limit. */
const ACCEPTS_PER_S = 0;
const MOST_OPEN = 1;
const IS_LEAVING = 2;
const LIMITS = 3;

/** How many more connections a worker may hold than the least loaded one before it leaves peers to the others. */
const MOST_AHEAD = 256;

/** Bytes of shared memory for a board of so many workers. */
export function boardBytes(workers: number): number {
  return (workers * WORDS + LIMITS) * 4;
}

/**
 * What the workers of a host know of each other: how many connections each has and can have, and that it is alive. Each
 * writes its own row. A reading may be a pass old; that only makes the balance a little uneven.
 */
export class HostBoard {
  readonly #rows: Int32Array;
  readonly #limits: Int32Array;
  readonly #workers: number;

  constructor(memory: SharedArrayBuffer) {
    const words = new Int32Array(memory);
    this.#workers = (words.length - LIMITS) / WORDS;
    this.#rows = words.subarray(0, this.#workers * WORDS);
    this.#limits = words.subarray(this.#workers * WORDS);
  }

  /** The main thread: peers a second that the host takes, and connections in all; `Infinity` for no limit. */
  limitAccepts(perS: number, connections: number): void {
    Atomics.store(this.#limits, ACCEPTS_PER_S, perS === Infinity ? 0 : perS + 1);
    Atomics.store(this.#limits, MOST_OPEN, connections === Infinity ? 0 : connections + 1);
  }

  /** The main thread: from now on whoever comes is turned away, since the host's users are moved elsewhere. */
  leave(): void {
    Atomics.store(this.#limits, IS_LEAVING, 1);
  }

  get isLeaving(): boolean {
    return Atomics.load(this.#limits, IS_LEAVING) === 1;
  }

  /** A worker's part of the peers a second that the host takes. */
  get acceptsPerS(): number {
    const perS = Atomics.load(this.#limits, ACCEPTS_PER_S) - 1;
    return perS < 0 ? Infinity : perS / this.#workers;
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
    if (this.#isAtCap || this.isLeaving) return AcceptMode.refuse;
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

  /** Whether whoever comes now is turned away. */
  get isFull(): boolean {
    return this.#isAtCap || this.open >= this.capacity;
  }

  get #isAtCap(): boolean {
    const most = Atomics.load(this.#limits, MOST_OPEN) - 1;
    return most >= 0 && this.open >= most;
  }

  #sum(word: number): number {
    let sum = 0;
    for (let i = 0; i < this.#workers; i++) sum += Atomics.load(this.#rows, i * WORDS + word);
    return sum;
  }
}
