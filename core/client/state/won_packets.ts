/** What is known of a packet that a user was awarded just now. */
export const Award = {
  /** Never seen before. */
  fresh: 0,
  /** The same packet for the same user again, as a server repeats what may not have been delivered. */
  repeated: 1,
  /** A packet that is another user's: the server has given it twice. */
  double: 2,
} as const;
export type Award = typeof Award[keyof typeof Award];

/** A packet id is never 0, so 0 marks a free place. */
const FREE = 0;
/** Knuth's multiplicative hashing: ids are consecutive. */
const MULTIPLIER = 0x9e37_79b1;

/** Growing one part takes microseconds; growing all at once would hold up every answer. */
const PARTS = 1024;
const PART_SHIFT = 22;
const FIRST_PLACES = 16;

interface Part {
  packets: Uint32Array;
  users: Uint32Array;
  size: number;
}

/**
 * The packets that this worker's users have won or claimed: an open hash table in two columns, about 16 bytes a packet,
 * in parts that grow each by itself, without the limit and the allocations of a `Map`.
 */
export class WonPackets {
  readonly #parts = Array.from({ length: PARTS }, () => newPart(FIRST_PLACES));
  #size = 0;

  /** How many are known. */
  get size(): number {
    return this.#size;
  }

  /** Whether a user is known to have this packet, or a share of it. */
  has(packetId: number, userId: number): boolean {
    const { packets, users } = this.#partOf(packetId);
    for (let at = homeIn(packets, packetId); packets[at] !== FREE; at = after(packets, at)) {
      if (packets[at] === packetId && users[at] === userId) return true;
    }
    return false;
  }

  /** Notes a ticket, which one user only can win. */
  addTicket(packetId: number, userId: number): Award {
    const part = this.#partOf(packetId);
    const { packets, users } = part;
    let at = homeIn(packets, packetId);
    for (; packets[at] !== FREE; at = after(packets, at)) {
      if (packets[at] === packetId) return users[at] === userId ? Award.repeated : Award.double;
    }
    this.#put(part, at, packetId, userId);
    return Award.fresh;
  }

  /** Notes a user's share of a sent packet, of which others have shares too. */
  addShare(packetId: number, userId: number): Award {
    const part = this.#partOf(packetId);
    const { packets, users } = part;
    let at = homeIn(packets, packetId);
    for (; packets[at] !== FREE; at = after(packets, at)) {
      if (packets[at] === packetId && users[at] === userId) return Award.repeated;
    }
    this.#put(part, at, packetId, userId);
    return Award.fresh;
  }

  #partOf(packetId: number): Part {
    return this.#parts[Math.imul(packetId, MULTIPLIER) >>> PART_SHIFT];
  }

  #put(part: Part, at: number, packetId: number, userId: number): void {
    part.packets[at] = packetId;
    part.users[at] = userId;
    this.#size++;
    if (++part.size * 2 > part.packets.length) grow(part);
  }
}

function newPart(places: number): Part {
  return { packets: new Uint32Array(places), users: new Uint32Array(places), size: 0 };
}

/** Where a packet belongs; the upper bits of its hash have chosen the part. */
function homeIn(packets: Uint32Array, packetId: number): number {
  return Math.imul(packetId, MULTIPLIER) & (packets.length - 1);
}

function after(packets: Uint32Array, at: number): number {
  return (at + 1) & (packets.length - 1);
}

function grow(part: Part): void {
  const { packets, users } = part;
  const larger = newPart(packets.length * 2);
  for (let i = 0; i < packets.length; i++) {
    if (packets[i] === FREE) continue;
    let at = homeIn(larger.packets, packets[i]);
    while (larger.packets[at] !== FREE) at = after(larger.packets, at);
    larger.packets[at] = packets[i];
    larger.users[at] = users[i];
  }
  part.packets = larger.packets;
  part.users = larger.users;
}
