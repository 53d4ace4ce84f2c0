/** How fast people may come to the door, in all and from one address. */

/** Many phones of a network can have one address to the outside: these are rates, no counts of guests. */
const ADDRESS = { perS: 2, burst: 60 };
const ALL = { perS: 50, burst: 200 };
/** Addresses that are remembered; beyond that the longest unseen one is forgotten. */
const MOST_ADDRESSES = 4_096;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Buckets of tokens: one an address, and one for everybody. */
export class JoinRates {
  readonly #all: Bucket = { tokens: ALL.burst, atMs: -Infinity };
  readonly #byAddress = new Map<string, Bucket>();

  /** Takes a token if there is one. */
  admits(address: string, nowMs: number): boolean {
    const bucket = this.#byAddress.get(address) ?? { tokens: ADDRESS.burst, atMs: nowMs };
    this.#byAddress.delete(address);
    this.#byAddress.set(address, bucket);
    if (this.#byAddress.size > MOST_ADDRESSES) {
      const [oldest] = this.#byAddress.keys();
      this.#byAddress.delete(oldest);
    }
    // Whoever is over their own rate takes nothing of the others'.
    return takes(bucket, ADDRESS, nowMs) && takes(this.#all, ALL, nowMs);
  }
}

function takes(bucket: Bucket, { perS, burst }: typeof ALL, nowMs: number): boolean {
  const elapsedS = Math.max(0, nowMs - bucket.atMs) / 1000;
  bucket.tokens = Math.min(burst, bucket.tokens + elapsedS * perS);
  bucket.atMs = nowMs;
  if (bucket.tokens < 1) return false;
  bucket.tokens--;
  return true;
}
