import { MOST_PASS_AWARDS } from "../../wire/v1/frames.ts";
import { keepPass } from "../../wire/v1/kept_passes.ts";
import type { Packet, Share } from "./outcomes.ts";

/** Where a phone keeps what it was told, so that a restart doesn't tell it again. `localStorage` is one. */
export interface PhoneStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, text: string): void | Promise<void>;
}

const SCHEMA_VERSION = 1;
const MAC_BYTES = 32;
/** An older library kept packets without these. */
const NOBODYS = { sponsor: 0, resource: 0 };

/** What is kept of a user. */
export interface Kept {
  readonly packets: Map<number, Packet>;
  readonly shares: Map<number, Share>;
  /** What the user has won, as servers have signed it: shown to the next server. */
  passes: readonly KeptPass[];
}

/** A pass without its user. */
export interface KeptPass {
  readonly keyId: number;
  /** Its bytes. */
  readonly mac: readonly number[];
  /** Four numbers an award, the packet first. */
  readonly awards: readonly number[];
}

/** Keeps a pass beside those that say what it lacks. */
export function addPass(passes: readonly KeptPass[], pass: KeptPass): readonly KeptPass[] {
  return keepPass(passes, pass, ({ awards }) => awards.filter((_, i) => i % 4 === 0));
}

/** Reads what was kept; nothing, if nothing was, or it can't be read. */
export function readKept(text: string | null): Kept {
  const kept: Kept = { packets: new Map(), shares: new Map(), passes: [] };
  try {
    const { schemaVersion, packets, shares, passes = [] } = JSON.parse(text ?? "{}");
    if (schemaVersion !== SCHEMA_VERSION) return kept;
    for (const packet of packets as Packet[]) {
      kept.packets.set(packet.packetId, { ...NOBODYS, ...packet });
    }
    for (const share of shares as Share[]) kept.shares.set(share.packetId, share);
    kept.passes = (passes as KeptPass[]).filter(isPass);
  } catch {
    // Somebody else's text: the server tells again what the user may not have heard of.
  }
  return kept;
}

/** Whether it fits its frame: whoever else wrote the text may have meant something else. */
function isPass({ mac, awards }: KeptPass): boolean {
  const count = awards.length / 4;
  return mac.length === MAC_BYTES && Number.isInteger(count) && count >= 1 && count <= MOST_PASS_AWARDS;
}

/** The text that {@linkcode readKept} reads. */
export function keptText({ packets, shares, passes }: Kept): string {
  return JSON.stringify({
    schemaVersion: SCHEMA_VERSION,
    packets: [...packets.values()],
    shares: [...shares.values()],
    passes,
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
  for (const pass of from.passes) into.passes = addPass(into.passes, pass);
}
