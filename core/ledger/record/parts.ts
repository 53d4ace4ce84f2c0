import { PAYLOAD_AT, PAYLOAD_WORDS } from "./entry.ts";
import { MOST_BODY_WORDS } from "./send_body.ts";

/** Words that came in parts and wait for the entry they belong to; each ring has its own. */
export class Parts {
  readonly #waiting = new Map<Int32Array, number[]>();

  /** Takes the part at `words[at]` of a ring. */
  add(words: Int32Array, at: number): void {
    let waiting = this.#waiting.get(words);
    if (waiting === undefined) this.#waiting.set(words, waiting = []);
    // Too many can't make a whole: what is left out makes the entry malformed.
    if (waiting.length >= MOST_BODY_WORDS) return;
    for (let i = 0; i < PAYLOAD_WORDS; i++) waiting.push(words[at + PAYLOAD_AT + i]);
  }

  /** The words in front of the next entry of a ring. */
  take(words: Int32Array): Uint32Array {
    const waiting = this.#waiting.get(words);
    if (waiting === undefined || waiting.length === 0) return NO_WORDS;
    return Uint32Array.from(waiting.splice(0), (word) => word >>> 0);
  }
}

const NO_WORDS = new Uint32Array();
