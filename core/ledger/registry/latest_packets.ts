/** Knuth's multiplicative hashing: user ids are often consecutive. */
const MULTIPLIER = 0x9e37_79b1;
/** Growing one part of the table takes microseconds, growing all of it at once would hold up every winner. */
const PARTS = 1024;
const PART_SHIFT = 22;
const FIRST_SLOTS = 16;
/** A packet id is never 0, so 0 marks a free slot. */
const FREE = 0;

interface Part {
  users: Uint32Array;
  packets: Uint32Array;
  size: number;
}

/** By user: the packet that they got last. An open hash table of 8 bytes a slot, in parts that grow each by itself. */
export class LatestPackets {
  readonly #parts: Part[] = Array.from({ length: PARTS }, () => newPart(FIRST_SLOTS));
  #size = 0;

  /** Users that have a packet. */
  get size(): number {
    return this.#size;
  }

  /** The user's latest packet, 0 if they have none. */
  get(user: number): number {
    const hash = Math.imul(user, MULTIPLIER) >>> 0;
    const part = this.#parts[hash >>> PART_SHIFT];
    return part.packets[slotOf(part, user, hash)];
  }

  /** All users with their latest packets, in no order. */
  *[Symbol.iterator](): Generator<[user: number, packetId: number]> {
    for (const { users, packets } of this.#parts) {
      for (let i = 0; i < users.length; i++) if (packets[i] !== FREE) yield [users[i], packets[i]];
    }
  }

  /** Sets the user's latest packet and returns the one before, 0 for none. */
  replace(user: number, packetId: number): number {
    const hash = Math.imul(user, MULTIPLIER) >>> 0;
    const part = this.#parts[hash >>> PART_SHIFT];
    const slot = slotOf(part, user, hash);
    const before = part.packets[slot];
    part.packets[slot] = packetId;
    if (before !== FREE) return before;
    part.users[slot] = user;
    this.#size++;
    if (++part.size * 3 > part.users.length * 2) grow(part);
    return before;
  }
}

function newPart(slots: number): Part {
  return { users: new Uint32Array(slots), packets: new Uint32Array(slots), size: 0 };
}

/** The user's slot, or the free one where they belong. */
function slotOf(part: Part, user: number, hash: number): number {
  const mask = part.users.length - 1;
  // The highest bits choose the part and the lowest are the poorest, so the middle chooses the slot.
  let slot = (hash >>> 4) & mask;
  while (part.packets[slot] !== FREE && part.users[slot] !== user) slot = (slot + 1) & mask;
  return slot;
}

function grow(part: Part): void {
  const { users, packets } = part;
  part.users = new Uint32Array(users.length * 2);
  part.packets = new Uint32Array(users.length * 2);
  for (let i = 0; i < users.length; i++) {
    if (packets[i] === FREE) continue;
    const slot = slotOf(part, users[i], Math.imul(users[i], MULTIPLIER) >>> 0);
    part.users[slot] = users[i];
    part.packets[slot] = packets[i];
  }
}
