import type { Differences } from "./differences.ts";
import type { FleetCoverage } from "./fleet_coverage.ts";
import type { Stays } from "./stays.ts";

/** Words of a record; the first is the packet. */
export const RECORD_WORDS = 7;

/** Offsets of a record's other words. */
export const RecordWord = {
  /**
   * 0: a fleet saw it. Otherwise the number of the ledger that holds it, from 1 on. Shares have `SHARE` added, and packets
   * that were opened `OPENED`.
   */
  origin: 1,
  user: 2,
  amountLow: 3,
  amountHigh: 4,
  /** When a ledger took it; what a fleet saw has no time here. */
  atMsLow: 5,
  atMsHigh: 6,
} as const;

/** Bit of an origin: it is about one share of a packet that a user sent, of which others have shares too. */
export const SHARE = 0x8000_0000;

/** Bit of an origin: it is about the opening of a packet that a shake has won. */
export const OPENED = 0x4000_0000;

/** What is added to the origin of a record, by what a fleet's file says when a user sees the same. */
export const ORIGIN_OF = { shake: 0, claim: SHARE, open: OPENED, stayed: 0 } as const;

/** How far the clocks of the server's and the fleet's hosts may differ. */
const CLOCKS_DIFFER_MS = 1_000;

interface Held {
  origin: number;
  user: number;
  amountFen: number;
  atMs: number;
}

/** Counts of a comparison. */
export interface MatchCounts {
  readonly awards: number;
  /** Awards that the fleet saw, and their sum in fen. */
  readonly seen: number;
  readonly seenFen: number;
  /** Seen again by the same user: so it should be when it was repeated. */
  readonly seenAgain: number;
  /** Durable, and not seen by a user who didn't come back: theirs at the next login. */
  readonly pending: number;
  readonly pendingFen: number;
  /** Durable awards and shares of users whom no fleet's file covers, and their sum in fen: nothing is known of them. */
  readonly uncovered: number;
  readonly uncoveredFen: number;
  /** Awards that their users opened, and how many of them a fleet saw open. */
  readonly opened: number;
  readonly openedSeen: number;
  /** Shares of sent packets that were claimed, and how many of them a fleet saw. */
  readonly shares: number;
  readonly sharesSeen: number;
}

function isShare({ origin }: Held): boolean {
  return (origin & SHARE) !== 0;
}

