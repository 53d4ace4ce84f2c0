import { assert } from "../../base/assert.ts";
import { ownerSet } from "../../base/owner_set.ts";
import { Groups } from "./groups.ts";
import { type IdSpace, idSpaceOf } from "../../base/id_space.ts";
import { PendingShares } from "./pending_shares.ts";
import { SentList } from "./sent_list.ts";
import { SentPacket } from "../record/sent_packet.ts";

/** Packets whose words are kept for questions; a question brings eight of them. */
const MAX_ASKED = 64;

/** Where the words of packets that have ended lie, so that they needn't be in memory. */
export interface EndedPackets {
  /** As `SentPacket.words` has them; undefined if it isn't there. */
  ended(packetId: number): Uint32Array | undefined;
}

/** The book of what users send each other: packets, the shares of them, groups, and money that came for it. */
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
  constructor(ended?: EndedPackets, ids: IdSpace = idSpaceOf(0)) {
    this.list = new SentList(ids.firstSent);
    this.#lastSent = ids.lastSent;
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
    if (this.#asked.size >= MAX_ASKED) this.#asked.delete(this.#asked.keys().next().value!);
    this.#asked.set(packetId, words!);
    return words;
  }

  /** A packet that has ended lies elsewhere now. */
  forget(packetId: number): void {
    this.#kept.delete(packetId);
  }

  /**
   * A stored row has ended a packet: it must lie where ended ones do, as the rows have it, unless an older program left it
   * out. False if it lies there otherwise.
   */
  endedAsStored(packetId: number): boolean {
    const stored = this.#ended?.ended(packetId);
    if (stored === undefined) return true;
    const words = this.#kept.get(packetId)!.words();
    const isSame = words.length === stored.length && words.every((word, i) => word === stored[i]);
    if (isSame) this.forget(packetId);
    return isSame;
  }

  /** From a checkpoint: a packet that is in memory. Its sender's money and the list are restored apart. */
  restore(packet: SentPacket): void {
    this.#kept.set(packet.fields.packetId, packet);
    if (!packet.isOpen) return;
    this.#expose(packet);
    const { group, recipients } = packet.fields;
    if (group !== 0) this.groups.note(group, recipients);
  }

  /** The id of the next packet; 0 if there is none left. @param nextMade no packet to be won has this id or a higher one */
  nextId(nextMade: number): number {
    const packetId = this.list.lowestId - 1;
    return packetId < Math.max(this.#lastSent, nextMade) ? 0 : packetId;
  }

  /** A new packet. */
  add(packet: SentPacket, requestId: number): void {
    const { packetId, sender, isFromHost, amountFen } = packet.fields;
    this.list.add(sender, isFromHost, requestId);
    this.#kept.set(packetId, packet);
    this.totals.packetFen += amountFen;
    this.#payback(packet, -amountFen);
    this.#expose(packet);
  }

  /** A share becomes a user's. Returns whether the packet has ended with it. */
  claim(packet: SentPacket, share: number, user: number): boolean {
    const amountFen = packet.fields.shares[share];
    packet.take(share, user);
    this.pending.add(user, packet.fields.packetId, amountFen);
    this.totals.packetFen -= amountFen;
    this.pay(user, amountFen);
    return this.#hasEnded(packet);
  }

  /** What is left goes back to whoever has sent it, and the packet has ended. */
  takeBack(packet: SentPacket): void {
    const { restFen } = packet;
    packet.isOver = true;
    this.totals.packetFen -= restFen;
    this.#payback(packet, restFen);
    this.#hasEnded(packet);
  }

  /** Money comes to a user, or goes. */
  pay(user: number, fen: number): void {
    this.netFen.set(user, (this.netFen.get(user) ?? 0) + fen);
    this.totals.userFen += fen;
  }

  /** Money comes to a user out of `source`. */
  fund(user: number, fen: number): void {
    this.totals.sourceFen -= fen;
    this.pay(user, fen);
  }

  /** Money comes to whoever has sent a packet. */
  #payback({ fields: { sender, isFromHost } }: SentPacket, fen: number): void {
    if (isFromHost) this.totals.sourceFen += fen;
    else this.pay(sender, fen);
  }

  /** Lets its recipients find an open packet. */
  #expose(packet: SentPacket): void {
    const { group, recipients } = packet.fields;
    if (group === 0) { for (const user of recipients) append(this.#namedIn, user, packet); }
    else append(this.#ofGroup, group, packet);
  }

  /** A packet has changed: whether it has ended. Then it is nobody's to find any more. */
  #hasEnded(packet: SentPacket): boolean {
    const { packetId, group, recipients } = packet.fields;
    this.#asked.delete(packetId);
    if (packet.isOpen) return false;
    this.list.markEnded(packetId);
    if (group !== 0) remove(this.#ofGroup, group, packet);
    else for (const user of recipients) remove(this.#namedIn, user, packet);
    return true;
  }

  /** The newest open packet before `after` that the user may claim and hasn't; the newest of all for 0. */
  openFor(user: number, after: number): SentPacket | undefined {
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
  nextOpen(set: number, setCount: number, after: number): SentPacket | undefined {
    let packetId = this.list.nextOpen(after);
    while (packetId !== 0 && ownerSet(packetId, setCount) !== set) packetId = this.list.nextOpen(packetId);
    return this.#kept.get(packetId);
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
