import { assert } from "../../../base/assert.ts";
import { mapMemory, type MappedArea } from "../../../os/posix.ts";
import { Register } from "./abi.ts";
import { NoRing, type UringSyscalls } from "./syscalls.ts";

/** A pool of a ring: its number, and its buffers, whose count is a power of two. */
export interface PoolShape {
  readonly group: number;
  readonly count: number;
  readonly bytes: number;
}

/** Small and many: a request of version 0 has 16 bytes, and a million idle connections hold none. */
export const SMALL_POOL: PoolShape = { group: 0, count: 1024, bytes: 64 };
/** For connections that are in the middle of something large. */
export const LARGE_POOL: PoolShape = { group: 1, count: 64, bytes: 4096 };
/** Bytes of both pools of a ring. */
export const POOLS_BYTES = SMALL_POOL.count * SMALL_POOL.bytes + LARGE_POOL.count * LARGE_POOL.bytes;

/** Words of a `struct io_uring_buf`: address (2), length, number (16 bits). */
const ENTRY_WORDS = 4;
/** The tail, a 16-bit word, lies in the unused end of the first entry. */
const TAIL_AT = 7;

/** The receive buffers that a ring's kernel half may fill, each given back after it was read. */
export class BufferPool {
  /** Bytes of a buffer. */
  readonly bytes: number;
  readonly #sys: UringSyscalls;
  readonly #ring: number;
  readonly #shape: PoolShape;
  readonly #start: number;
  readonly #mask: number;
  readonly #memory: MappedArea;
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #addressLow: number;
  readonly #addressHigh: number;
  #tail = 0;
  #published = 0;
  #isWithdrawn = false;

  /** @param start where the buffers begin in `input`, which must lie within one 4 GiB */
  constructor(sys: UringSyscalls, ring: number, shape: PoolShape, input: MappedArea, start: number) {
    const { count, bytes } = shape;
    this.#sys = sys;
    this.#ring = ring;
    this.#shape = shape;
    this.bytes = bytes;
    this.#start = start;
    this.#mask = count - 1;
    this.#memory = mapMemory(count * ENTRY_WORDS * 4);
    const { buffer, byteOffset } = this.#memory.bytes;
    this.#words = new Int32Array(buffer, byteOffset, count * ENTRY_WORDS);
    this.#halves = new Uint16Array(buffer, byteOffset, count * ENTRY_WORDS * 2);
    const address = input.address + start;
    this.#addressLow = address | 0;
    this.#addressHigh = Math.floor(address / 0x1_0000_0000);
    const code = this.#register(Register.pbufRing);
    if (code !== 0) {
      this.#memory.unmap();
      throw new NoRing(`a pool of ${count} buffers`, code);
    }
    this.#fill();
  }

  /** Takes all buffers from the kernel, so that it reads nothing. Every one that it had filled has been given back. */
  withdraw(): void {
    const code = this.#register(Register.unregisterPbufRing);
    assert(code === 0, `a pool can be withdrawn (errno ${code})`);
    this.#isWithdrawn = true;
  }

  /** The kernel has all buffers again. */
  restore(): void {
    if (!this.#isWithdrawn) return;
    this.#isWithdrawn = false;
    this.#tail = this.#published = 0;
    Atomics.store(this.#halves, TAIL_AT, 0);
    const code = this.#register(Register.pbufRing);
    assert(code === 0, `a pool can be restored (errno ${code})`);
    this.#fill();
  }

  /** Where a buffer begins in the input area. */
  startOf(buffer: number): number {
    return this.#start + buffer * this.bytes;
  }

  /** This buffer was read. */
  giveBack(buffer: number): void {
    const slot = this.#tail & this.#mask;
    const at = slot * ENTRY_WORDS;
    // Unsigned addition of 32 bits: the input area doesn't cross into the next 4 GiB.
    this.#words[at] = this.#addressLow + buffer * this.bytes;
    this.#words[at + 1] = this.#addressHigh;
    this.#words[at + 2] = this.bytes;
    this.#halves[slot * ENTRY_WORDS * 2 + 6] = buffer;
    this.#tail = (this.#tail + 1) & 0xffff;
  }

  /** Lets the kernel see what was given back. */
  publish(): void {
    if (this.#tail === this.#published) return;
    this.#published = this.#tail;
    Atomics.store(this.#halves, TAIL_AT, this.#tail);
  }

  unmap(): void {
    this.#memory.unmap();
  }

  #fill(): void {
    for (let i = 0; i < this.#shape.count; i++) this.giveBack(i);
    this.publish();
  }

  /** Returns 0 or an errno. */
  #register(what: number): number {
    // struct io_uring_buf_reg: address, entries (32 bits), group (16)
    const registration = new BigUint64Array(5);
    const isNew = what === Register.pbufRing;
    registration[0] = isNew ? BigInt(this.#memory.address) : 0n;
    registration[1] = BigInt(isNew ? this.#shape.count : 0) | BigInt(this.#shape.group) << 32n;
    const result = this.#sys.register(this.#ring, what, new Uint8Array(registration.buffer), 1);
    return result < 0 ? this.#sys.errno() : 0;
  }
}

/** Maps memory of which every address has the same upper 32 bits. */
export function mapWithin4GiB(length: number): MappedArea {
  assert(length < 0x4000_0000, "an area is much smaller than 4 GiB");
  const high = (address: number) => Math.floor(address / 0x1_0000_0000);
  const area = mapMemory(length);
  if (high(area.address) === high(area.address + length - 1)) return area;
  // The kernel puts the next one elsewhere while this one is still there.
  const next = mapWithin4GiB(length);
  area.unmap();
  return next;
}
