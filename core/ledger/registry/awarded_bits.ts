import { CHUNK_PACKETS, type Packets, PacketState } from "./packets.ts";

/** A run of packet ids of which somebody wants to know which were awarded: one bit each, from the first on. */
export interface AwardedBits {
  readonly firstId: number;
  readonly count: number;
  readonly bits: SharedArrayBuffer;
}

/** Sets the bit of every packet of the run that was awarded. */
export function markAwarded(packets: Packets, { firstId, count, bits }: AwardedBits): void {
  const bytes = new Uint8Array(bits);
  for (const [number, { state }] of packets.chunks) {
    const base = number * CHUNK_PACKETS;
    const from = Math.max(firstId, base);
    const to = Math.min(firstId + count, base + CHUNK_PACKETS);
    for (let id = from; id < to; id++) {
      if ((state[id - base] & PacketState.awarded) === 0) continue;
      const at = id - firstId;
      bytes[at >>> 3] |= 1 << (at & 7);
    }
  }
}
