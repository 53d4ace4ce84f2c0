import { type Mailbox, MessageKind } from "../../threads/mailbox.ts";

/** How an award came about. */
export const AwardKind = {
  shake: 0,
  claim: 1,
  /** No award: the user logged in again at this time, and was there until the fleet's end. Packet and amount are 0. */
  stayed: 2,
  /** A packet that a shake won before is open: the money is the user's. */
  open: 3,
} as const;
export type AwardKind = typeof AwardKind[keyof typeof AwardKind];

const KIND_NAMES = ["shake", "claim", "stayed", "open"];

/** Words of one award: user, packet, amount, kind, wall ms low and high half. */
const AWARD_WORDS = 6;
/** Awards that wait for room in the mailbox. */
const MOST_WAITING = 65_536;
/** Awards of one message. */
const MOST_PER_MESSAGE = 512;

/** Words of shared memory for the mailbox of a worker's awards; a power of two. */
export const AWARD_MAILBOX_WORDS = 64 * 1024;

/** A worker's half: awards on their way to the main thread, which writes the file. Bounded. */
export class AwardLog {
  readonly #mailbox: Mailbox;
  readonly #words: Int32Array;
  #head = 0;
  #count = 0;
  readonly #message = new Int32Array(MOST_PER_MESSAGE * AWARD_WORDS);

  constructor(mailbox: Mailbox, mostWaiting = MOST_WAITING) {
    this.#mailbox = mailbox;
    this.#words = new Int32Array(mostWaiting * AWARD_WORDS);
  }

  /** Awards that aren't handed over yet. */
  get waiting(): number {
    return this.#count;
  }

  /** Notes an award; false if there is no room. */
  add(userId: number, packetId: number, amountFen: number, kind: AwardKind, wallMs: number): boolean {
    if (this.#count * AWARD_WORDS === this.#words.length) return false;
    const at = (this.#head + this.#count++) * AWARD_WORDS % this.#words.length;
    this.#words[at] = userId;
    this.#words[at + 1] = packetId;
    this.#words[at + 2] = amountFen;
    this.#words[at + 3] = kind;
    this.#words[at + 4] = wallMs;
    this.#words[at + 5] = wallMs / 0x1_0000_0000;
    return true;
  }

  /** Hands over what fits into the mailbox. */
  flush(): void {
    while (this.#count > 0) {
      const count = Math.min(this.#count, MOST_PER_MESSAGE);
      for (let i = 0; i < count * AWARD_WORDS; i++) {
        this.#message[i] = this.#words[(this.#head * AWARD_WORDS + i) % this.#words.length];
      }
      if (!this.#mailbox.post(MessageKind.plugin, 0, 0, this.#message, count * AWARD_WORDS)) return;
      this.#head = (this.#head + count) % (this.#words.length / AWARD_WORDS);
      this.#count -= count;
    }
  }
}

/** An award as its user has seen it. */
export interface SeenAward {
  readonly user: number;
  readonly packetId: number;
  readonly amountFen: number;
  readonly kind: AwardKind;
  readonly wallMs: number;
}

/** The main thread's half: the awards of a message. */
export function* awardsIn(words: Int32Array, at: number, count: number): Generator<SeenAward> {
  for (let i = at; i < at + count; i += AWARD_WORDS) {
    yield {
      user: words[i] >>> 0,
      packetId: words[i + 1] >>> 0,
      amountFen: words[i + 2] >>> 0,
      kind: words[i + 3] as AwardKind,
      wallMs: words[i + 5] * 0x1_0000_0000 + (words[i + 4] >>> 0),
    };
  }
}

/** The same as lines of a file. */
export function awardLines(words: Int32Array, at: number, count: number): string {
  let lines = "";
  for (const { user, packetId, amountFen, kind, wallMs } of awardsIn(words, at, count)) {
    lines += [user, packetId, amountFen, KIND_NAMES[kind], wallMs].join(",") + "\n";
  }
  return lines;
}
