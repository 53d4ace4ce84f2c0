/**
 * Weighted rendezvous hashing: everybody finds the same place for a user without asking anybody, and when a place goes,
 * only its own users find another one.
 */

/** The number that stands for a place's name in {@linkcode score}. */
export function seedOf(name: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return mixed(hash);
}

/** How far a place is for a user: the nearest one is theirs, and of a place of weight 2 that is twice as often true. */
export function score(seed: number, user: number, weight: number): number {
  const drawn = (mixed(seed ^ mixed(user + 0x9e37_79b9)) + 0.5) / 2 ** 32;
  return -Math.log(drawn) / weight;
}

/** Spreads a number over 32 bits, as murmur3 ends. */
function mixed(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
