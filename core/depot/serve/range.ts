/** A part of a chunk, its end not included. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The part that a `Range` header asks for: undefined for the whole, as of a header that isn't one range of bytes, and
 * `"none"` for a part that isn't there.
 */
export function readRange(header: string | null, bytes: number): ByteRange | "none" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [first, last] = [match[1], match[2]];
  if (first === "") return last === "0" ? "none" : { from: Math.max(0, bytes - Number(last)), to: bytes };
  const from = Number(first);
  const to = last === "" ? bytes : Math.min(bytes, Number(last) + 1);
  if (last !== "" && Number(last) < from) return undefined;
  return from < bytes ? { from, to } : "none";
}
