/** The pages and what belongs to them, as they are sent: made once, compressed once. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { bundle } from "../../web/browser_bundle.ts";
import { SOURCES } from "./page_sources.ts";
import hostHtml from "../../phone/wall/host.html" with { type: "text" };
import hostCss from "../../phone/wall/host.css" with { type: "text" };
import commonCss from "../../phone/page/common.css" with { type: "text" };
import pageCss from "../../phone/page/page.css" with { type: "text" };
import pageHtml from "../../phone/page/page.html" with { type: "text" };
import wallCss from "../../phone/wall/wall.css" with { type: "text" };
import wallHtml from "../../phone/wall/wall.html" with { type: "text" };

const ICON =
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect x="10" y="3" width="44" height="58" rx="8" fill="#c8202c"/>
<path d="M10 11a8 8 0 0 1 8-8h28a8 8 0 0 1 8 8v4C46 32 18 32 10 15z" fill="#a80f1c" stroke="#f2be4c" stroke-width="1.5"/>
<circle cx="32" cy="28" r="10" fill="#f6cd6b" stroke="#c98a1b" stroke-width="2"/></svg>`;

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";

/** By path: type, and what makes it. */
const FILES: Readonly<Record<string, readonly [type: string, text: () => string]>> = {
  "/": [HTML, () => trimmed(pageHtml)],
  "/page.css": [CSS, () => squeezed(commonCss + pageCss)],
  "/page.js": [SCRIPT, () => bundle("core/phone/page/main.ts", SOURCES)],
  "/wall": [HTML, () => trimmed(wallHtml)],
  "/wall.css": [CSS, () => squeezed(commonCss + wallCss)],
  "/wall.js": [SCRIPT, () => bundle("core/phone/wall/wall.ts", SOURCES)],
  "/host": [HTML, () => trimmed(hostHtml)],
  "/host.css": [CSS, () => squeezed(commonCss + hostCss)],
  "/host.js": [SCRIPT, () => bundle("core/phone/wall/host.ts", SOURCES)],
  "/icon.svg": ["image/svg+xml", () => ICON],
};

/** Lines without what stands before and between them for those who read the source. */
function trimmed(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/\n\s+/g, "\n");
}

/** The same of a style sheet, in which blanks mean something between words alone. */
function squeezed(css: string): string {
  return trimmed(css).replaceAll(/\s*([{};,])\s*/g, "$1").replaceAll(/: +/g, ":").trim();
}

interface Page {
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly zipped: Uint8Array<ArrayBuffer>;
  readonly tag: string;
}

const made = new Map<string, Page>();

/** What lies at a path; undefined if nothing does. */
export function pageAt(path: string): Page | undefined {
  const known = made.get(path);
  if (known !== undefined || !Object.hasOwn(FILES, path)) return known;
  const [type, text] = FILES[path];
  const plain = new TextEncoder().encode(text());
  const tag = `"${createHash("sha256").update(plain).digest("hex").slice(0, 16)}"`;
  const page = { type, plain, zipped: new Uint8Array(gzipSync(plain, { level: 9 })), tag };
  made.set(path, page);
  return page;
}

/** Makes them all now: a guest who comes first waits for none. */
export function makePages(): void {
  for (const path of Object.keys(FILES)) pageAt(path);
}

/** The page allows nothing but itself: no script in its text, no other host, no frame. */
export function pageResponse(page: Page, request: Request): Response {
  const host = request.headers.get("host") ?? "";
  // Browsers that don't count a WebSocket of the same host as the page's own need it by name.
  const sockets = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : "";
  const headers: Record<string, string> = {
    "content-type": page.type,
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
      `img-src 'self' data: blob:; connect-src 'self'${sockets}; base-uri 'none'; form-action 'none'; ` +
      "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
    "vary": "accept-encoding",
    "etag": page.tag,
  };
  if (request.headers.get("if-none-match") === page.tag) return new Response(null, { status: 304, headers });
  const takesZip = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  if (takesZip) headers["content-encoding"] = "gzip";
  return new Response(takesZip ? page.zipped : page.plain, { headers });
}
