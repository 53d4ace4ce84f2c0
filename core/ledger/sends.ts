import { ownerSet } from "../set/owner_set.ts";
import { entryAmountFen, EntryKind, EntryWord, PAYLOAD_WORDS, Refusal, Verdict } from "./entry.ts";
import { RowField } from "./entry_rows.ts";
import { Groups } from "./groups.ts";
import type { Judgement } from "./ledger.ts";
import { readSendBody, type SendBody } from "./send_body.ts";
import { SentPacket } from "./sent_packet.ts";

/** Sent packets have ids from here down, those of mints go up from 1: one id space, and neither waits for the other. */
const FIRST_ID = 0xffff_ffff;
/** A packet's amount and its shares are 32 bits on the wire. */
const MOST_FEN = 0xffff_ffff;

/** What the judge knows of a user's money besides what he has won. */
export interface Purse {
  /** What the user has won by shaking, in fen. */
  wonFen(user: number): number;
  /** No packet id below this is free. */
  nextPacketId(): number;
}

/** One entry's fields, whether they come from a ring or from a row. */
interface Step {
  readonly kind: number;
  readonly packetId: number;
  readonly user: number;
  readonly amountFen: number;
  readonly isFromHost: boolean;
  readonly count: number;
  readonly tag: number;
  readonly body: Uint32Array;
}

/**
 * The judge's part on what users send each other: funding, sends, claims, what goes back, and groups. Everything is keyed:
 * a send by sender and request id, a claim by packet and share, a return by packet, funding by order and user.
 */
export class Sends {
  readonly groups = new Groups();
  readonly #purse: Purse;
  /** Packet `i` has id `FIRST_ID - i`. */
  readonly #packets: SentPacket[] = [];
  /** By sender (the host is apart): his packets by request id. */
  readonly #sentBy = new Map<number, Map<number, SentPacket>>();
  readonly #sentByHost = new Map<number, SentPacket>();
  /** By user: packets that name him, until he has claimed or they are over. */
  readonly #namedIn = new Map<number, SentPacket[]>();
  readonly #ofGroup = new Map<number, SentPacket[]>();
  /** By user: what came in less what went out, besides what he has won. */
  readonly #netFen = new Map<number, number>();
  /** By funding order: the highest user that has it; an order goes through its users upwards. */
  readonly #fundedTo = new Map<number, number>();
  readonly #totals = { sourceFen: 0, userFen: 0, packetFen: 0 };

  constructor(purse: Purse) {
    this.#purse = purse;
  }

  /** Sums of this part alone, in fen. */
  get totals(): Readonly<{ sourceFen: number; userFen: number; packetFen: number }> {
    return this.#totals;
  }

  /** The lowest packet id that a sent packet has; one more than the highest id without any. */
  get lowestId(): number {
    return FIRST_ID + 1 - this.#packets.length;
  }

  packet(packetId: number): SentPacket | undefined {
    return this.#packets[FIRST_ID - packetId];
  }

  /** All of a user's money in fen, won and sent. */
  balanceOf(user: number): number {
    return this.#purse.wonFen(user) + (this.#netFen.get(user) ?? 0);
  }

