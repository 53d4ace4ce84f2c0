import { assert } from "../../base/assert.ts";

/** Knuth's multiplicative hashing: user ids are often consecutive. */
const MULTIPLIER = 0x9e37_79b1;
/** Slots for each award that it has room for: a search looks at some slots more than the user has awards. */
const SLOTS_PER_AWARD = 1.25;
/** Packet and user in 32 bits each, the sponsor in 16. */
const SLOT_BYTES = 10;
/** Words in front: how many there are, and how many found no room. */
const SIZE = 0;
const OVER = 1;
const HEADER_WORDS = 2;
/** A packet id is never 0, so 0 marks a free slot. */
const FREE = 0;

/** Most awards of other hosts that a host can be told to remember. */
export const MAX_FOREIGN_AWARDS = 300_000_000;

/** Bytes of memory that so many awards take: 12.5 each. */
export function foreignAwardsBytes(awards: number): number {
  return HEADER_WORDS * 4 + slotsFor(awards) * SLOT_BYTES;
}

function slotsFor(awards: number): number {
  return 2 * Math.ceil(awards * SLOTS_PER_AWARD / 2);
}

/**
 * What other hosts say that they have awarded: a hash table by user in shared memory of a fixed size, a slot an award. One
 * thread adds to it, another one reads it at the same time: a slot's packet is written last and read first. What finds no
 * room is left out and counted; nothing grows, and nothing is ever taken away.
 */
export class ForeignAwards {
  readonly memory: SharedArrayBuffer;
  /** How many it has room for. */
  readonly capacity: number;
  readonly #header: Int32Array;
  /** Of each slot the packet and the user. */
  readonly #slots: Uint32Array;
  readonly #sponsors: Uint16Array;
  readonly #count: number;

  constructor(memory: SharedArrayBuffer) {
    const slots = (memory.byteLength - HEADER_WORDS * 4) / SLOT_BYTES;
    assert(Number.isInteger(slots) && slots > 1, "the memory is of a whole number of slots");
    this.memory = memory;
    this.#count = slots;
    this.capacity = Math.floor(slots / SLOTS_PER_AWARD);
    this.#header = new Int32Array(memory, 0, HEADER_WORDS);
    this.#slots = new Uint32Array(memory, HEADER_WORDS * 4, slots * 2);
    this.#sponsors = new Uint16Array(memory, HEADER_WORDS * 4 + slots * 8, slots);
  }

  /** With room for so many. */
  static of(awards: number): ForeignAwards {
    return new ForeignAwards(new SharedArrayBuffer(foreignAwardsBytes(awards)));
  }

  get size(): number {
    return Atomics.load(this.#header, SIZE);
  }

  /** How often an award found no room. */
  get over(): number {
    return Atomics.load(this.#header, OVER);
  }

  /** Adds an award, unless it is there. Returns whether it is there now. For one thread only. */
  add(user: number, packetId: number, sponsor: number): boolean {
    const slots = this.#slots;
    let slot = this.#home(user);
    for (; slots[2 * slot] !== FREE; slot = slot + 1 === this.#count ? 0 : slot + 1) {
      if (slots[2 * slot] === packetId && slots[2 * slot + 1] === user) return true;
    }
    if (this.#header[SIZE] >= this.capacity) {
      Atomics.add(this.#header, OVER, 1);
      return false;
    }
    slots[2 * slot + 1] = user;
    this.#sponsors[slot] = sponsor;
    Atomics.store(slots, 2 * slot, packetId);
    Atomics.add(this.#header, SIZE, 1);
    return true;
  }

  /** The slot of a user's first award, -1 if they have none. */
  first(user: number): number {
    return this.#from(this.#home(user), user);
  }

  /** The slot of the same user's next one, -1 if there is none. */
  next(slot: number, user: number): number {
    return this.#from(slot + 1 === this.#count ? 0 : slot + 1, user);
  }

  packetId(slot: number): number {
    return this.#slots[2 * slot];
  }

  sponsor(slot: number): number {
    return this.#sponsors[slot];
  }

  #home(user: number): number {
    return Math.floor((Math.imul(user, MULTIPLIER) >>> 0) * this.#count / 0x1_0000_0000);
  }

  #from(slot: number, user: number): number {
    while (Atomics.load(this.#slots, 2 * slot) !== FREE) {
      if (this.#slots[2 * slot + 1] === user) return slot;
      slot = slot + 1 === this.#count ? 0 : slot + 1;
    }
    return -1;
  }
}
