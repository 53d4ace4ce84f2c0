import { FIRST_SENT_ID } from "../../base/id_space.ts";

const FIRST_CAPACITY = 1024;
/** Bits of a packet's flags. */
const FROM_HOST = 1;
const ENDED = 2;

/**
 * Every packet that was ever sent, in the order of sending: who sent it, by which request, and whether it has ended. 17 to
 * 25 bytes each, without an object, so that a repeated request is known for ever.
 */
export class SentList {
  readonly #firstId: number;
  #size = 0;
  #senders = new Uint32Array(FIRST_CAPACITY);
  #requestIds = new Uint32Array(FIRST_CAPACITY);
  #flags = new Uint8Array(FIRST_CAPACITY);
  /** An open hash table of numbers from 1 on, 0 for free; twice as long as the columns. */
  #byRequest = new Uint32Array(2 * FIRST_CAPACITY);
  /** All packets before this place have ended. */
  #firstOpen = 0;

  /** @param firstId of the first packet; the ids go down from there */
  constructor(firstId = FIRST_SENT_ID) {
    this.#firstId = firstId;
  }

  get size(): number {
    return this.#size;
  }

  /** The lowest packet id that a sent packet has; one more than the highest id without any. */
  get lowestId(): number {
    return this.#firstId + 1 - this.#size;
  }

  has(packetId: number): boolean {
    return packetId >= this.lowestId && packetId <= this.#firstId;
  }

  /** Notes the next packet; its id is one below the lowest. */
  add(sender: number, isFromHost: boolean, requestId: number): void {
    if (this.#size === this.#senders.length) this.#grow(this.#size * 2);
    const place = this.#size++;
    this.#senders[place] = sender;
    this.#requestIds[place] = requestId;
    this.#flags[place] = isFromHost ? FROM_HOST : 0;
    this.#enter(place);
  }

  /** The packet of a request, 0 if there is none. */
  idOf(sender: number, isFromHost: boolean, requestId: number): number {
    const flag = isFromHost ? FROM_HOST : 0;
    const table = this.#byRequest;
    for (let at = this.#home(sender, flag, requestId); table[at] !== 0; at = (at + 1) & (table.length - 1)) {
      const place = table[at] - 1;
      const isIt = this.#requestIds[place] === requestId && this.#senders[place] === sender &&
        (this.#flags[place] & FROM_HOST) === flag;
      if (isIt) return this.#firstId - place;
    }
    return 0;
  }

  markEnded(packetId: number): void {
    this.#flags[this.#firstId - packetId] |= ENDED;
    while (this.#firstOpen < this.#size && (this.#flags[this.#firstOpen] & ENDED) !== 0) this.#firstOpen++;
  }

  /** The next packet that hasn't ended, after another or from the oldest on for 0; 0 if there is none. */
  nextOpen(after: number): number {
    const from = after === 0 ? 0 : this.#firstId - after + 1;
    for (let place = Math.max(from, this.#firstOpen); place < this.#size; place++) {
      if ((this.#flags[place] & ENDED) === 0) return this.#firstId - place;
    }
    return 0;
  }

  /** The columns as they are, for a checkpoint. */
  columns(): readonly [senders: Uint32Array, requestIds: Uint32Array, flags: Uint8Array] {
    const size = this.#size;
    return [
      this.#senders.subarray(0, size),
      this.#requestIds.subarray(0, size),
      this.#flags.subarray(0, size),
    ];
  }

  /** From a checkpoint, into an empty list. */
  restore(senders: Uint32Array, requestIds: Uint32Array, flags: Uint8Array): void {
    let capacity = FIRST_CAPACITY;
    while (capacity < senders.length) capacity *= 2;
    this.#grow(capacity);
    this.#senders.set(senders);
    this.#requestIds.set(requestIds);
    this.#flags.set(flags);
    this.#size = senders.length;
    for (let place = 0; place < this.#size; place++) this.#enter(place);
    while (this.#firstOpen < this.#size && (this.#flags[this.#firstOpen] & ENDED) !== 0) this.#firstOpen++;
  }

  #home(sender: number, flag: number, requestId: number): number {
    // Murmur's finish: both numbers are mostly consecutive, or a multiple of something.
    let mixed = Math.imul(sender, 0x9e37_79b1) + Math.imul(requestId ^ flag << 31, 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb_352d);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846c_a68b);
    return (mixed ^ (mixed >>> 16)) & (this.#byRequest.length - 1);
  }

  #enter(place: number): void {
    const table = this.#byRequest;
    let at = this.#home(this.#senders[place], this.#flags[place] & FROM_HOST, this.#requestIds[place]);
    while (table[at] !== 0) at = (at + 1) & (table.length - 1);
    table[at] = place + 1;
  }

  #grow(capacity: number): void {
    const longer = <T extends Uint32Array | Uint8Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.#senders = longer(new Uint32Array(capacity), this.#senders);
    this.#requestIds = longer(new Uint32Array(capacity), this.#requestIds);
    this.#flags = longer(new Uint8Array(capacity), this.#flags);
    this.#byRequest = new Uint32Array(2 * capacity);
    for (let place = 0; place < this.#size; place++) this.#enter(place);
  }
}
