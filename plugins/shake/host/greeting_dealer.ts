import { assert, type Greeting, type HostContext } from "../../../core/plugin/plugin.ts";
import { Demand } from "./demand.ts";
import { GREETING_WORDS, MAX_LEASED, MESSAGE_WORDS, ShakeMessage } from "../common/messages.ts";

/**
 * Deals greetings to the SETs in which version 1 users win nothing. They are counts, and in memory alone: those that find
 * nobody wait, as many as come in a second, for as long as their wave plays.
 */
export class GreetingDealer {
  readonly #host: HostContext;
  readonly #demand: Demand;
  #greetings: readonly Greeting[] = [];
  /** By greeting: waiting here; waiting here or leased to a SET; taken from the source; given away. */
  #pool = new Float64Array(0);
  #open = new Float64Array(0);
  #released = new Float64Array(0);
  #given = new Float64Array(0);
  #isOffered = new Uint8Array(0);
  /** Where dealing begins, so that each greeting has its turn. */
  #first = 0;
  readonly #words = new Int32Array(MESSAGE_WORDS);

  constructor(host: HostContext) {
    this.#host = host;
    this.#demand = new Demand(host, ["shakeGreeted", "shakeUngreeted"]);
  }

  /** What an operator sees of each. */
  describe(): Record<string, unknown>[] {
    return this.#greetings.map(({ sponsor, resource, perS }, i) => ({
      sponsor,
      resource,
      perS,
      released: this.#released[i],
      given: this.#given[i],
      waiting: this.#open[i],
    }));
  }

  /** The source is about to offer what is due. */
  begin(greetings: readonly Greeting[]): void {
    if (this.#greetings.length !== greetings.length) {
      assert(this.#greetings.length === 0, "greetings stay the same");
      assert(greetings.length <= MAX_LEASED, "a message has room for all");
      this.#greetings = greetings;
      this.#pool = new Float64Array(greetings.length);
      this.#open = new Float64Array(greetings.length);
      this.#released = new Float64Array(greetings.length);
      this.#given = new Float64Array(greetings.length);
      this.#isOffered = new Uint8Array(greetings.length);
    }
    this.#isOffered.fill(0);
  }

  /** Takes what is due, as far as not too many wait already. Returns how many. */
  readonly offer = (greeting: number, due: number): number => {
    this.#isOffered[greeting] = 1;
    const most = Math.max(1, Math.ceil(this.#greetings[greeting].perS));
    const taken = Math.max(0, Math.min(due, most - this.#open[greeting]));
    this.#pool[greeting] += taken;
    this.#open[greeting] += taken;
    this.#released[greeting] += taken;
    return taken;
  };

  /** The source has offered everything: what waits of the others is gone, since their wave doesn't play. */
  end(nowMs: number): void {
    if (this.#greetings.length === 0) return;
    this.#demand.measure(nowMs);
    for (let i = 0; i < this.#pool.length; i++) {
      if (this.#isOffered[i] === 1) continue;
      this.#open[i] -= this.#pool[i];
      this.#pool[i] = 0;
    }
  }

  deal(): void {
    const available = this.#pool.reduce((sum, count) => sum + count, 0);
    if (available === 0) return;
    this.#demand.deal(available, this.#lease);
    this.#first = (this.#first + 1) % this.#pool.length;
  }

  /** A SET says what it has given away, and gives the rest back. */
  takeBack(words: Int32Array, at: number, count: number): void {
    for (let i = at + 1; i < at + count; i += GREETING_WORDS) {
      const greeting = words[i];
      this.#given[greeting] += words[i + 1];
      this.#open[greeting] -= words[i + 1];
      this.#pool[greeting] += words[i + 2];
      assert(this.#open[greeting] >= this.#pool[greeting], "no greeting is given away twice");
    }
  }

  readonly #lease = (set: number, wanted: number): number => {
    this.#words[0] = ShakeMessage.leaseGreetings;
    let size = 1;
    let left = wanted;
    for (let i = 0; i < this.#pool.length && left > 0; i++) {
      const greeting = (this.#first + i) % this.#pool.length;
      const count = Math.min(left, this.#pool[greeting]);
      if (count === 0) continue;
      this.#words[size] = greeting | this.#greetings[greeting].sponsor << 16;
      this.#words[size + 1] = this.#greetings[greeting].resource;
      this.#words[size + 2] = count;
      this.#pool[greeting] -= count;
      left -= count;
      size += GREETING_WORDS;
    }
    if (size === 1) return 0;
    if (this.#host.post(set, this.#words, size)) return wanted - left;
    for (let i = 1; i < size; i += GREETING_WORDS) {
      this.#pool[this.#words[i] & 0xffff] += this.#words[i + 2];
    }
    return 0;
  };
}
