import { mayMint } from "../../base/id_space.ts";
import { Refusal, Verdict } from "../record/entry.ts";
import { type Judgement, refuse, say } from "../record/judgement.ts";
import type { Registry } from "../registry/registry.ts";
import type { Mint } from "../registry/mint_list.ts";
import type { Kind } from "./kind.ts";
import { ACCOUNT } from "./sides.ts";

const MAX_SPONSOR = 0xffff;

/** Packets as a whole: made, and what is left of a sponsor's given back. */
export const packetKinds = {
  /**
   * New packets, contiguous, all of one sponsor. Keyed by the first one's id. For an order it says which part of it this
   * is; parts come in order, and never more packets than ordered.
   */
  mint: {
    number: 1,
    fields: {
      firstId: "packetId",
      count: "count",
      amountFen: "amountFen",
      sponsor: "sponsor",
      order: "user",
      part: "tag",
    },
    legs: [ACCOUNT.source, ACCOUNT.pool],
    judge: make,
    note: (registry, row) => registry.made(mintOf(row)),
  },
  /**
   * What nobody won of a sponsor's packets below an id: all their money in the pool. Keyed by sponsor and that id; none of
   * those packets can be awarded afterwards.
   */
  giveBack: {
    number: 3,
    fields: { belowId: "packetId", amountFen: "amountFen", sponsor: "sponsor" },
    legs: [ACCOUNT.pool, ACCOUNT.returned],
    judge: giveBack,
    note: (registry, { packetId: belowId, amountFen, sponsor }) =>
      registry.wentBack({ sponsor, belowId, amountFen }),
  },
} as const satisfies Readonly<Record<string, Kind>>;

/** Whether an entry names a packet, a sponsor and an amount that can be counted exactly. */
export function isOfMoney({ packetId, amountFen, sponsor }: Judgement): boolean {
  return packetId !== 0 && amountFen > 0 && amountFen <= Number.MAX_SAFE_INTEGER &&
    sponsor >= 0 && sponsor <= MAX_SPONSOR;
}

function mintOf({ packetId: firstId, count, amountFen, sponsor, user: order }: Judgement): Required<Mint> {
  return { firstId, count, amountFen, sponsor, order };
}

function make(registry: Registry, entry: Judgement): void {
  const mint = mintOf(entry);
  const { firstId, count, amountFen, sponsor, order } = mint;
  // Of new packets only: what is stored was right when it came.
  if (!entry.isStored && !mayMint(registry.ids, firstId, count)) return refuse(entry, Refusal.idsTaken);
  if (!isOfMoney(entry) || count <= 0 || amountFen < count || firstId + count > 0x1_0000_0000) {
    return refuse(entry, Refusal.malformed);
  }
  const before = registry.mints.from(firstId);
  if (
    before !== undefined && before.count === count && before.amountFen === amountFen &&
    before.sponsor === sponsor && before.order === order
  ) return say(entry, Verdict.doneBefore);
  if (firstId < registry.nextPacketId || firstId + count > registry.sends.lowestId) {
    return refuse(entry, Refusal.idsTaken);
  }
  if (!registry.canTake(amountFen)) return refuse(entry, Refusal.malformed);
  if (order !== 0) {
    // A row doesn't say which part it is: the parts of an order follow each other.
    const part = entry.isStored ? registry.orders.get(order)?.firstIds.length ?? 0 : entry.tag;
    const objection = registry.orders.objection({ order, part, firstId, count });
    if (objection !== Refusal.none) return refuse(entry, objection);
  }
  registry.made(mint);
  registry.money?.made(firstId, amountFen, sponsor);
  say(entry, Verdict.done);
}

function giveBack(registry: Registry, entry: Judgement): void {
  if (!isOfMoney(entry)) return refuse(entry, Refusal.malformed);
  const { packetId: belowId, amountFen, sponsor } = entry;
  const isSame = registry.givenBack.some((given) =>
    given.sponsor === sponsor && given.belowId === belowId && given.amountFen === amountFen
  );
  if (isSame) return say(entry, Verdict.doneBefore);
  // All or nothing: a part of the pool would leave packets that can't be told from those that went back.
  if (belowId !== registry.nextPacketId || amountFen !== registry.poolFenOf(sponsor)) {
    return refuse(entry, Refusal.malformed);
  }
  registry.wentBack({ sponsor, belowId, amountFen });
  registry.money?.returned(sponsor, amountFen);
  say(entry, Verdict.done);
}
