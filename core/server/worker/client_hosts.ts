import { assert } from "../../base/assert.ts";
import { formatAddress } from "../../os/address.ts";

/** Addresses that a worker tells apart, in sets of a few: an address has its place in one of them. */
const WAYS = 16;
const WAY_BITS = 8;
const SLOTS = WAYS << WAY_BITS;
/** Slot 0 is everybody who found no place. */
const OTHERS = 0;
const WORDS = 2 * (1 + SLOTS);
/** Hosts that are told by address. */
const MOST_TOLD = 50;

/** Bytes of shared memory for so many workers. */
export function clientHostBytes(workers: number): number {
  return workers * WORDS * 4;
}

/**
 * How many connections each client host has to a worker. Counted when one comes and goes, without an object, in shared
 * memory that the main thread reads. With more hosts than there is room for, those that came too late are one sum.
 */
export class ClientHosts {
  readonly #addresses: Uint32Array;
  readonly #counts: Int32Array;
  /** By connection: where it was counted, whatever becomes of the address since. */
  readonly #slotOf: Uint16Array;

  /** @param capacity most connections of the worker */
  constructor(memory: SharedArrayBuffer, worker: number, capacity: number) {
    assert(SLOTS < 0x10000, "a slot fits into 16 bits");
    this.#addresses = new Uint32Array(memory, worker * WORDS * 4, 1 + SLOTS);
    this.#counts = new Int32Array(memory, (worker * WORDS + 1 + SLOTS) * 4, 1 + SLOTS);
    this.#slotOf = new Uint16Array(capacity);
  }

  /** A connection of this address came. */
  add(connection: number, address: number): void {
    const slot = this.#slotFor(address);
    this.#slotOf[connection] = slot;
    this.#counts[slot]++;
  }

  /** It is gone. */
  remove(connection: number): void {
    this.#counts[this.#slotOf[connection]]--;
  }

  /** The address's slot, or a free one that is now its own, or that of the others. */
  #slotFor(address: number): number {
    const first = 1 + (Math.imul(address, 0x9e3779b1) >>> (32 - WAY_BITS)) * WAYS;
    let free = OTHERS;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#counts[slot] === 0) free ||= slot;
      else if (this.#addresses[slot] === address) return slot;
    }
    if (free !== OTHERS) this.#addresses[free] = address;
    return free;
  }
}

/** The client hosts with most connections to all workers, and what the others have together. */
export function readClientHosts(memory: SharedArrayBuffer): [host: string, connections: number][] {
  const sums = new Map<number, number>();
  let others = 0;
  for (let at = 0; at < memory.byteLength; at += WORDS * 4) {
    const addresses = new Uint32Array(memory, at, 1 + SLOTS);
    const counts = new Int32Array(memory, at + (1 + SLOTS) * 4, 1 + SLOTS);
    others += counts[OTHERS];
    for (let slot = 1; slot <= SLOTS; slot++) {
      if (counts[slot] > 0) sums.set(addresses[slot], (sums.get(addresses[slot]) ?? 0) + counts[slot]);
    }
  }
  const most = [...sums].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  others += most.splice(MOST_TOLD).reduce((sum, [, count]) => sum + count, 0);
  const told = most.map(([address, count]): [string, number] => [formatAddress(address), count]);
  return others === 0 ? told : [...told, ["others", others]];
}
