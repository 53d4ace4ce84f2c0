import type { SetContext } from "../../../core/plugin/plugin.ts";
import { MOST_MESSAGE_WORDS } from "../common/messages.ts";

/** One that waits for an answer: a connection of some SET. */
export interface Asker {
  readonly set: number;
  readonly connection: number;
  readonly generation: number;
}

/** Sends messages to SETs. What must not be lost waits here, in order, while a mailbox is full. */
export class ReliableSender {
  readonly #set: SetContext;
  readonly #words = new Int32Array(MOST_MESSAGE_WORDS);
  /** SET and words. As many as users wait for an answer, or have come or gone while a mailbox was full. */
  #waiting: { readonly set: number; readonly words: readonly number[] }[] = [];

  constructor(set: SetContext) {
    this.#set = set;
  }

  /** Whether something waits for room. */
  get isBehind(): boolean {
    return this.#waiting.length > 0;
  }

  /** False if the mailbox is full. */
  try(set: number, words: readonly number[]): boolean {
    for (let i = 0; i < words.length; i++) this.#words[i] = words[i];
    return this.#set.postToSet(set, this.#words, words.length);
  }

  /** Now, or as soon as there is room. */
  surely(set: number, words: readonly number[], nowMs: number): void {
    if (this.#waiting.length === 0 && this.try(set, words)) return;
    this.#waiting.push({ set, words });
    this.#set.tickAt(nowMs + 1);
  }

  /** Sends what waits, as far as there is room. */
  retry(): void {
    let sent = 0;
    while (sent < this.#waiting.length && this.try(this.#waiting[sent].set, this.#waiting[sent].words)) {
      sent++;
    }
    if (sent > 0) this.#waiting = this.#waiting.slice(sent);
  }
}
