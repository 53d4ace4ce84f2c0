/** What users send each other as one would write it on a napkin: plain objects, everything kept, nothing fast. */
import { Refusal, Verdict } from "../../core/ledger/record/entry.ts";
import { ownerSet } from "../../core/base/owner_set.ts";

type Judged = [verdict: number, detail: number];

const DONE: Judged = [Verdict.done, Refusal.none];
const DONE_BEFORE: Judged = [Verdict.doneBefore, Refusal.none];
const refused = (detail: number): Judged => [Verdict.refused, detail];

/** Shares of one user that are told again. */
const MOST_TOLD = 64;

/** What somebody wants to send. */
export interface Wish {
  readonly user: number;
  readonly shares: readonly number[];
  readonly requestId: number;
  /** 0 for none. */
  readonly group: number;
  readonly to: readonly number[];
  readonly isFromHost: boolean;
  readonly deadlineMs: number;
}

export interface ModelPacket extends Wish {
  readonly id: number;
  readonly recipients: readonly number[];
  /** By user: their share. */
  readonly claims: Map<number, number>;
  isOver: boolean;
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
const ascending = (users: Iterable<number>) => [...new Set(users)].sort((a, b) => a - b);

/** Says what a ledger must say. */
export class SendModel {
  readonly packets: ModelPacket[] = [];
  readonly groups = new Map<number, readonly number[]>();
  readonly balanceOf = new Map<number, number>();
  /** Shares that their users may not have heard of, oldest first. */
  readonly #untold: { readonly user: number; readonly packetId: number; readonly amountFen: number }[] = [];
  readonly #funded = new Map<number, number>();
  sourceFen = 0;

