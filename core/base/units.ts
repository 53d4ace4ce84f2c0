/** Numbers as people read them, with their units: the one place that says how, for page, terminal, report and log. */

/** A time in microseconds, such as `84 us`, `1.24 ms` or `2.50 s`. */
export function formatMicros(micros: number): string {
  if (micros < 999.5) return `${Math.round(micros)} us`;
  if (micros < 999_500) return `${threeDigits(micros / 1_000)} ms`;
  return `${threeDigits(micros / 1_000_000)} s`;
}

/** A count with its thousands apart, such as `1,000,000`. */
export function formatCount(count: number): string {
  // Without the sum a -0 would be written as one.
  return (Math.round(count) + 0).toLocaleString("en-US");
}

/** A count where there is little room: in full up to 999,999, then such as `1.25 M`. */
export function formatShort(count: number): string {
  if (Math.abs(count) < 999_999.5) return formatCount(count);
  const [size, letter] = Math.abs(count) < 999_999_500 ? [1e6, "M"] : [1e9, "G"];
  return `${threeDigits(count / size)} ${letter}`;
}

/** Bytes in units of thousands, such as `512 B`, `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; bytes >= 999.5 && unit < units.length - 1; unit++) bytes /= 1_000;
  return `${unit === 0 || bytes >= 99.95 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}

/** Money of fen in yuan, such as `12.05 yuan`. Nothing is never less than nothing. */
export function formatYuan(fen: number): string {
  const positive = Math.abs(fen);
  const yuan = Math.floor(positive / 100);
  return `${fen < 0 ? "-" : ""}${formatCount(yuan)}.${String(positive - yuan * 100).padStart(2, "0")} yuan`;
}

/** A number of things, such as `1 target` and `2 targets`. */
export function formatOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
}
