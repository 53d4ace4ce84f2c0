import { formatMicros } from "../../base/units.ts";
import type { Unit } from "./charts.ts";

/** A value in its unit, in at most nine characters; a dash where there is none. */
export function write(value: number | null, unit: Unit): string {
  if (value === null) return "-";
  if (unit === "us") return formatMicros(value);
  if (unit === "ms") return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
  if (unit === "percent") return `${Math.round(value)} %`;
  if (unit === "bytes" || unit === "bytesPerSecond") {
    return `${compact(value)}B${unit === "bytes" ? "" : "/s"}`;
  }
  const number = value < 100_000
    ? (Math.round(value * 10) / 10).toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 1 : 0 })
    : compact(value).trim();
  return unit === "perSecond" ? `${number}/s` : unit === "yuan" ? `${number} y` : number;
}

function compact(value: number): string {
  const units = [" ", "k", "M", "G", "T"];
  let i = 0;
  while (value >= 1000 && i < units.length - 1) {
    value /= 1000;
    i++;
  }
  return `${i === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[i]}`.replace("  ", " ");
}
