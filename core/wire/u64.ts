/** A whole number below 2^53, as the protocol's u64. */
export function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value / 0x1_0000_0000);
  view.setUint32(at + 4, value);
}

/** The protocol's u64 as a number; exact below 2^53. */
export function readU64(view: DataView, at: number): number {
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}
