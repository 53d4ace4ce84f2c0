import { HELD, Refusal, Verdict } from "../record/entry.ts";
import { type Judgement, refuse, say } from "../record/judgement.ts";
import type { Registry } from "../registry/registry.ts";
import { isUnopened, PacketState } from "../registry/packets.ts";
import type { Kind } from "./kind.ts";
import { isOfMoney } from "./packets.ts";
import { ACCOUNT, sideIf } from "./sides.ts";

/** More undelivered packets than this are not looked for at one question: without limits a user may have any number. */
const MAX_LOOKED_AT = 4096;

/** What becomes of a packet that a shake wins. */
export const awardKinds = {
  /** A packet to a user; held until they open it with `hold` {@linkcode HELD}. Keyed by the packet. */
  award: {
    number: 2,
    fields: {
      packetId: "packetId",
      user: "user",
      amountFen: "amountFen",
      sponsor: "sponsor",
      hold: "count",
      tag: "tag",
    },
    legs: [ACCOUNT.pool, sideIf("count", HELD, ACCOUNT.held, ACCOUNT.user)],
    judge: award,
    note: ({ packets }, { packetId, user, amountFen, sponsor, count }) =>
      packets.award(packetId, user, amountFen, sponsor, count === HELD),
    isAwaited: true,
    bringsHoldings: true,
    award: ({ count }) => count === HELD ? "unopened" : "open",
    seenAs: "shake",
  },
  /** The user opens their award. Keyed by the packet; the verdict tells amount and sponsor, which they needn't know. */
  open: {
    number: 20,
    fields: { packetId: "packetId", user: "user" },
    legs: [ACCOUNT.held, ACCOUNT.user],
    judge: open,
    replay: reopen,
    note: ({ packets }, { packetId }) => packets.note(packetId, PacketState.opened),
    tells: "numbers",
    isAwaited: true,
    award: () => "open",
    seenAs: "open",
  },
  /** An award that its user didn't open before the event was closed. Keyed by the packet. */
  lapse: {
    number: 21,
    fields: { packetId: "packetId", user: "user", amountFen: "amountFen", sponsor: "sponsor" },
    legs: [ACCOUNT.held, ACCOUNT.returned],
    judge: lapse,
    note: ({ packets }, { packetId }) => packets.note(packetId, PacketState.lapsed),
    isAwaited: true,
    award: () => "lapsed",
  },
  /** A question: the user's next undelivered packet after another, or their first for 0; packet 0 if there is none. */
  pendingOf: {
    number: 4,
    fields: { user: "user", after: "packetId" },
    judge: findPending,
    tells: "numbers",
    bringsHoldings: true,
  },
  /** An award, or a share of a sent packet, has reached its user. Written lazily: losing it only repeats a message. */
  delivered: {
    number: 5,
    fields: { packetId: "packetId", user: "user" },
    judge: deliver,
    isMark: true,
  },
} as const satisfies Readonly<Record<string, Kind>>;

function award(registry: Registry, entry: Judgement): void {
  const { packetId, user, amountFen, sponsor } = entry;
  if (!isOfMoney(entry)) return refuse(entry, Refusal.malformed);
  const { packets } = registry;
  if (packets.isAwarded(packetId)) {
    const isSame = packets.user(packetId) === user && packets.amountFen(packetId) === amountFen;
    return isSame ? say(entry, Verdict.doneBefore) : refuse(entry, Refusal.packetTaken);
  }
  const owner = registry.mints.sponsorOf(packetId);
  if (owner < 0) return refuse(entry, Refusal.unknownPacket);
  if (owner !== sponsor) return refuse(entry, Refusal.wrongSponsor);
  if (packetId < registry.givenBackBelow(sponsor)) return refuse(entry, Refusal.givenBack);
  // Limits may have changed since a row was new, so it is held to none.
  const limit = entry.isStored ? Refusal.none : registry.limitReached(user, sponsor);
  if (limit !== Refusal.none) {
    registry.money?.refused(packetId, sponsor, limit);
    return refuse(entry, limit);
  }
  if (amountFen > registry.poolFenOf(sponsor)) return refuse(entry, Refusal.poolEmpty);
  const isHeld = entry.count === HELD;
  registry.awarded(packetId, user, amountFen, sponsor, isHeld);
  registry.money?.awarded(packetId, amountFen, sponsor, isHeld);
  say(entry, Verdict.done);
}

