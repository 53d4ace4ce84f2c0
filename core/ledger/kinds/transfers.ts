import { Refusal, Verdict } from "../record/entry.ts";
import { type Judgement, refuse, say } from "../record/judgement.ts";
import { isSplit, readSendBody } from "../record/send_body.ts";
import { SentPacket } from "../record/sent_packet.ts";
import type { Registry } from "../registry/registry.ts";
import { type Fields, type Values, viewOf } from "./fields.ts";
import { type Kind, NO_MONEY } from "./kind.ts";
import { ACCOUNT, sideIf } from "./sides.ts";

const NO_WORDS = new Uint32Array();
/** Who pays for a sent packet: the host, or its sender. */
const FROM_HOST = 1;
const sender = sideIf("sponsor", FROM_HOST, ACCOUNT.source, ACCOUNT.user);

/** What users send each other, and changes something. */
export const transferKinds = {
  /** Money for a rehearsal's user. Keyed by order and user; the users of an order go upwards. A row has it as its packet. */
  fund: transfer({
    number: 6,
    fields: { order: "tag", user: "user", amountFen: "amountFen" },
    legs: [ACCOUNT.source, ACCOUNT.user],
  }, fund),
  /**
   * A packet from a user, or the host, to others; its body is a `SendBody`. Keyed by sender and request id. The verdict
   * brings the packet's id and the deadline in unix ms, low and high 32 bits.
   */
  send: transfer({
    number: 7,
    fields: { sender: "user", amountFen: "amountFen", isFromHost: "sponsor", shares: "count", tag: "tag" },
    legs: [sender, ACCOUNT.packet],
    hasBody: true,
    tells: "numbers",
    isNumbered: true,
    isOfSentPacket: true,
  }, send),
  /** A share of a packet to a user. Keyed by packet and share, and one a user. */
  claim: transfer({
    number: 8,
    fields: { packetId: "packetId", user: "user", share: "count", amountFen: "amountFen" },
    legs: [ACCOUNT.packet, ACCOUNT.user],
    isOfSentPacket: true,
    seenAs: "claim",
  }, claim),
  /** What nobody claimed in time, to whoever has sent it. Keyed by the packet. */
  takeBack: transfer({
    number: 9,
    fields: { packetId: "packetId", sender: "user", amountFen: "amountFen", isFromHost: "sponsor" },
    legs: [ACCOUNT.packet, sender],
    isOfSentPacket: true,
  }, takeBack),
  /** A group's members, which are its body. */
  group: transfer({
    number: 10,
    fields: { group: "packetId", members: "count" },
    legs: NO_MONEY,
    hasBody: true,
  }, setGroup),
};

/**
 * A kind that changes what users sent. Each row is decided again for a checkpoint too, whose registry knows what was sent. What
 * it stores beside its row is up to it.
 */
function transfer<F extends Fields>(
  kind: Omit<Kind<F>, "judge" | "note">,
  decide: (registry: Registry, values: Values<F>, entry: Judgement, body: Uint32Array) => void,
): Kind<F> {
  const view = viewOf(kind.fields);
  const judge = (registry: Registry, entry: Judgement) => {
    const body = entry.body ?? NO_WORDS;
    entry.body = undefined;
    decide(registry, view(entry), entry, body);
  };
  const replay = (registry: Registry, row: Judgement) => {
    judge(registry, row);
    if (row.hasEnded && !registry.sends.endedAsStored(row.packetId)) refuse(row, Refusal.malformed);
  };
  return { ...kind, judge, replay, note: replay, isAwaited: true };
}

function fund(
  registry: Registry,
  values: { order: number; user: number; amountFen: number },
  entry: Judgement,
): void {
  const { sends } = registry;
  const { user, amountFen } = values;
  const order = entry.isStored ? entry.packetId : values.order;
  entry.packetId = order;
  if (amountFen <= 0 || order === 0) return refuse(entry, Refusal.malformed);
  if (user <= (sends.fundedTo.get(order) ?? -1)) return say(entry, Verdict.doneBefore);
  if (!registry.canTake(amountFen)) return refuse(entry, Refusal.malformed);
  const objection = registry.orders.fundObjection(order, user, amountFen);
  if (objection !== Refusal.none) return refuse(entry, objection);
  sends.fundedTo.set(order, user);
  sends.fund(user, amountFen);
  say(entry, Verdict.done);
}

