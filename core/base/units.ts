/** Numbers as people read them, with their units. */

/** A time in microseconds, such as `84 us`, `1.24 ms` or `2.50 s`. */
export function formatMicros(micros: number): string {
  if (micros < 1_000) return `${Math.round(micros)} us`;
  if (micros < 1_000_000) return `${threeDigits(micros / 1_000)} ms`;
  return `${threeDigits(micros / 1_000_000)} s`;
}

/** A count with its thousands apart, such as `1,000,000`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** Money of fen in yuan, such as `12.05 yuan`. */
export function formatYuan(fen: number): string {
  const positive = Math.abs(fen);
  const yuan = Math.floor(positive / 100);
  return `${fen < 0 ? "-" : ""}${formatCount(yuan)}.${String(positive - yuan * 100).padStart(2, "0")} yuan`;
}

function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