  fund(order: number, user: number, amountFen: number): Judged {
    if (amountFen <= 0 || order === 0) return refused(Refusal.malformed);
    if (user <= (this.#funded.get(order) ?? -1)) return DONE_BEFORE;
    this.#funded.set(order, user);
    this.sourceFen -= amountFen;
    this.#pay(user, amountFen);
    return DONE;
  }

  send(wish: Wish): Judged {
    const { user, shares, requestId, group, to, isFromHost } = wish;
    const isSplit = shares.length > 0 && shares.every((fen) => fen > 0);
    if (!isSplit || (group === 0) !== (to.length > 0)) return refused(Refusal.malformed);
    const before = this.sentBefore(wish);
    if (before !== undefined) {
      const isSame = before.group === group && before.shares.length === shares.length &&
        sumOf(before.shares) === sumOf(shares) &&
        (group !== 0 || before.to.toSorted().join() === to.toSorted().join());
      return isSame ? DONE_BEFORE : refused(Refusal.requestTaken);
    }
    const members = this.groups.get(group);
    if (group !== 0 && members === undefined) return refused(Refusal.unknownGroup);
    if (group !== 0 && !isFromHost && !members!.includes(user)) return refused(Refusal.notMember);
    if (!isFromHost && sumOf(shares) > (this.balanceOf.get(user) ?? 0)) return refused(Refusal.noMoney);
    if (isFromHost) this.sourceFen -= sumOf(shares);
    else this.#pay(user, -sumOf(shares));
    const id = 0xffff_ffff - this.packets.length;
    const recipients = ascending(members ?? to);
    this.packets.push({ ...wish, requestId, id, recipients, claims: new Map(), isOver: false });
    return DONE;
  }

  /** The packet that the same request has sent. */
  sentBefore({ user, isFromHost, requestId }: Wish): ModelPacket | undefined {
    return this.packets.find((one) =>
      one.user === user && one.isFromHost === isFromHost && one.requestId === requestId
    );
  }

  claim(packetId: number, user: number, share: number, amountFen: number): Judged {
    const packet = this.#packet(packetId);
    if (packet === undefined) return refused(Refusal.unknownPacket);
    const has = packet.claims.get(user);
    if (has === share && packet.shares[share] === amountFen) return DONE_BEFORE;
    if (has !== undefined) return refused(Refusal.alreadyClaimed);
    if (packet.isOver) return refused(Refusal.givenBack);
    if (!packet.recipients.includes(user)) return refused(Refusal.notRecipient);
    if (packet.shares[share] !== amountFen) return refused(Refusal.malformed);
    if ([...packet.claims.values()].includes(share)) return refused(Refusal.packetTaken);
    packet.claims.set(user, share);
    this.#untold.push({ user, packetId, amountFen });
    this.#pay(user, amountFen);
    return DONE;
  }

  takeBack(packetId: number, user: number, amountFen: number, isFromHost: boolean): Judged {
    const packet = this.#packet(packetId);
    if (packet === undefined) return refused(Refusal.unknownPacket);
    const isRight = packet.user === user && packet.isFromHost === isFromHost &&
      restFen(packet) === amountFen && amountFen > 0;
    if (!isRight) return refused(Refusal.malformed);
    if (packet.isOver) return DONE_BEFORE;
    packet.isOver = true;
    if (isFromHost) this.sourceFen += amountFen;
    else this.#pay(user, amountFen);
    return DONE;
  }

  setGroup(id: number, users: readonly number[]): Judged {
    if (id === 0) return refused(Refusal.malformed);
    const members = ascending(users);
    if (members.join() === (this.groups.get(id) ?? []).join()) return DONE_BEFORE;
    if (members.length === 0) this.groups.delete(id);
    else this.groups.set(id, members);
    return DONE;
  }

  /** The user has heard of their share; of a packet that nobody has sent nothing is known. */
  delivered(packetId: number, user: number): Judged {
    if (this.#packet(packetId) === undefined) return refused(Refusal.unknownPacket);
    const at = this.#untold.findIndex((one) => one.user === user && one.packetId === packetId);
    if (at < 0) return DONE_BEFORE;
    const isTold = this.pendingShares(user).some(([id]) => id === packetId);
    this.#untold.splice(at, 1);
    return isTold ? DONE : DONE_BEFORE;
  }

  pendingShares(user: number): number[][] {
    return this.#untold.filter((one) => one.user === user).slice(-MOST_TOLD)
      .sort((a, b) => b.packetId - a.packetId).map(({ packetId, amountFen }) => [packetId, amountFen]);
  }

  /** Newest first. */
  openFor(user: number): number[] {
    const open = this.packets.filter((packet) =>
      isOpen(packet) && packet.recipients.includes(user) && !packet.claims.has(user)
    );
    return open.map(({ id }) => id).reverse();
  }

  /** Oldest first. */
  openOf(set: number, setCount: number): number[] {
    return this.packets.filter((packet) => isOpen(packet) && ownerSet(packet.id, setCount) === set)
      .map(({ id }) => id);
  }

  /** Of the accounts of users and of sent packets. */
  totals(): [userFen: number, packetFen: number] {
    const packetFen = sumOf(this.packets.map((packet) => packet.isOver ? 0 : restFen(packet)));
    return [sumOf([...this.balanceOf.values()]), packetFen];
  }

  /** The words behind its head, as a question of `packetBody` tells them. */
  bodyOf(packet: ModelPacket): number[] {
    const { claims, recipients, shares } = packet;
    return [claims.size, recipients.length, ...shares, ...[...claims].flat(), ...recipients];
  }

  #packet(packetId: number): ModelPacket | undefined {
    return this.packets.find(({ id }) => id === packetId);
  }

  #pay(user: number, fen: number): void {
    this.balanceOf.set(user, (this.balanceOf.get(user) ?? 0) + fen);
  }
}

/** What nobody has claimed. */
export function restFen({ shares, claims }: ModelPacket): number {
  return sumOf(shares) - sumOf([...claims.values()].map((share) => shares[share]));
}

function isOpen(packet: ModelPacket): boolean {
  return !packet.isOver && packet.claims.size < packet.shares.length;
}
