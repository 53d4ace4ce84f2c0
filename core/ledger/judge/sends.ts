import { assert } from "../../base/assert.ts";
import { ownerSet } from "../../base/owner_set.ts";
import { entryAmountFen, EntryKind, EntryWord, PAYLOAD_WORDS, Refusal, Verdict } from "../record/entry.ts";
import { RowField } from "../record/entry_rows.ts";
import { Groups } from "./groups.ts";
import { type IdSpace, idSpaceOf } from "../../base/id_space.ts";
import { type Judgement, refuse, say } from "../record/ledger.ts";
import { PendingShares } from "./pending_shares.ts";
import { isSplit, readSendBody } from "../record/send_body.ts";
import { SentList } from "./sent_list.ts";
import { HEAD_WORDS, SentPacket } from "../record/sent_packet.ts";

/** Packets whose words are kept for questions; a question brings eight of them. */
const MOST_ASKED = 64;

/** Where the words of packets that have ended lie, so that they needn't be in memory. */
export interface EndedPackets {
  /** As `SentPacket.words` has them; undefined if it isn't there. */
  ended(packetId: number): Uint32Array | undefined;
}

/** What the judge knows of a user's money besides what they have won. */
export interface Purse {
  /** What the user has won by shaking, in fen. */
  wonFen(user: number): number;
  /** No packet id below this is free. */
  nextPacketId(): number;
  /** What came out of `source` for packets to be won, in fen. */
  mintedFen(): number;
  /** Why a user can't get money for an order; `Refusal.none` if they can. */
  fundObjection(order: number, user: number, amountFen: number): number;
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
  readonly list: SentList;
  readonly pending = new PendingShares();
  /** By user: what came in less what went out, besides what they have won. */
  readonly netFen = new Map<number, number>();
  /** By funding order: the highest user that has it; an order goes through its users upwards. */
  readonly fundedTo = new Map<number, number>();
  /** Sums of this part alone, in fen. */
  readonly totals = { sourceFen: 0, userFen: 0, packetFen: 0 };
  readonly #purse: Purse;
  readonly #lastSent: number;
  readonly #ended: EndedPackets | undefined;
  /** Packets that are open, and those that have ended and lie nowhere else; oldest first. */
  readonly #kept = new Map<number, SentPacket>();
  /** Of the open ones: by user those that name them, and by group. */
  readonly #namedIn = new Map<number, Set<SentPacket>>();
  readonly #ofGroup = new Map<number, Set<SentPacket>>();
  /** Words that were asked for lately. */
  readonly #asked = new Map<number, Uint32Array>();

  /** @param ended undefined to keep all packets in memory */
  constructor(purse: Purse, ended?: EndedPackets, ids: IdSpace = idSpaceOf(0)) {
    this.list = new SentList(ids.firstSent);
    this.#lastSent = ids.lastSent;
    this.#purse = purse;
    this.#ended = ended;
  }

  /** The lowest packet id that a sent packet has; one more than the highest id without any. */
  get lowestId(): number {
    return this.list.lowestId;
  }

  /** Packets in memory, oldest first. */
  get kept(): Iterable<SentPacket> {
    return this.#kept.values();
  }

  get keptCount(): number {
    return this.#kept.size;
  }

  /** A packet, wherever it is; a change to one that has ended is lost. */
  packet(packetId: number): SentPacket | undefined {
    const kept = this.#kept.get(packetId);
    if (kept !== undefined) return kept;
    const words = this.words(packetId);
    return words === undefined ? undefined : SentPacket.from(words);
  }

