/** As much of DER, the encoding of certificates, as one certificate needs. */

const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  objectId: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Any value: its tag, its length and its content. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >>> 8, size & 0xff];
  return Uint8Array.from([tag, ...length, ...parts.flatMap((part) => [...part])]);
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(Tag.sequence, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return der(Tag.set, ...parts);
}

/** A whole number that isn't negative, big-endian. */
export function integer(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const plain = first < 0 ? Uint8Array.of(0) : bytes.subarray(first);
  return der(Tag.integer, ...(plain[0] >= 0x80 ? [Uint8Array.of(0)] : []), plain);
}

export function octets(...parts: readonly Uint8Array[]): Uint8Array {
  return der(Tag.octets, ...parts);
}

/** A whole number of bytes as bits. */
export function bits(bytes: Uint8Array): Uint8Array {
  return der(Tag.bits, Uint8Array.of(0), bytes);
}

/** The last bits that stand for flags, the first of them in the highest bit. */
export function flags(byte: number, unusedBits: number): Uint8Array {
  return der(Tag.bits, Uint8Array.of(unusedBits, byte));
}

export function truth(): Uint8Array {
  return der(Tag.boolean, Uint8Array.of(0xff));
}

export function utf8(text: string): Uint8Array {
  return der(Tag.utf8, new TextEncoder().encode(text));
}

/** A time of the years 1950 to 2049. */
export function utcTime(unixMs: number): Uint8Array {
  const digits = new Date(unixMs).toISOString().replaceAll(/\D/g, "").slice(2, 14);
  return der(Tag.utcTime, new TextEncoder().encode(`${digits}Z`));
}

/** Such as `2.5.29.17`. */
export function objectId(text: string): Uint8Array {
  const [first, second, ...rest] = text.split(".").map(Number);
  const base128 = (value: number): number[] =>
    value < 0x80 ? [value] : [...base128(value >>> 7).map((byte) => byte | 0x80), value & 0x7f];
  return der(Tag.objectId, Uint8Array.from([40 * first + second, ...rest.flatMap(base128)]));
}
