/// <reference lib="dom" />
/** Shows resources: on the envelope, and as a page of its own in a rest. Texts stay texts. */
import type { ShownResource } from "./resource_store.ts";

/** Dresses an envelope as a sponsor wants it, or in its own red. */
export function dress(envelope: HTMLElement, cover: HTMLImageElement, page: ShownResource | undefined): void {
  envelope.classList.toggle("branded", page !== undefined && page.color !== "");
  envelope.style.setProperty("--brand", page?.color || "transparent");
  show(cover, page?.url ?? "", "");
}

/** Shows a page: its picture, and what is said. */
export function showPage(
  figure: HTMLElement,
  picture: HTMLImageElement,
  text: HTMLElement,
  page: ShownResource | undefined,
): void {
  figure.hidden = page === undefined;
  figure.style.setProperty("--brand", page?.color || "transparent");
  show(picture, page?.url ?? "", page?.name ?? "");
  const said = page?.text || page?.name || "";
  if (text.textContent !== said) text.textContent = said;
}

function show(image: HTMLImageElement, url: string, alt: string): void {
  image.hidden = url === "";
  if (image.alt !== alt) image.alt = alt;
  if (url === "") image.removeAttribute("src");
  else if (image.src !== url) image.src = url;
}
