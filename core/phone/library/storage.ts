import type { Packet, Share } from "./outcomes.ts";

/** Where a phone keeps what it was told, so that a restart doesn't tell it again. `localStorage` is one. */
export interface PhoneStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, text: string): void | Promise<void>;
}

const SCHEMA_VERSION = 1;
/** An older library kept packets without these. */
const NOBODYS = { sponsor: 0, resource: 0 };

/** What is kept of a user. */
export interface Kept {
  readonly packets: Map<number, Packet>;
  readonly shares: Map<number, Share>;
}

/** Reads what was kept; nothing, if nothing was, or it can't be read. */
export function readKept(text: string | null): Kept {
  const kept: Kept = { packets: new Map(), shares: new Map() };
  try {
    const { schemaVersion, packets, shares } = JSON.parse(text ?? "{}");
    if (schemaVersion !== SCHEMA_VERSION) return kept;
    for (const packet of packets as Packet[]) {
      kept.packets.set(packet.packetId, { ...NOBODYS, ...packet });
    }
    for (const share of shares as Share[]) kept.shares.set(share.packetId, share);
  } catch {
    // Somebody else's text: the server tells again what the user may not have heard of.
  }
  return kept;
}

/** The text that {@linkcode readKept} reads. */
export function keptText({ packets, shares }: Kept): string {
  return JSON.stringify({
    schemaVersion: SCHEMA_VERSION,
    packets: [...packets.values()],
    shares: [...shares.values()],
  });
}

/** Takes over what another page of the same user has kept meanwhile. What is open stays open. */
export function mergeKept(into: Kept, from: Kept): void {
  for (const [packetId, packet] of from.packets) {
    if (packet.isOpen || !into.packets.has(packetId)) into.packets.set(packetId, packet);
  }
  for (const [packetId, share] of from.shares) {
    if (!into.shares.has(packetId)) into.shares.set(packetId, share);
  }
}
