import { formatBytes, formatCount, formatMicros, formatShort, formatYuan } from "../../base/units.ts";
import type { Unit } from "./charts.ts";

/** A value in its unit, such as `59,987/s`; a dash where there is none. */
export function write(value: number | null, unit: Unit): string {
  if (value === null) return "-";
  switch (unit) {
    case "us":
      return formatMicros(value);
    case "ms":
      return formatMicros(value * 1_000);
    case "percent":
      return `${formatCount(value)} %`;
    case "bytes":
      return formatBytes(value);
    case "bytesPerSecond":
      return `${formatBytes(value)}/s`;
    case "yuan":
      return Math.abs(value) < 1_000 ? formatYuan(Math.round(value * 100)) : `${formatShort(value)} yuan`;
    case "perSecond":
      return `${tenths(value)}/s`;
    case "count":
      return tenths(value);
  }
}

/** The same for an axis: without decimals that say nothing. */
export function writeTick(value: number, unit: Unit): string {
  return write(value, unit).replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
}

/** Few of a thing may be a mean: with one decimal, if it has one. */
function tenths(value: number): string {
  const rounded = Math.round(value * 10) / 10;
  return rounded < 10 && !Number.isInteger(rounded) ? rounded.toFixed(1) : formatShort(value);
}
