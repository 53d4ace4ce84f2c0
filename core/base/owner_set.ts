/** Knuth's multiplicative hashing: ids of sent packets are consecutive. */
const MULTIPLIER = 0x9e37_79b1;

/**
 * The SET that owns a packet, a group, or a user's presence: a function of its id and the present number of SETs,
 * and never stored, so that a start with other numbers only deals everything anew.
 */
export function ownerSet(id: number, setCount: number): number {
  return Math.floor((Math.imul(id, MULTIPLIER) >>> 0) / 0x1_0000_0000 * setCount);
}
