/** SHA-256 of what was fetched. A page without TLS has none from its browser. */

const ROUNDS = 64;
const BLOCK_BYTES = 64;
const FIRST_PRIMES = primes(ROUNDS);
/** The first 32 bits behind the point of cube roots and square roots, as FIPS 180-4 has them. */
const K = Uint32Array.from(FIRST_PRIMES, (prime) => Math.cbrt(prime) % 1 * 2 ** 32);
const START = Uint32Array.from(FIRST_PRIMES.slice(0, 8), (prime) => Math.sqrt(prime) % 1 * 2 ** 32);

/** In hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  const size = Math.ceil((bytes.length + 9) / BLOCK_BYTES) * BLOCK_BYTES;
  const padded = new Uint8Array(size);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(size - 8, Math.floor(bytes.length / 0x2000_0000));
  view.setUint32(size - 4, bytes.length << 3);
  const hash = START.slice();
  const words = new Uint32Array(ROUNDS);
  for (let at = 0; at < size; at += BLOCK_BYTES) {
    for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + 4 * i);
    block(hash, words);
  }
  return [...hash].map((word) => word.toString(16).padStart(8, "0")).join("");
}

function block(hash: Uint32Array, w: Uint32Array): void {
  for (let i = 16; i < ROUNDS; i++) {
    const [x, y] = [w[i - 15], w[i - 2]];
    w[i] = w[i - 16] + (turned(x, 7) ^ turned(x, 18) ^ (x >>> 3)) + w[i - 7] +
      (turned(y, 17) ^ turned(y, 19) ^ (y >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = hash;
  for (let i = 0; i < ROUNDS; i++) {
    const one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i];
    const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => hash[i] += value);
}

function turned(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}
