import { GREETING_WORDS, ShakeMessage } from "../common/messages.ts";

/** Greetings that a SET may give away: a count of each, since one is like the other. Giving one away allocates nothing. */
export class LeasedGreetings {
  /** How many are in hand. */
  left = 0;
  /** By greeting: in hand, given away since the last report, and what it is. */
  #counts = new Uint32Array(0);
  #given = new Uint32Array(0);
  #sponsors = new Uint16Array(0);
  #resources = new Uint32Array(0);
  /** The one that is being given away. */
  #current = 0;

  /** Takes what the host has leased. */
  take(words: Int32Array, at: number, count: number): void {
    for (let i = at + 1; i < at + count; i += GREETING_WORDS) {
      const greeting = words[i] & 0xffff;
      if (greeting >= this.#counts.length) this.#grow(greeting + 1);
      this.#sponsors[greeting] = words[i] >>> 16;
      this.#resources[greeting] = words[i + 1];
      this.#counts[greeting] += words[i + 2];
      this.left += words[i + 2];
      this.#current = greeting;
    }
  }

  /** Gives one away; only if there is one. Returns which. */
  give(): number {
    while (this.#counts[this.#current] === 0) {
      this.#current = this.#current + 1 === this.#counts.length ? 0 : this.#current + 1;
    }
    this.#counts[this.#current]--;
    this.#given[this.#current]++;
    this.left--;
    return this.#current;
  }

  sponsorOf(greeting: number): number {
    return this.#sponsors[greeting];
  }

  resourceOf(greeting: number): number {
    return this.#resources[greeting];
  }

  /** Writes what was given away and what is in hand as a message to the host. Returns its words, 0 if there is nothing. */
  report(words: Int32Array): number {
    let size = 1;
    for (let greeting = 0; greeting < this.#counts.length; greeting++) {
      if (this.#counts[greeting] === 0 && this.#given[greeting] === 0) continue;
      words[size] = greeting;
      words[size + 1] = this.#given[greeting];
      words[size + 2] = this.#counts[greeting];
      size += GREETING_WORDS;
    }
    words[0] = ShakeMessage.giveBackGreetings;
    return size === 1 ? 0 : size;
  }

  /** The host has been told: nothing is left here. */
  clear(): void {
    this.#counts.fill(0);
    this.#given.fill(0);
    this.left = 0;
  }

  #grow(length: number): void {
    const longer = <T extends Uint32Array | Uint16Array>(old: T, grown: T): T => {
      grown.set(old);
      return grown;
    };
    this.#counts = longer(this.#counts, new Uint32Array(length));
    this.#given = longer(this.#given, new Uint32Array(length));
    this.#sponsors = longer(this.#sponsors, new Uint16Array(length));
    this.#resources = longer(this.#resources, new Uint32Array(length));
  }
}