  /** Judges an entry of a ring; `body` are the words of the parts in front of it. */
  judge(words: Int32Array, at: number, body: Uint32Array, judgement: Judgement): void {
    this.#decide({
      kind: words[at + EntryWord.kind],
      packetId: words[at + EntryWord.packetId] >>> 0,
      user: words[at + EntryWord.user] >>> 0,
      amountFen: entryAmountFen(words, at),
      isFromHost: words[at + EntryWord.sponsor] === 1,
      count: words[at + EntryWord.count] >>> 0,
      tag: words[at + EntryWord.tag] >>> 0,
      body,
    }, judgement);
  }

  /** Judges a stored row again. */
  replay(values: Float64Array, at: number, body: Uint32Array, judgement: Judgement): void {
    const kind = values[at + RowField.kind];
    this.#decide({
      kind,
      packetId: values[at + RowField.packetId],
      user: values[at + RowField.user],
      amountFen: values[at + RowField.amount],
      isFromHost: values[at + RowField.sponsor] === 1,
      count: values[at + RowField.count],
      // A row of funding keeps the order in its packet id.
      tag: values[at + RowField.packetId],
      body,
    }, judgement);
  }

  /** Answers a question into `reply`, which has {@linkcode PAYLOAD_WORDS}. */
  answer(words: Int32Array, at: number, reply: Int32Array): void {
    reply.fill(0);
    const user = words[at + EntryWord.user] >>> 0;
    const asked = words[at + EntryWord.asked] >>> 0;
    const from = words[at + EntryWord.askedFrom] >>> 0;
    switch (words[at + EntryWord.kind]) {
      case EntryKind.openFor:
        return this.#openFor(user, words[at + EntryWord.packetId] >>> 0)?.writeHead(reply);
      case EntryKind.nextOpen: {
        const after = words[at + EntryWord.packetId] >>> 0;
        return this.#nextOpen(user, words[at + EntryWord.count], after)?.writeHead(reply);
      }
      case EntryKind.head:
        return this.packet(asked)?.writeHead(reply);
      case EntryKind.packetBody:
        return copyFrom(this.packet(asked)?.words(), from, reply);
      case EntryKind.groupBody:
        return copyFrom(this.groups.get(asked)?.words, from, reply);
      case EntryKind.nextGroup: {
        const next = this.groups.after(words[at + EntryWord.packetId] >>> 0);
        reply[0] = next;
        reply[1] = this.groups.get(next)?.members.length ?? 0;
        return;
      }
      case EntryKind.balanceOf: {
        const fen = this.balanceOf(user);
        reply[0] = fen;
        reply[1] = Math.floor(fen / 0x1_0000_0000);
      }
    }
  }

  #decide(step: Step, judgement: Judgement): void {
    judgement.body = undefined;
    judgement.packetId = step.packetId;
    switch (step.kind) {
      case EntryKind.fund:
        return this.#fund(step, judgement);
      case EntryKind.send:
        return this.#send(step, judgement);
      case EntryKind.claim:
        return this.#claim(step, judgement);
      case EntryKind.takeBack:
        return this.#takeBack(step, judgement);
      default:
        return this.#setGroup(step, judgement);
    }
  }

  #fund({ user, amountFen, tag }: Step, judgement: Judgement): void {
    judgement.packetId = tag;
    if (amountFen <= 0 || tag === 0) return refuse(judgement, Refusal.malformed);
    if (user <= (this.#fundedTo.get(tag) ?? -1)) return say(judgement, Verdict.doneBefore);
    if (amountFen - this.#totals.sourceFen > Number.MAX_SAFE_INTEGER) {
      return refuse(judgement, Refusal.malformed);
    }
    this.#fundedTo.set(tag, user);
    this.#totals.sourceFen -= amountFen;
    this.#pay(user, amountFen);
    say(judgement, Verdict.done);
  }

  #send(step: Step, judgement: Judgement): void {
    const { user, amountFen, isFromHost } = step;
    const body = readSendBody(step.body, step.count);
    if (body === undefined || !isSplit(body, amountFen)) return refuse(judgement, Refusal.malformed);
    const before = this.#requests(user, isFromHost).get(body.requestId);
    if (before !== undefined) {
      judgement.packetId = before.packetId;
      writeDeadline(before, judgement);
      if (isSameSend(before, amountFen, body)) return say(judgement, Verdict.doneBefore);
      return refuse(judgement, Refusal.requestTaken);
    }
    const group = body.group === 0 ? undefined : this.groups.get(body.group);
    if (body.group !== 0 && group === undefined) return refuse(judgement, Refusal.unknownGroup);
    if (group !== undefined && !isFromHost && !group.has(user)) return refuse(judgement, Refusal.notMember);
    if (!isFromHost && amountFen > this.balanceOf(user)) return refuse(judgement, Refusal.noMoney);
    const packetId = FIRST_ID - this.#packets.length;
    if (packetId < this.#purse.nextPacketId()) return refuse(judgement, Refusal.idsTaken);
    const recipients = group?.members ?? body.recipients.slice().sort();
    const packet = new SentPacket(packetId, user, isFromHost, amountFen, body, recipients);
    this.#add(packet);
    writeDeadline(packet, judgement);
    judgement.packetId = packetId;
    judgement.body = step.body;
    say(judgement, Verdict.done);
  }

  #add(packet: SentPacket): void {
    const { sender, isFromHost, amountFen, body } = packet;
    this.#packets.push(packet);
    this.#requests(sender, isFromHost).set(body.requestId, packet);
    if (isFromHost) this.#totals.sourceFen -= amountFen;
    else this.#pay(sender, -amountFen);
    this.#totals.packetFen += amountFen;
    if (body.group !== 0) append(this.#ofGroup, body.group, packet);
    else for (const user of packet.recipients) append(this.#namedIn, user, packet);
  }

  #claim({ packetId, user, amountFen, count: share }: Step, judgement: Judgement): void {
    const packet = this.packet(packetId);
    if (packet === undefined) return refuse(judgement, Refusal.unknownPacket);
    const has = packet.shareOf.get(user);
    if (has === share && packet.body.shares[share] === amountFen) return say(judgement, Verdict.doneBefore);
    if (has !== undefined) return refuse(judgement, Refusal.alreadyClaimed);
    if (packet.isOver) return refuse(judgement, Refusal.givenBack);
    if (!packet.isRecipient(user)) return refuse(judgement, Refusal.notRecipient);
    if (packet.body.shares[share] !== amountFen) return refuse(judgement, Refusal.malformed);
    if (!packet.isFree(share)) return refuse(judgement, Refusal.packetTaken);
    packet.take(share, user);
    this.#totals.packetFen -= amountFen;
    this.#pay(user, amountFen);
    say(judgement, Verdict.done);
  }

  #takeBack({ packetId, user, amountFen, isFromHost }: Step, judgement: Judgement): void {
    const packet = this.packet(packetId);
    if (packet === undefined) return refuse(judgement, Refusal.unknownPacket);
    const isRight = packet.sender === user && packet.isFromHost === isFromHost &&
      packet.restFen === amountFen && amountFen > 0;
    if (!isRight) return refuse(judgement, Refusal.malformed);
    if (packet.isOver) return say(judgement, Verdict.doneBefore);
    packet.isOver = true;
    this.#totals.packetFen -= amountFen;
    if (isFromHost) this.#totals.sourceFen += amountFen;
    else this.#pay(user, amountFen);
    say(judgement, Verdict.done);
  }

  #setGroup({ packetId, count, body }: Step, judgement: Judgement): void {
    if (packetId === 0 || body.length < count) return refuse(judgement, Refusal.malformed);
    const members = body.slice(0, count);
    if (!this.groups.set(packetId, members)) return say(judgement, Verdict.doneBefore);
    judgement.body = members;
    say(judgement, Verdict.done);
  }

  /** The newest open packet before `after` that the user may claim and hasn't; the newest of all for 0. */
  #openFor(user: number, after: number): SentPacket | undefined {
    let found: SentPacket | undefined;
    const look = (packets: SentPacket[] | undefined) => {
      if (packets === undefined) return;
      const open = packets.filter((packet) => packet.isOpen);
      if (open.length < packets.length) packets.splice(0, packets.length, ...open);
      for (const packet of open) {
        // Ids go down, so a newer packet has a smaller one.
        if (packet.packetId <= after || packet.shareOf.has(user) || !packet.isRecipient(user)) continue;
        if (found === undefined || packet.packetId < found.packetId) found = packet;
      }
    };
    look(this.#namedIn.get(user));
    for (const group of this.groups.everOf(user)) look(this.#ofGroup.get(group));
    return found;
  }

  /** The next packet that is open and belongs to a SET, from the oldest on; `after` 0 for the first. */
  #nextOpen(set: number, setCount: number, after: number): SentPacket | undefined {
    for (let i = after === 0 ? 0 : FIRST_ID - after + 1; i < this.#packets.length; i++) {
      const packet = this.#packets[i];
      if (packet.isOpen && ownerSet(packet.packetId, setCount) === set) return packet;
    }
    return undefined;
  }

  #requests(user: number, isFromHost: boolean): Map<number, SentPacket> {
    if (isFromHost) return this.#sentByHost;
    let requests = this.#sentBy.get(user);
    if (requests === undefined) this.#sentBy.set(user, requests = new Map());
    return requests;
  }

  #pay(user: number, fen: number): void {
    this.#netFen.set(user, (this.#netFen.get(user) ?? 0) + fen);
    this.#totals.userFen += fen;
  }
}

