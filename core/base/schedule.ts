/** What happens at a virtual time. */
interface Entry {
  readonly timeMs: number;
  /** Counts up, so that what is due at the same time happens in the order in which it was planned. */
  readonly order: number;
  readonly action: () => void;
}

/** What is to happen at its time, earliest first: a binary heap, the same on every run. */
export class Schedule {
  readonly #heap: Entry[] = [];
  #order = 0;

  /** When the next action is due, `Infinity` if there is none. */
  get nextMs(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0].timeMs;
  }

  add(timeMs: number, action: () => void): void {
    const heap = this.#heap;
    const entry = { timeMs, order: this.#order++, action };
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent], entry)) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  /** Removes the earliest action if it is due, and gives it. */
  takeDue(nowMs: number): (() => void) | undefined {
    const heap = this.#heap;
    if (this.nextMs > nowMs) return undefined;
    const { action } = heap[0];
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return action;
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (isBefore(entry, heap[child])) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.timeMs !== b.timeMs ? a.timeMs < b.timeMs : a.order < b.order;
}