  /** A packet's words, wherever it is. They are the same until it changes, and are not to be written to. */
  words(packetId: number): Uint32Array | undefined {
    if (!this.list.has(packetId)) return undefined;
    let words = this.#asked.get(packetId);
    if (words !== undefined) return words;
    words = this.#kept.get(packetId)?.words() ?? this.#ended?.ended(packetId);
    assert(words !== undefined, "a packet is in memory until it lies elsewhere");
    if (this.#asked.size >= MOST_ASKED) this.#asked.delete(this.#asked.keys().next().value!);
    this.#asked.set(packetId, words!);
    return words;
  }

  /** A packet that has ended lies elsewhere now. */
  forget(packetId: number): void {
    this.#kept.delete(packetId);
  }

  /** From a checkpoint: a packet that is in memory. Its sender's money and the list are restored apart. */
  restore(packet: SentPacket): void {
    this.#kept.set(packet.fields.packetId, packet);
    if (!packet.isOpen) return;
    this.#expose(packet);
    const { group, recipients } = packet.fields;
    if (group !== 0) this.groups.note(group, recipients);
  }

  /** All of a user's money in fen, won and sent. */
  balanceOf(user: number): number {
    return this.#purse.wonFen(user) + (this.netFen.get(user) ?? 0);
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
    if (judgement.hasEnded) this.#compareEnded(judgement);
  }

  /** A packet that a stored row ends must lie where ended ones do, as the rows have it; an older program left it out. */
  #compareEnded(judgement: Judgement): void {
    const stored = this.#ended?.ended(judgement.packetId);
    if (stored === undefined) return;
    const words = this.#kept.get(judgement.packetId)!.words();
    const isSame = words.length === stored.length && words.every((word, i) => word === stored[i]);
    if (isSame) this.forget(judgement.packetId);
    else refuse(judgement, Refusal.malformed);
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
      case EntryKind.pendingShare: {
        const share = this.pending.next(user, words[at + EntryWord.packetId] >>> 0);
        reply[0] = share?.packetId ?? 0;
        reply[1] = share?.amountFen ?? 0;
        return;
      }
      case EntryKind.head:
        return copyFrom(this.words(asked)?.subarray(0, HEAD_WORDS), 0, reply);
      case EntryKind.packetBody:
        return copyFrom(this.words(asked)?.subarray(HEAD_WORDS), from, reply);
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
    judgement.hasEnded = false;
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
    if (user <= (this.fundedTo.get(tag) ?? -1)) return say(judgement, Verdict.doneBefore);
    if (amountFen - this.totals.sourceFen + this.#purse.mintedFen() > Number.MAX_SAFE_INTEGER) {
      return refuse(judgement, Refusal.malformed);
    }
    const objection = this.#purse.fundObjection(tag, user, amountFen);
    if (objection !== Refusal.none) return refuse(judgement, objection);
    this.fundedTo.set(tag, user);
    this.totals.sourceFen -= amountFen;
    this.#pay(user, amountFen);
    say(judgement, Verdict.done);
  }

  #send(step: Step, judgement: Judgement): void {
    const { user, amountFen, isFromHost } = step;
    const body = readSendBody(step.body, step.count);
    if (body === undefined || !isSplit(body, amountFen)) return refuse(judgement, Refusal.malformed);
    const before = this.list.idOf(user, isFromHost, body.requestId);
    if (before !== 0) {
      const packet = this.packet(before)!;
      judgement.packetId = before;
      writeDeadline(packet.fields.deadlineMs, judgement);
      if (packet.isSame(amountFen, body)) return say(judgement, Verdict.doneBefore);
      return refuse(judgement, Refusal.requestTaken);
    }
    const group = body.group === 0 ? undefined : this.groups.get(body.group);
    if (body.group !== 0 && group === undefined) return refuse(judgement, Refusal.unknownGroup);
    if (group !== undefined && !isFromHost && !group.has(user)) return refuse(judgement, Refusal.notMember);
    if (!isFromHost && amountFen > this.balanceOf(user)) return refuse(judgement, Refusal.noMoney);
    const packetId = this.list.lowestId - 1;
    if (packetId < Math.max(this.#lastSent, this.#purse.nextPacketId())) {
      return refuse(judgement, Refusal.idsTaken);
    }
    const { mode, deadlineMs, shares } = body;
    const recipients = group?.members ?? body.recipients.slice().sort();
    const fields = { packetId, sender: user, isFromHost, amountFen, mode, deadlineMs, shares, recipients };
    this.#add(new SentPacket({ ...fields, group: body.group }), body.requestId);
    writeDeadline(deadlineMs, judgement);
    judgement.packetId = packetId;
    judgement.body = step.body;
    say(judgement, Verdict.done);
  }

