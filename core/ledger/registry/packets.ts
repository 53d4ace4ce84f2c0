const CHUNK_BITS = 16;
/** Packet ids of one chunk. */
export const CHUNK_PACKETS = 1 << CHUNK_BITS;
const MASK = CHUNK_PACKETS - 1;

/** Bytes of a chunk's columns that a checkpoint keeps; the links between a user's packets are made anew. */
export const LASTING_CHUNK_BYTES = CHUNK_PACKETS * (4 + 4 + 2 + 1);

/** Bits of a packet's state. None is ever taken away, so that later states can be laid over earlier ones. */
export const PacketState = { awarded: 1, delivered: 2, held: 4, opened: 8, lapsed: 16 } as const;

/** Whether a packet in this state is its user's once they open it. */
export function isUnopened(state: number): boolean {
  return (state & (PacketState.held | PacketState.opened | PacketState.lapsed)) === PacketState.held;
}

/** What is known of 65,536 consecutive packets, as columns. */
export class PacketChunk {
  /** The columns that a checkpoint keeps, as bytes. */
  readonly lasting: Uint8Array<ArrayBuffer>;
  readonly user: Uint32Array;
  /** In fen, the low 32 bits. */
  readonly amount: Uint32Array;
  readonly sponsor: Uint16Array;
  readonly state: Uint8Array;
  /** The packet that its user got before this one, 0 for none. */
  readonly previous: Uint32Array;

  constructor() {
    const memory = new ArrayBuffer(LASTING_CHUNK_BYTES);
    this.lasting = new Uint8Array(memory);
    this.user = new Uint32Array(memory, 0, CHUNK_PACKETS);
    this.amount = new Uint32Array(memory, CHUNK_PACKETS * 4, CHUNK_PACKETS);
    this.sponsor = new Uint16Array(memory, CHUNK_PACKETS * 8, CHUNK_PACKETS);
    this.state = new Uint8Array(memory, CHUNK_PACKETS * 10, CHUNK_PACKETS);
    this.previous = new Uint32Array(CHUNK_PACKETS);
  }
}

/**
 * Every packet that was awarded, by id: 15 bytes each, without an object. Ids are mostly contiguous, so they lie in
 * chunks that are made when one of their packets is awarded.
 */
export class Packets {
  readonly #chunks = new Map<number, PacketChunk>();
  /** Amounts of packets with more than 32 bits of fen (42,949,672.95 yuan), which are rare. */
  readonly largeAmountsFen = new Map<number, number>();

  /** Chunks by their number, `packetId >>> 16`. */
  get chunks(): ReadonlyMap<number, PacketChunk> {
    return this.#chunks;
  }

  /** The chunk of this number, made if there is none. */
  chunk(number: number): PacketChunk {
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) this.#chunks.set(number, chunk = new PacketChunk());
    return chunk;
  }

  isAwarded(packetId: number): boolean {
    const chunk = this.#chunks.get(packetId >>> CHUNK_BITS);
    return chunk !== undefined && (chunk.state[packetId & MASK] & PacketState.awarded) !== 0;
  }

  /** Notes an award. */
  award(packetId: number, user: number, amountFen: number, sponsor: number, isHeld = false): void {
    const chunk = this.chunk(packetId >>> CHUNK_BITS);
    const at = packetId & MASK;
    chunk.user[at] = user;
    chunk.amount[at] = amountFen;
    chunk.sponsor[at] = sponsor;
    chunk.state[at] = isHeld ? PacketState.awarded | PacketState.held : PacketState.awarded;
    if (amountFen > 0xffff_ffff) this.largeAmountsFen.set(packetId, amountFen);
  }

  /** Links a packet to the one that its user got before. */
  link(packetId: number, previous: number): void {
    this.#of(packetId).previous[packetId & MASK] = previous;
  }

  /** The packet that the same user got before this one, 0 for none. */
  previous(packetId: number): number {
    return this.#of(packetId).previous[packetId & MASK];
  }

  user(packetId: number): number {
    return this.#of(packetId).user[packetId & MASK];
  }

  amountFen(packetId: number): number {
    const low = this.#of(packetId).amount[packetId & MASK];
    return this.largeAmountsFen.size === 0 ? low : this.largeAmountsFen.get(packetId) ?? low;
  }

  sponsor(packetId: number): number {
    return this.#of(packetId).sponsor[packetId & MASK];
  }

  /** Bits of `PacketState` of an awarded packet. */
  state(packetId: number): number {
    return this.#of(packetId).state[packetId & MASK];
  }

  /** Ids of packets that wait for their users to open them. */
  *unopened(): Generator<number> {
    for (const [number, { state }] of this.#chunks) {
      for (let i = 0; i < CHUNK_PACKETS; i++) if (isUnopened(state[i])) yield number * CHUNK_PACKETS + i;
    }
  }

  /**
   * Adds bits to a packet's state. The award itself may be known elsewhere only, as in what is laid over a checkpoint.
   */
  note(packetId: number, bits: number): void {
    this.chunk(packetId >>> CHUNK_BITS).state[packetId & MASK] |= bits;
  }

  /** The chunk of an awarded packet. */
  #of(packetId: number): PacketChunk {
    return this.#chunks.get(packetId >>> CHUNK_BITS)!;
  }
}