function append(lists: Map<number, SentPacket[]>, key: number, packet: SentPacket): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [packet]);
  else list.push(packet);
}

/** The verdict on a send tells its deadline, which is the first one's if it was sent before. */
function writeDeadline({ body: { deadlineMs } }: SentPacket, { reply }: Judgement): void {
  reply[0] = deadlineMs;
  reply[1] = Math.floor(deadlineMs / 0x1_0000_0000);
}

/** Whether the shares are a split of the amount: each at least 1 fen, and none missing. */
function isSplit({ shares, group, recipients }: SendBody, amountFen: number): boolean {
  if (amountFen > MOST_FEN || (group === 0) === (recipients.length === 0)) return false;
  let sumFen = 0;
  for (const fen of shares) {
    if (fen === 0) return false;
    sumFen += fen;
  }
  return sumFen === amountFen;
}

/** Shares are drawn anew at a repetition, so they aren't compared. */
function isSameSend({ amountFen, body }: SentPacket, otherFen: number, other: SendBody): boolean {
  return amountFen === otherFen && body.mode === other.mode && body.group === other.group &&
    body.shares.length === other.shares.length && body.recipients.length === other.recipients.length &&
    body.recipients.every((user, i) => user === other.recipients[i]);
}

function copyFrom(words: Uint32Array | undefined, from: number, reply: Int32Array): void {
  if (words === undefined) return;
  for (let i = 0; i < PAYLOAD_WORDS && from + i < words.length; i++) reply[i] = words[from + i];
}

function say(judgement: Judgement, verdict: Verdict): void {
  judgement.verdict = verdict;
  judgement.detail = Refusal.none;
}

function refuse(judgement: Judgement, detail: number): void {
  judgement.verdict = Verdict.refused;
  judgement.detail = detail;
}
