import type { PageFile, PageFiles } from "../resources/kept_pages.ts";
import { Places } from "./places.ts";

/** Bytes that are handed to the network at once. */
const PIECE_BYTES = 32 * 1024;
/** Phones that fetch at once, half of them from one address; the others come again, so that those who only come in needn't wait behind pictures. */
const MOST_SENDING = 12;
const RETRY_S = 3;

/** Serves pictures and texts of sponsors to phones while nobody shakes. */
export class SponsorFiles {
  readonly #files: PageFiles;
  readonly #isIdle: () => boolean;
  readonly #places = new Places(MOST_SENDING);

  /** @param isIdle whether nobody shakes, or is about to */
  constructor(files: PageFiles, isIdle: () => boolean) {
    this.#files = files;
    this.#isIdle = isIdle;
  }

  /** The SHA-256 of the list; empty for none. */
  get list(): string {
    return this.#files.list;
  }

  /**
   * A file by its SHA-256; undefined if there is none.
   *
   * @param address of the phone
   */
  response(sha256: string, request: Request, address: string): Response | undefined {
    const file = this.#files.files.get(sha256);
    if (file === undefined) return undefined;
    const headers: Record<string, string> = {
      "content-type": file.type,
      // It is its own name, so it never changes; and it is nothing but what its type says, wherever it is opened.
      "cache-control": "public, max-age=31536000, immutable",
      "etag": `"${sha256}"`,
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
    };
    if (request.headers.get("if-none-match") === headers.etag) {
      return new Response(null, { status: 304, headers });
    }
    const giveBack = this.#isIdle() ? this.#places.take(address) : undefined;
    if (giveBack === undefined) {
      return new Response(null, {
        status: 503,
        headers: { "retry-after": String(RETRY_S), "cache-control": "no-store" },
      });
    }
    headers["content-length"] = String(file.bytes.length);
    return new Response(this.#body(file, giveBack), { headers });
  }

  /** Its bytes, a piece whenever the phone has read those before; they end when people are about to shake. */
  #body({ bytes }: PageFile, giveBack: () => void): ReadableStream<Uint8Array> {
    let at = 0;
    return new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (!this.#isIdle()) {
          giveBack();
          return controller.error(new Error("people are about to shake"));
        }
        controller.enqueue(bytes.subarray(at, at += PIECE_BYTES));
        if (at < bytes.length) return;
        giveBack();
        controller.close();
      },
      cancel: giveBack,
    }, { highWaterMark: 0 });
  }
}
