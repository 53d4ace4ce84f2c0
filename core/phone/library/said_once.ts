import type { LinkClock } from "./link.ts";

interface Open<T> {
  readonly resolve: (outcome: T) => void;
  readonly cancel: () => void;
}

/** What became of something that was said once, when nobody has answered. */
interface Fates<T> {
  /** There was no connection: it wasn't said. */
  readonly offline: T;
  /** It was said, and no answer came. */
  readonly unknown: T;
}

/**
 * What is said once and never again, since twice would be two: a shake, a chat. Without an answer it ends as unknown;
 * what a shake won nevertheless is told after the next login.
 */
export class SaidOnce<T> {
  readonly #clock: LinkClock;
  readonly #answerMs: number;
  readonly #fates: Fates<T>;
  readonly #open = new Map<number, Open<T>>();
  #lastId: number;

  /** @param firstId what ids count from */
  constructor(clock: LinkClock, answerMs: number, firstId: number, fates: Fates<T>) {
    this.#clock = clock;
    this.#answerMs = answerMs;
    this.#lastId = firstId;
    this.#fates = fates;
  }

  /** Says it; `send` sends it under the id, and returns whether there is a connection. */
  say(send: (requestId: number) => boolean): Promise<T> {
    // 0 is what the server tells by itself.
    const requestId = (this.#lastId + 1) >>> 0 || 1;
    if (!send(requestId)) return Promise.resolve(this.#fates.offline);
    this.#lastId = requestId;
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.#answerMs, () => this.answered(requestId, this.#fates.unknown));
      this.#open.set(requestId, { resolve, cancel });
    });
  }

  /** It has come to this. An answer that nobody waits for any more is left out. */
  answered(requestId: number, outcome: T): void {
    const open = this.#open.get(requestId);
    if (open === undefined) return;
    this.#open.delete(requestId);
    open.cancel();
    open.resolve(outcome);
  }

  /** The connection is lost: nobody answers what was said over it. */
  lost(): void {
    for (const requestId of [...this.#open.keys()]) this.answered(requestId, this.#fates.unknown);
  }
}
