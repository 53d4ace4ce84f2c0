/** What the halves of `throttle` say to each other, as words: the kind first. */
export const ThrottleMessage = {
  /** Host to SET: its shares of the shakes and of the logins a second, each times 1,000. */
  share: 1,
  /** Host to SET: the level that an operator wants at least. */
  level: 2,
  /** SET to host: users who shake fast here. */
  busy: 3,
  /** Host to SET: a user, and in how many SETs they shake fast. */
  spread: 4,
  /** Host to SET: 1 if these are the first of all, 1 if they are muted alone, and the users who are banned. */
  bans: 5,
} as const;

/** Most users in one message. */
export const MAX_BUSY = 64;
/** Bans that one message tells. */
export const MAX_BANS = 256;
