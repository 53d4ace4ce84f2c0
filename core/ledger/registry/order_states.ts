import type { OpenPart, OrderState } from "../record/order_state.ts";
import type { Registry } from "./registry.ts";

/** All orders of a ledger, oldest first. Looks at every packet that was made for them. */
export function orderStates(registry: Registry): OrderState[] {
  return Array.from(registry.orders.all, ({ number, json, isEnded, firstIds, made }) => {
    const openParts: OpenPart[] = [];
    let madeFen = 0;
    firstIds.forEach((firstId, part) => {
      const { count, amountFen, sponsor } = registry.mints.from(firstId)!;
      madeFen += amountFen;
      const taken = takenOf(registry, firstId, count, sponsor);
      if (taken !== undefined) openParts.push({ part, firstId, count, sumFen: amountFen, sponsor, taken });
    });
    const fundedTo = registry.sends.fundedTo.get(number) ?? -1;
    return { number, json, isEnded, parts: firstIds.length, made, madeFen, openParts, fundedTo };
  });
}

/** Undefined if every one is taken. */
function takenOf(
  registry: Registry,
  firstId: number,
  count: number,
  sponsor: number,
): Uint8Array | undefined {
  const below = registry.givenBackBelow(sponsor);
  const taken = new Uint8Array((count + 7) >>> 3);
  let left = count;
  for (let i = 0; i < count; i++) {
    if (firstId + i >= below && !registry.packets.isAwarded(firstId + i)) continue;
    taken[i >>> 3] |= 1 << (i & 7);
    left--;
  }
  return left === 0 ? undefined : taken;
}
