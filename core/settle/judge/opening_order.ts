import type { Opening } from "../../books/contract/openings.ts";

/**
 * The order in which openings are judged: by second, then by packet. Clocks of hosts agree to a second at best, so within
 * one the packet decides, which is the same whoever came first.
 */
export function compareOpenings(a: Opening, b: Opening): number {
  return a.openedS - b.openedS || a.packetId - b.packetId || a.host - b.host || a.seq - b.seq;
}
