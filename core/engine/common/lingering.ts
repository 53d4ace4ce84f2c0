/**
 * Connections that this side has closed and how long they may take to end, oldest first. All have the same time, so a
 * queue does for a schedule; one that ended earlier stays in it and is told apart by its generation.
 */
export class Lingering {
  readonly #lingerMs: number;
  readonly #generation: Int32Array;
  readonly #waiting: { connection: number; generation: number; untilMs: number }[] = [];
  #head = 0;

  /** @param generation the engine's column, by connection */
  constructor(lingerMs: number, generation: Int32Array) {
    this.#lingerMs = lingerMs;
    this.#generation = generation;
  }

  /** Monotonic time at which the oldest is over, `Infinity` if none waits. */
  get nextMs(): number {
    this.#skipGone();
    return this.#head < this.#waiting.length ? this.#waiting[this.#head].untilMs : Infinity;
  }

  add(connection: number, nowMs: number): void {
    const untilMs = nowMs + this.#lingerMs;
    this.#waiting.push({ connection, generation: this.#generation[connection], untilMs });
  }

  /** Takes one connection whose time is over out of the queue; -1 if there is none. */
  takeOver(nowMs: number): number {
    return this.nextMs <= nowMs ? this.#waiting[this.#head++].connection : -1;
  }

  #skipGone(): void {
    while (this.#head < this.#waiting.length) {
      const { connection, generation } = this.#waiting[this.#head];
      if (this.#generation[connection] === generation) break;
      this.#head++;
    }
    if (this.#head < 1024 && this.#head < this.#waiting.length) return;
    this.#waiting.splice(0, this.#head);
    this.#head = 0;
  }
}
