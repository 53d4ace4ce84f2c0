/** What is left of a key's burst, and when it was so. */
interface Bucket {
  left: number;
  atMs: number;
}

/** Keys that are known at once; beyond that the one that was seen longest ago is forgotten. */
const MOST_KEYS = 65_536;

/** Token buckets by key: so many a second, and a burst. */
export class RateTable<Key> {
  readonly #perS: number;
  readonly #burst: number;
  readonly #mostKeys: number;
  /** In the order in which they were seen last. */
  readonly #buckets = new Map<Key, Bucket>();

  /** @param perS 0 for no limit */
  constructor(perS: number, burst: number, mostKeys = MOST_KEYS) {
    this.#perS = perS;
    this.#burst = burst;
    this.#mostKeys = mostKeys;
  }

  /** Takes one; 0 if there was one, else how long to wait for the next in ms. */
  take(key: Key, nowMs: number): number {
    if (this.#perS === 0) return 0;
    const known = this.#buckets.get(key);
    const bucket = known ?? { left: this.#burst, atMs: nowMs };
    if (known !== undefined) this.#buckets.delete(key);
    else if (this.#buckets.size >= this.#mostKeys) this.#forgetOldest();
    this.#buckets.set(key, bucket);
    bucket.left = Math.min(this.#burst, bucket.left + (nowMs - bucket.atMs) * this.#perS / 1_000);
    bucket.atMs = nowMs;
    if (bucket.left < 1) return Math.ceil((1 - bucket.left) * 1_000 / this.#perS);
    bucket.left--;
    return 0;
  }

  #forgetOldest(): void {
    const { value } = this.#buckets.keys().next();
    this.#buckets.delete(value!);
  }
}