/** Compares all records of one packet after the other; records come in order of their packets. */
export class PacketMatcher {
  readonly #ledgers: readonly string[];
  readonly #stays: Stays;
  readonly #coverage: FleetCoverage;
  readonly #differences: Differences;
  #packetId = -1;
  /** What ledgers hold of the present packet, and what fleets saw. */
  readonly #held: Held[] = [];
  readonly #seen: Held[] = [];
  /** The same of its opening. */
  readonly #opens: Held[] = [];
  readonly #opensSeen: Held[] = [];
  readonly #counts = {
    awards: 0,
    seen: 0,
    seenFen: 0,
    seenAgain: 0,
    pending: 0,
    pendingFen: 0,
    uncovered: 0,
    uncoveredFen: 0,
    opened: 0,
    openedSeen: 0,
    shares: 0,
    sharesSeen: 0,
  };

  constructor(
    ledgers: readonly string[],
    stays: Stays,
    coverage: FleetCoverage,
    differences: Differences,
  ) {
    this.#ledgers = ledgers;
    this.#stays = stays;
    this.#coverage = coverage;
    this.#differences = differences;
  }

  add(words: Uint32Array, at: number): void {
    if (words[at] !== this.#packetId) {
      this.#settle();
      this.#packetId = words[at];
    }
    const origin = words[at + RecordWord.origin];
    const isSeen = (origin & ~(SHARE | OPENED)) === 0;
    const isOpening = (origin & OPENED) !== 0;
    const [seen, held] = isOpening ? [this.#opensSeen, this.#opens] : [this.#seen, this.#held];
    (isSeen ? seen : held).push({
      origin,
      user: words[at + RecordWord.user],
      amountFen: words[at + RecordWord.amountLow] + words[at + RecordWord.amountHigh] * 0x1_0000_0000,
      atMs: words[at + RecordWord.atMsLow] + words[at + RecordWord.atMsHigh] * 0x1_0000_0000,
    });
  }

  finish(): MatchCounts {
    this.#settle();
    return this.#counts;
  }

  #settle(): void {
    const [held, seen] = [this.#held, this.#seen];
    this.#settleOpening();
    if (held.some(isShare) || seen.some(isShare)) return this.#settleShares();
    this.#counts.awards += held.length;
    if (held.length > 1) {
      const where = held.map(({ origin, user }) => `${this.#ledgers[origin - 1]} to user ${user}`).join(", ");
      this.#differ(`was awarded ${held.length} times: ${where}`);
    }
    if (held.length === 0) {
      for (const sight of seen) this.#differ(`user ${sight.user} saw it, and no ledger has it`);
    } else if (seen.length === 0) this.#unseen(held[0]);
    else this.#compare(held[0]);
    held.length = seen.length = 0;
  }

  /** The shares of one packet: each user has at most one, and whoever saw one has it. */
  #settleShares(): void {
    const byUser = new Map<number, Held>();
    for (const held of this.#held) {
      if (byUser.has(held.user)) this.#differ(`user ${held.user} got two shares`);
      byUser.set(held.user, held);
    }
    const seen = new Set<number>();
    for (const { user, amountFen } of this.#seen) {
      const held = byUser.get(user);
      if (held === undefined) this.#differ(`user ${user} saw a share, and no ledger has it`);
      else if (held.amountFen !== amountFen) {
        this.#differ(`user ${user} saw ${amountFen} fen, and the ledger gave ${held.amountFen} fen`);
      } else if (seen.has(user)) this.#counts.seenAgain++;
      else {
        seen.add(user);
        this.#counts.sharesSeen++;
      }
    }
    for (const { user, amountFen, atMs } of byUser.values()) {
      if (seen.has(user) || this.#isUncovered(user, amountFen)) continue;
      if (this.#mustHaveSeen(user, atMs)) {
        this.#differ(`user ${user} never heard of their share, though they logged in again and stayed`);
      }
    }
    this.#counts.shares += byUser.size;
    this.#held.length = this.#seen.length = 0;
  }

  /** Whoever saw a packet open has it open; that they were awarded it is the ledger's own rows' business. */
  #settleOpening(): void {
    const [opens, seen] = [this.#opens, this.#opensSeen];
    if (opens.length > 1) this.#differ(`was opened ${opens.length} times`);
    this.#counts.opened += opens.length;
    for (const [i, { user, amountFen }] of seen.entries()) {
      const isRight = opens[0]?.user === user && opens[0].amountFen === amountFen;
      if (!isRight) this.#differ(`user ${user} saw ${amountFen} fen of it open, and no ledger has that`);
      else if (i === 0) this.#counts.openedSeen++;
    }
    opens.length = seen.length = 0;
  }

  #compare(held: Held): void {
    let isSeen = false;
    for (const { user, amountFen } of this.#seen) {
      if (user !== held.user) {
        this.#differ(`user ${user} saw it, and the ledger gave it to user ${held.user}`);
      } else if (amountFen !== held.amountFen) {
        this.#differ(`user ${user} saw ${amountFen} fen, and the ledger gave ${held.amountFen} fen`);
      } else if (isSeen) this.#counts.seenAgain++;
      else isSeen = true;
    }
    if (!isSeen) return;
    this.#counts.seen++;
    this.#counts.seenFen += held.amountFen;
  }

  #unseen({ user, amountFen, atMs }: Held): void {
    if (this.#isUncovered(user, amountFen)) return;
    if (this.#mustHaveSeen(user, atMs)) {
      this.#differ(`user ${user} never saw it, though they logged in again and stayed`);
      return;
    }
    this.#counts.pending++;
    this.#counts.pendingFen += amountFen;
  }

  /** No file tells what the user saw; without any file nobody has asked. */
  #isUncovered(user: number, amountFen: number): boolean {
    if (!this.#coverage.hasFiles || this.#coverage.covers(user)) return false;
    this.#counts.uncovered++;
    this.#counts.uncoveredFen += amountFen;
    return true;
  }

  /** Logged in after what was then durable, and there until the end: the login must have brought it. */
  #mustHaveSeen(user: number, atMs: number): boolean {
    const sinceMs = this.#stays.sinceMs(user);
    return sinceMs < Infinity && sinceMs > atMs + CLOCKS_DIFFER_MS;
  }

  #differ(words: string): void {
    this.#differences.add(`packet ${this.#packetId}: ${words}`);
  }
}
