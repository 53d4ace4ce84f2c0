/** What a shaker who wins no packet is shown: a sponsor's number, and a number that sponsor and app have agreed on. */
export interface Greeting {
  readonly sponsor: number;
  readonly resource: number;
  /** Most of them a second. */
  readonly perS: number;
}

/** What an app shows when a packet of a sponsor is won: a number that both have agreed on. */
export interface SponsorResource {
  readonly sponsor: number;
  readonly resource: number;
}

/** A part of the event in which packets can be won, as an operator has left it. */
export interface Wave {
  readonly name: string;
  /** Wall time; its end is as far as it is known. */
  readonly startMs: number;
  readonly endMs: number;
  /** It stands still. */
  readonly isHeld: boolean;
  /** Nothing more comes of it. */
  readonly isOver: boolean;
  /** What an app shows for it; 0 for nothing. */
  readonly resource: number;
}

/** Packets that one plugin releases and another gives away. They are in the ledger before they are released. */
export interface PacketSource {
  /** Greetings that it releases too; once there are any, they stay the same. */
  readonly greetings?: readonly Greeting[];
  /** What wins show, of sponsors that show anything; once there are any, they stay the same. */
  readonly resources?: readonly SponsorResource[];
  /** When its packets come, if they come in waves: as it is now. */
  readonly waves?: readonly Wave[];
  /**
   * Hands over what is due.
   *
   * @param greet called for every greeting, by index, whose time it is: so many are due, 0 or more. Returns how many are
   * taken; the others are gone, and so is what was taken before once a greeting is no longer offered
   */
  release(
    nowMs: number,
    give: (packetId: number, amountFen: number, sponsor: number) => void,
    greet: (greeting: number, due: number) => number,
  ): void;
  /** The monotonic time at which more may be due; `Infinity` if nothing is to come. */
  nextDueMs(nowMs: number): number;
  /** Whether everything has been handed over, and nothing is to come. */
  readonly isDone: boolean;
  /** Whether a packet that was handed over may still be won. */
  isOpen(packetId: number): boolean;
}
