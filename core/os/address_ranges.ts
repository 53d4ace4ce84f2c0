import { formatAddress, parseAddress } from "./address.ts";

/** IPv4 addresses from one to another, both included. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** Reads `10.0.0.1` or `10.0.0.0/24`; undefined if the text is neither. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [base, bits = "32", ...more] = text.split("/");
  const address = parseAddress(base);
  if (address === undefined || more.length > 0 || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) {
    return undefined;
  }
  const size = 2 ** (32 - Number(bits));
  const first = address - address % size;
  return { first, last: first + size - 1 };
}

/** The text that {@linkcode parseAddressRange} reads. */
export function formatAddressRange({ first, last }: AddressRange): string {
  const bits = 32 - Math.log2(last - first + 1);
  return bits === 32 ? formatAddress(first) : `${formatAddress(first)}/${bits}`;
}

/** Whether an address lies in one of some ranges. */
export function isInRanges(address: number, ranges: readonly AddressRange[]): boolean {
  for (const { first, last } of ranges) if (address >= first && address <= last) return true;
  return false;
}
