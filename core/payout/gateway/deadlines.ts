import { every } from "../../base/clock.ts";

/** A time limit is kept to an eighth of itself. */
const PARTS = 8;

/**
 * One time limit for many calls: a timer of their own would cost as much as the call. A limit ends an eighth of itself
 * late at most, never early.
 */
export class Deadlines {
  readonly #limitMs: number;
  /** What begins now, and what began before, the newest first. */
  #parts: Set<() => void>[] = [new Set()];
  #size = 0;
  #endLooking: (() => void) | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Calls back once the limit is over, unless what is returned is called before. */
  begin(onLate: () => void): () => void {
    const part = this.#parts[0];
    part.add(onLate);
    this.#size++;
    this.#endLooking ??= every(this.#limitMs / PARTS, () => this.#look());
    return () => {
      if (part.delete(onLate)) this.#left();
    };
  }

  #look(): void {
    this.#parts.unshift(new Set());
    if (this.#parts.length <= PARTS + 1) return;
    for (const onLate of this.#parts.pop()!) {
      this.#left();
      onLate();
    }
  }

  /** Without anybody to look for nothing keeps the process alive. */
  #left(): void {
    if (--this.#size > 0) return;
    this.#endLooking?.();
    this.#endLooking = undefined;
  }
}
