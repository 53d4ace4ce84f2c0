/** What a user may do instead of behaving. The order is that of the numbers in a fleet's column; 0 behaves. */
export const MISBEHAVIOURS = ["hammer", "never-read", "drip", "half", "crowd"] as const;
export type Misbehaviour = typeof MISBEHAVIOURS[number];

/** Number of a misbehaviour in a fleet's column. */
export const Bad = { none: 0, hammer: 1, neverRead: 2, drip: 3, half: 4, crowd: 5 } as const;

/** Part of the users, 0 to 1, that misbehaves in each way. */
export type MisbehaviourShares = Partial<Record<Misbehaviour, number>>;

/** How often a misbehaving user does it again, in ms, by number. */
export const BAD_EVERY_MS: readonly number[] = [Infinity, 100, 100, 60_000, Infinity, 100];

/** Knuth's multiplicative hashing: spreads consecutive ids evenly. */
const MULTIPLIER = 0x9e37_79b1;

/** How a user misbehaves: decided by their id alone, so that every host and every run agree. */
export function misbehaviourOf(userId: number, shares: MisbehaviourShares): number {
  let part = (Math.imul(userId, MULTIPLIER) >>> 0) / 2 ** 32;
  for (let i = 0; i < MISBEHAVIOURS.length; i++) {
    part -= shares[MISBEHAVIOURS[i]] ?? 0;
    if (part < 0) return i + 1;
  }
  return Bad.none;
}

/** Reads `hammer=0.1,never-read=0.05`; undefined if it isn't that, or more than everybody. */
export function parseMisbehaviours(text: string): MisbehaviourShares | undefined {
  const shares: MisbehaviourShares = {};
  for (const item of text.split(",").filter((item) => item !== "")) {
    const [name, value] = item.split("=");
    const share = Number(value);
    const kind = MISBEHAVIOURS.find((kind) => kind === name);
    if (kind === undefined || !(share >= 0 && share <= 1)) return undefined;
    shares[kind] = share;
  }
  return Object.values(shares).reduce((sum, share) => sum + share, 0) <= 1 ? shares : undefined;
}