function send(
  registry: Registry,
  { sender, amountFen, isFromHost, shares }: {
    sender: number;
    amountFen: number;
    isFromHost: boolean;
    shares: number;
  },
  entry: Judgement,
  words: Uint32Array,
): void {
  const { sends } = registry;
  const body = readSendBody(words, shares >>> 0);
  if (body === undefined || !isSplit(body, amountFen)) return refuse(entry, Refusal.malformed);
  const before = sends.list.idOf(sender, isFromHost, body.requestId);
  if (before !== 0) {
    const packet = sends.packet(before)!;
    entry.packetId = before;
    tellDeadline(packet.fields.deadlineMs, entry);
    return packet.isSame(amountFen, body)
      ? say(entry, Verdict.doneBefore)
      : refuse(entry, Refusal.requestTaken);
  }
  const group = body.group === 0 ? undefined : sends.groups.get(body.group);
  if (body.group !== 0 && group === undefined) return refuse(entry, Refusal.unknownGroup);
  if (group !== undefined && !isFromHost && !group.has(sender)) return refuse(entry, Refusal.notMember);
  if (!isFromHost && amountFen > registry.balanceOf(sender)) return refuse(entry, Refusal.noMoney);
  const packetId = sends.nextId(registry.nextPacketId);
  if (packetId === 0) return refuse(entry, Refusal.idsTaken);
  const recipients = group?.members ?? body.recipients.slice().sort();
  sends.add(new SentPacket({ ...body, packetId, sender, isFromHost, amountFen, recipients }), body.requestId);
  tellDeadline(body.deadlineMs, entry);
  entry.packetId = packetId;
  entry.body = words;
  say(entry, Verdict.done);
}

/** The verdict on a send tells its deadline, which is the first one's if it was sent before. */
function tellDeadline(deadlineMs: number, entry: Judgement): void {
  entry.asked = deadlineMs >>> 0;
  entry.askedFrom = Math.floor(deadlineMs / 0x1_0000_0000);
}

function claim(
  { sends }: Registry,
  { packetId, user, share, amountFen }: { packetId: number; user: number; share: number; amountFen: number },
  entry: Judgement,
): void {
  const packet = sends.packet(packetId);
  if (packet === undefined) return refuse(entry, Refusal.unknownPacket);
  const has = packet.shareOf.get(user);
  const isRight = packet.fields.shares[share] === amountFen;
  if (has === share && isRight) return say(entry, Verdict.doneBefore);
  if (has !== undefined) return refuse(entry, Refusal.alreadyClaimed);
  if (packet.isOver) return refuse(entry, Refusal.givenBack);
  if (!packet.isRecipient(user)) return refuse(entry, Refusal.notRecipient);
  if (!isRight) return refuse(entry, Refusal.malformed);
  if (!packet.isFree(share)) return refuse(entry, Refusal.packetTaken);
  entry.hasEnded = sends.claim(packet, share, user);
  say(entry, Verdict.done);
}

function takeBack(
  { sends }: Registry,
  { packetId, sender, amountFen, isFromHost }: {
    packetId: number;
    sender: number;
    amountFen: number;
    isFromHost: boolean;
  },
  entry: Judgement,
): void {
  const packet = sends.packet(packetId);
  if (packet === undefined) return refuse(entry, Refusal.unknownPacket);
  const isRight = packet.fields.sender === sender && packet.fields.isFromHost === isFromHost &&
    packet.restFen === amountFen && amountFen > 0;
  if (!isRight) return refuse(entry, Refusal.malformed);
  if (packet.isOver) return say(entry, Verdict.doneBefore);
  sends.takeBack(packet);
  entry.hasEnded = true;
  say(entry, Verdict.done);
}

function setGroup(
  { sends }: Registry,
  { group, members }: { group: number; members: number },
  entry: Judgement,
  body: Uint32Array,
): void {
  const count = members >>> 0;
  if (group === 0 || body.length < count) return refuse(entry, Refusal.malformed);
  const users = body.slice(0, count);
  if (!sends.groups.set(group, users)) return say(entry, Verdict.doneBefore);
  entry.body = users;
  say(entry, Verdict.done);
}
