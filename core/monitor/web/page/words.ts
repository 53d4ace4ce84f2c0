/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Numbers, times and elements for the page's other scripts. */
import type { Unit } from "../../timeline/charts.ts";

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  while (value >= 1000 && i < units.length - 1) {
    value /= 1000;
    i++;
  }
  return `${value >= 100 || i === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[i]}`;
}

function micros(value: number): string {
  if (value < 1000) return `${Math.round(value)} µs`;
  if (value < 1e6) return `${(value / 1000).toFixed(value < 1e4 ? 2 : value < 1e5 ? 1 : 0)} ms`;
  return `${(value / 1e6).toFixed(2)} s`;
}

const long = (value: number) => Math.abs(value) < 100_000 ? whole.format(value) : compact.format(value);
const formats: Record<Unit, (value: number) => string> = {
  count: long,
  perSecond: (value) => `${value < 10 && value % 1 ? value.toFixed(1) : long(value)}/s`,
  us: micros,
  ms: (value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`,
  bytes,
  bytesPerSecond: (value) => `${bytes(value)}/s`,
  percent: (value) => `${value.toFixed(0)} %`,
  yuan: (value) => `¥${Math.abs(value) < 1000 ? value.toFixed(2) : long(value)}`,
};

/** A value in its unit; a dash where there is none. */
export function format(value: number | null | undefined, unit: Unit): string {
  return value === null || value === undefined ? "–" : formats[unit](value);
}

/** The same, as short as an axis wants it. */
export function formatAxis(value: number | null, unit: Unit): string {
  if (value === null) return "";
  if (unit === "bytes" || unit === "bytesPerSecond") return bytes(value).replace(".0 ", " ");
  if (unit === "us") return value === 0 ? "0" : micros(value).replace(/\.0+ /, " ");
  return compact.format(value) + (unit === "percent" ? " %" : unit === "ms" ? " ms" : "");
}

/** The hour, minute and second of a unix time. */
export function clockTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, "0"))
    .join(":");
}

type Attribute = string | boolean | undefined | ((event: Event) => void);

/** Makes an element; what is text stays text, and an attribute `on...` is a listener. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** An element of the page, which is there. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}