  #add(packet: SentPacket, requestId: number): void {
    const { packetId, sender, isFromHost, amountFen } = packet.fields;
    this.list.add(sender, isFromHost, requestId);
    this.#kept.set(packetId, packet);
    if (isFromHost) this.totals.sourceFen -= amountFen;
    else this.#pay(sender, -amountFen);
    this.totals.packetFen += amountFen;
    this.#expose(packet);
  }

  /** Lets its recipients find an open packet. */
  #expose(packet: SentPacket): void {
    const { group, recipients } = packet.fields;
    if (group === 0) { for (const user of recipients) append(this.#namedIn, user, packet); }
    else append(this.#ofGroup, group, packet);
  }

  /** A packet has changed; one that has ended is nobody's to find any more. */
  #changed(packet: SentPacket, judgement: Judgement): void {
    const { packetId, group, recipients } = packet.fields;
    this.#asked.delete(packetId);
    if (packet.isOpen) return;
    judgement.hasEnded = true;
    this.list.markEnded(packetId);
    if (group !== 0) remove(this.#ofGroup, group, packet);
    else for (const user of recipients) remove(this.#namedIn, user, packet);
  }

  #claim({ packetId, user, amountFen, count: share }: Step, judgement: Judgement): void {
    const packet = this.packet(packetId);
    if (packet === undefined) return refuse(judgement, Refusal.unknownPacket);
    const has = packet.shareOf.get(user);
    if (has === share && packet.fields.shares[share] === amountFen) return say(judgement, Verdict.doneBefore);
    if (has !== undefined) return refuse(judgement, Refusal.alreadyClaimed);
    if (packet.isOver) return refuse(judgement, Refusal.givenBack);
    if (!packet.isRecipient(user)) return refuse(judgement, Refusal.notRecipient);
    if (packet.fields.shares[share] !== amountFen) return refuse(judgement, Refusal.malformed);
    if (!packet.isFree(share)) return refuse(judgement, Refusal.packetTaken);
    packet.take(share, user);
    this.pending.add(user, packetId, amountFen);
    this.totals.packetFen -= amountFen;
    this.#pay(user, amountFen);
    this.#changed(packet, judgement);
    say(judgement, Verdict.done);
  }

  #takeBack({ packetId, user, amountFen, isFromHost }: Step, judgement: Judgement): void {
    const packet = this.packet(packetId);
    if (packet === undefined) return refuse(judgement, Refusal.unknownPacket);
    const isRight = packet.fields.sender === user && packet.fields.isFromHost === isFromHost &&
      packet.restFen === amountFen && amountFen > 0;
    if (!isRight) return refuse(judgement, Refusal.malformed);
    if (packet.isOver) return say(judgement, Verdict.doneBefore);
    packet.isOver = true;
    this.totals.packetFen -= amountFen;
    if (isFromHost) this.totals.sourceFen += amountFen;
    else this.#pay(user, amountFen);
    this.#changed(packet, judgement);
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
    const look = (packets: Iterable<SentPacket> = []) => {
      for (const packet of packets) {
        const { packetId } = packet.fields;
        // Ids go down, so a newer packet has a smaller one.
        if (packetId <= after || packet.shareOf.has(user) || !packet.isRecipient(user)) continue;
        if (found === undefined || packetId < found.fields.packetId) found = packet;
      }
    };
    look(this.#namedIn.get(user));
    for (const group of this.groups.everOf(user)) look(this.#ofGroup.get(group));
    return found;
  }

  /** The next packet that is open and belongs to a SET, from the oldest on; `after` 0 for the first. */
  #nextOpen(set: number, setCount: number, after: number): SentPacket | undefined {
    let packetId = this.list.nextOpen(after);
    while (packetId !== 0 && ownerSet(packetId, setCount) !== set) packetId = this.list.nextOpen(packetId);
    return this.#kept.get(packetId);
  }

  #pay(user: number, fen: number): void {
    this.netFen.set(user, (this.netFen.get(user) ?? 0) + fen);
    this.totals.userFen += fen;
  }
}

function append(sets: Map<number, Set<SentPacket>>, key: number, packet: SentPacket): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([packet]));
  else set.add(packet);
}

function remove(sets: Map<number, Set<SentPacket>>, key: number, packet: SentPacket): void {
  const set = sets.get(key);
  set?.delete(packet);
  if (set?.size === 0) sets.delete(key);
}

/** The verdict on a send tells its deadline, which is the first one's if it was sent before. */
function writeDeadline(deadlineMs: number, { reply }: Judgement): void {
  reply[0] = deadlineMs;
  reply[1] = Math.floor(deadlineMs / 0x1_0000_0000);
}

function copyFrom(words: Uint32Array | undefined, from: number, reply: Int32Array): void {
  if (words === undefined) return;
  for (let i = 0; i < PAYLOAD_WORDS && from + i < words.length; i++) reply[i] = words[from + i];
}
