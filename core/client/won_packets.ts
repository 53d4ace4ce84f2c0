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

/**
 * The packets that this worker's users have won or claimed: an open hash table in two columns, about 16 bytes a packet,
 * without the limit and the allocations of a `Map`.
 */
export class WonPackets {
  #packets = new Uint32Array(1024);
  #users = new Uint32Array(1024);
  #size = 0;

  /** How many are known. */
  get size(): number {
    return this.#size;
  }

  /** Whether a user is known to have this packet, or a share of it. */
  has(packetId: number, userId: number): boolean {
    for (let at = this.#home(packetId); this.#packets[at] !== FREE; at = this.#after(at)) {
      if (this.#packets[at] === packetId && this.#users[at] === userId) return true;
    }
    return false;
  }

  /** Notes a ticket, which one user only can win. */
  addTicket(packetId: number, userId: number): Award {
    let at = this.#home(packetId);
    for (; this.#packets[at] !== FREE; at = this.#after(at)) {
      if (this.#packets[at] === packetId) return this.#users[at] === userId ? Award.repeated : Award.double;
    }
    this.#put(at, packetId, userId);
    return Award.fresh;
  }

  /** Notes a user's share of a sent packet, of which others have shares too. */
  addShare(packetId: number, userId: number): Award {
    let at = this.#home(packetId);
    for (; this.#packets[at] !== FREE; at = this.#after(at)) {
      if (this.#packets[at] === packetId && this.#users[at] === userId) return Award.repeated;
    }
    this.#put(at, packetId, userId);
    return Award.fresh;
  }

  #home(packetId: number): number {
    return (Math.imul(packetId, MULTIPLIER) >>> 0) % this.#packets.length;
  }

  #after(at: number): number {
    return at + 1 === this.#packets.length ? 0 : at + 1;
  }

  #put(at: number, packetId: number, userId: number): void {
    this.#packets[at] = packetId;
    this.#users[at] = userId;
    if (++this.#size * 2 > this.#packets.length) this.#grow();
  }

  #grow(): void {
    const [packets, users] = [this.#packets, this.#users];
    this.#packets = new Uint32Array(packets.length * 2);
    this.#users = new Uint32Array(packets.length * 2);
    for (let i = 0; i < packets.length; i++) {
      if (packets[i] === FREE) continue;
      let at = this.#home(packets[i]);
      while (this.#packets[at] !== FREE) at = this.#after(at);
      this.#packets[at] = packets[i];
      this.#users[at] = users[i];
    }
  }
}
