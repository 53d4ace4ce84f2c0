/** The ledger as one would write it on a napkin: lists that are looked through, nothing staged, nothing fast. */
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD, Refusal, Verdict } from "../../core/ledger/record/entry.ts";
import type { LedgerLimits } from "../../core/ledger/record/ledger.ts";

/** One entry in plain fields. */
export interface Entry {
  readonly kind: number;
  readonly packetId: number;
  readonly user: number;
  readonly amountFen: number;
  readonly count: number;
  /** 0 if absent. */
  readonly sponsor?: number;
}

type Judged = [verdict: number, detail: number];

const DONE: Judged = [Verdict.done, Refusal.none];
const DONE_BEFORE: Judged = [Verdict.doneBefore, Refusal.none];
const refused = (detail: number): Judged => [Verdict.refused, detail];

export interface ModelAward {
  readonly packetId: number;
  readonly user: number;
  readonly amountFen: number;
  readonly sponsor: number;
  readonly isHeld: boolean;
  isDelivered: boolean;
  isOpened: boolean;
  hasLapsed: boolean;
}

/** Says what a ledger must say. */
export class LedgerModel {
  /** Every entry that was done, to be said again. */
  readonly done: Entry[] = [];
  readonly mints: Entry[] = [];
  readonly awards: ModelAward[] = [];
  readonly #givenBack: Entry[] = [];
  readonly #limits: LedgerLimits;

  constructor(limits: LedgerLimits) {
    this.#limits = limits;
  }

  get nextPacketId(): number {
    const last = this.mints.at(-1);
    return last === undefined ? 1 : last.packetId + last.count;
  }

  awardOf(packetId: number): ModelAward | undefined {
    return this.awards.find((award) => award.packetId === packetId);
  }

  /** Of each account. */
  balances(): Record<"mintedFen" | "poolFen" | "heldFen" | "userFen" | "returnedFen", number> {
    const wonFen = (of: (award: ModelAward) => boolean) => sumFen(this.awards.filter(of));
    const mintedFen = sumFen(this.mints);
    const lapsedFen = wonFen(({ hasLapsed }) => hasLapsed);
    return {
      mintedFen,
      poolFen: mintedFen - sumFen(this.awards) - sumFen(this.#givenBack),
      heldFen: wonFen(isUnopened),
      userFen: wonFen((award) => !isUnopened(award) && !award.hasLapsed),
      returnedFen: sumFen(this.#givenBack) + lapsedFen,
    };
  }

  /** Awards that a user may not have heard of or hasn't opened. */
  pending(user: number): ModelAward[] {
    return this.awards.filter((award) =>
      award.user === user && (isUnopened(award) || !(award.isDelivered || award.hasLapsed))
    );
  }

  poolFenOf(sponsor: number): number {
    const of = (entries: readonly { sponsor?: number; amountFen: number }[]) =>
      sumFen(entries.filter((entry) => (entry.sponsor ?? 0) === sponsor));
    return of(this.mints) - of(this.awards) - of(this.#givenBack);
  }

  judge(entry: Entry): Judged {
    const judged = this.#judge(entry);
    if (judged[0] === Verdict.done) this.done.push(entry);
    return judged;
  }

  #judge(entry: Entry): Judged {
    const { kind, packetId, amountFen, sponsor = 0 } = entry;
    if (kind === EntryKind.delivered) return this.#deliver(entry);
    if (kind === EntryKind.open) return this.#open(entry);
    if (packetId <= 0 || amountFen <= 0 || sponsor < 0 || sponsor > 0xffff) return refused(Refusal.malformed);
    if (kind === EntryKind.mint) return this.#mint(entry);
    if (kind === EntryKind.award) return this.#award(entry);
    if (kind === EntryKind.lapse) return this.#lapse(entry);
    return kind === EntryKind.giveBack ? this.#giveBack(entry) : refused(Refusal.malformed);
  }

  #mint(entry: Entry): Judged {
    const { packetId, count, amountFen } = entry;
    if (count <= 0 || amountFen < count) return refused(Refusal.malformed);
    if (this.mints.some((one) => isSame(one, entry))) return DONE_BEFORE;
    if (packetId < this.nextPacketId) return refused(Refusal.idsTaken);
    this.mints.push(entry);
    return DONE;
  }

  #award({ packetId, user, amountFen, sponsor = 0, count }: Entry): Judged {
    const before = this.awardOf(packetId);
    // Whether an award was held is no part of its key.
    if (before?.user === user && before.amountFen === amountFen) return DONE_BEFORE;
    if (before !== undefined) return refused(Refusal.packetTaken);
    const mint = this.mints.find((one) => packetId >= one.packetId && packetId < one.packetId + one.count);
    if (mint === undefined) return refused(Refusal.unknownPacket);
    if (mint.sponsor !== sponsor) return refused(Refusal.wrongSponsor);
    const isGivenBack = this.#givenBack.some((one) => one.sponsor === sponsor && packetId < one.packetId);
    if (isGivenBack) return refused(Refusal.givenBack);
    const [limit] = this.limitsReached(user, sponsor);
    if (limit !== undefined) return refused(limit);
    if (amountFen > this.poolFenOf(sponsor)) return refused(Refusal.poolEmpty);
    const isHeld = count === HELD;
    this.awards.push({
      ...{ packetId, user, amountFen, sponsor, isHeld },
      ...{ isDelivered: false, isOpened: false, hasLapsed: false },
    });
    return DONE;
  }

