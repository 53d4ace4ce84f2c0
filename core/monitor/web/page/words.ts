/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Times and elements for the page's other scripts. */
import type { Unit } from "../../timeline/charts.ts";
import { write } from "../../timeline/unit_text.ts";

/** A value in its unit; a dash where there is none. */
export function format(value: number | null | undefined, unit: Unit): string {
  return write(value ?? null, unit);
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