function open(registry: Registry, entry: Judgement): void {
  const { packets } = registry;
  const { packetId } = entry;
  if (registry.awardOf(packetId)?.user !== entry.user) return refuse(entry, Refusal.unknownPacket);
  const state = packets.state(packetId);
  if ((state & PacketState.lapsed) !== 0) return refuse(entry, Refusal.givenBack);
  entry.amountFen = packets.amountFen(packetId);
  entry.sponsor = packets.sponsor(packetId);
  if (!isUnopened(state)) return say(entry, Verdict.doneBefore);
  registry.opened(packetId);
  registry.money?.opened(packetId, entry.amountFen, entry.sponsor);
  say(entry, Verdict.done);
}

/** A stored `open` must say what the award says. */
function reopen(registry: Registry, row: Judgement): void {
  const { packetId, amountFen, sponsor } = row;
  const isRight = registry.awardOf(packetId)?.amountFen === amountFen &&
    registry.packets.sponsor(packetId) === sponsor;
  if (isRight) open(registry, row);
  else refuse(row, Refusal.malformed);
}

function lapse(registry: Registry, entry: Judgement): void {
  const { packetId, user, amountFen, sponsor } = entry;
  const { packets } = registry;
  const award = registry.awardOf(packetId);
  const isRight = isOfMoney(entry) && award?.user === user && award.amountFen === amountFen &&
    packets.sponsor(packetId) === sponsor;
  if (!isRight) return refuse(entry, Refusal.malformed);
  const state = packets.state(packetId);
  if ((state & PacketState.lapsed) !== 0) return say(entry, Verdict.doneBefore);
  if (!isUnopened(state)) return refuse(entry, Refusal.packetTaken);
  registry.lapsed(packetId);
  registry.money?.lapsed(packetId, amountFen, sponsor, (state & PacketState.delivered) !== 0);
  say(entry, Verdict.done);
}

/** An award is pending until it has reached its user, and is open. */
function findPending(registry: Registry, entry: Judgement): void {
  const { packets, latest } = registry;
  const { user, packetId: after } = entry;
  say(entry, Verdict.done);
  entry.packetId =
    entry.amountFen =
    entry.sponsor =
    entry.count =
      0;
  let id = after === 0 || registry.awardOf(after)?.user !== user ? latest.get(user) : packets.previous(after);
  for (let looked = 0; id !== 0 && looked < MAX_LOOKED_AT; looked++, id = packets.previous(id)) {
    const state = packets.state(id);
    const isOver = (state & (PacketState.delivered | PacketState.lapsed)) !== 0;
    if (isOver && !isUnopened(state)) continue;
    entry.packetId = id;
    entry.amountFen = packets.amountFen(id);
    entry.sponsor = packets.sponsor(id);
    entry.count = isUnopened(state) ? HELD : 0;
    return;
  }
}

function deliver(registry: Registry, entry: Judgement): void {
  const { packetId, user } = entry;
  if (registry.sends.list.has(packetId)) {
    const isNew = registry.sends.pending.deliver(user, packetId);
    return say(entry, isNew ? Verdict.done : Verdict.doneBefore);
  }
  if (registry.awardOf(packetId)?.user !== user) return refuse(entry, Refusal.unknownPacket);
  const { packets } = registry;
  const isNew = (packets.state(packetId) & PacketState.delivered) === 0;
  if (isNew) {
    packets.note(packetId, PacketState.delivered);
    registry.money?.delivered(packetId, packets.amountFen(packetId), packets.sponsor(packetId));
  }
  say(entry, isNew ? Verdict.done : Verdict.doneBefore);
}