  /** Which limits a user has reached. With both, either is the reason of a refusal. */
  limitsReached(user: number, sponsor: number): number[] {
    const { packetsPerUser, packetsPerSponsor } = this.#limits;
    const own = this.awards.filter((award) => award.user === user);
    const ofSponsor = own.filter((award) => award.sponsor === sponsor);
    return [
      ...(own.length >= packetsPerUser ? [Refusal.userLimit] : []),
      ...(ofSponsor.length >= packetsPerSponsor ? [Refusal.sponsorLimit] : []),
    ];
  }

  #open({ packetId, user }: Entry): Judged {
    const award = this.awardOf(packetId);
    if (award?.user !== user) return refused(Refusal.unknownPacket);
    if (award.hasLapsed) return refused(Refusal.givenBack);
    if (!isUnopened(award)) return DONE_BEFORE;
    award.isOpened = true;
    return DONE;
  }

  #deliver({ packetId, user }: Entry): Judged {
    const award = this.awardOf(packetId);
    if (award?.user !== user) return refused(Refusal.unknownPacket);
    if (award.isDelivered) return DONE_BEFORE;
    award.isDelivered = true;
    return DONE;
  }

  #lapse({ packetId, user, amountFen, sponsor }: Entry): Judged {
    const award = this.awardOf(packetId);
    const isRight = award?.user === user && award.amountFen === amountFen && award.sponsor === sponsor;
    if (!isRight) return refused(Refusal.malformed);
    if (award.hasLapsed) return DONE_BEFORE;
    if (!isUnopened(award)) return refused(Refusal.packetTaken);
    award.hasLapsed = true;
    return DONE;
  }

  #giveBack(entry: Entry): Judged {
    if (this.#givenBack.some((one) => isSame(one, entry))) return DONE_BEFORE;
    const { packetId, amountFen, sponsor = 0 } = entry;
    const isAll = packetId === this.nextPacketId && amountFen === this.poolFenOf(sponsor);
    if (!isAll) return refused(Refusal.malformed);
    this.#givenBack.push(entry);
    return DONE;
  }
}

/** Whether it waits for its user to open it. */
export function isUnopened({ isHeld, isOpened, hasLapsed }: ModelAward): boolean {
  return isHeld && !isOpened && !hasLapsed;
}

function isSame(a: Entry, b: Entry): boolean {
  return a.packetId === b.packetId && a.count === b.count && a.amountFen === b.amountFen &&
    a.sponsor === b.sponsor;
}

function sumFen(entries: readonly { readonly amountFen: number }[]): number {
  return entries.reduce((sum, { amountFen }) => sum + amountFen, 0);
}
