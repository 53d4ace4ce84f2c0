/** How much the host sheds. Each level does what those below it do. */
export const Level = {
  /** The caps of the config hold; whatever is over them is answered "overloaded". */
  normal: 0,
  /** A queue stands. Chat is refused, and the shakes that are admitted follow the measured delay. */
  strained: 1,
  /**
   * Refusing costs as much as answering, so less is read: a budget of reads a pass, the rest stays in the kernel. A
   * shake that waited too long is dropped unanswered, as is everything that would be refused. Logins come at a quarter
   * of their rate.
   */
  readLess: 2,
  /** Claims alone, for those who have won. No shake, no login, and no new connection. */
  claimsOnly: 3,
} as const;

export const LEVEL_NAMES = Object.keys(Level);
/** How many SETs are at level 1, 2 and 3. */
export const LEVEL_GAUGES = [
  "throttleSetsStrained",
  "throttleSetsReadingLess",
  "throttleSetsClaimsOnly",
] as const;

/** What a frame is worth when not all can be had. The lowest are shed first. */
export const Class = { claim: 0, shake: 1, chat: 2 } as const;
export const CLASS_NAMES = ["claim", "shake", "chat"] as const;

/** How far ahead of the rate each class may be, in ms: when all want more, those who may be further ahead get it. */
export const CLASS_BURST_MS = [150, 100, 40] as const;
