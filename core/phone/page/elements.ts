/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Elements of a page. What is put into them is text, never HTML. */

/** An element that the page must have. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** Sets a text only if it is another one: what is said again to a screen reader is noise. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes an element with a class and what is in it; texts stay texts. */
export function make(tag: string, className: string, ...children: readonly (string | Node)[]): HTMLElement {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}
