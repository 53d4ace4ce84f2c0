/// <reference lib="dom" />
/**
 * Frames over plain requests, for phones that refuse WebSockets: an iPhone opens a page whose certificate nobody vouches
 * for when its owner says so, but no WebSocket of it. Down by a stream of events, up by one request after the other.
 */
import type { Transport, Wire, WireEvents } from "../library/mod.ts";

const PATH = "/api/wire";
/** Of one request. */
const MOST_UP_BYTES = 4_096;

export function httpWire(): Transport {
  return (_address, events) => new HttpWire(events);
}

class HttpWire implements Wire {
  readonly #events: WireEvents;
  readonly #source = new EventSource(PATH);
  #id = "";
  #up: Uint8Array<ArrayBuffer>[] = [];
  #isSending = false;
  #hasEnded = false;

  constructor(events: WireEvents) {
    this.#events = events;
    this.#source.addEventListener("open-wire", ({ data }) => {
      this.#id = data;
      events.opened();
    });
    this.#source.addEventListener("bytes", ({ data }) => {
      if (!this.#hasEnded) events.received(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)));
    });
    // It would begin another connection by itself: that is for whoever made this one.
    this.#source.addEventListener("error", () => this.close());
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#hasEnded) return;
    this.#up.push(bytes);
    void this.#sendUp();
  }

  close(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#source.close();
    queueMicrotask(() => this.#events.closed(0));
  }

  /** One request at a time keeps the order; what comes meanwhile goes with the next. */
  async #sendUp(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#up.length > 0 && !this.#hasEnded) {
        const body = this.#take();
        const response = await fetch(`${PATH}/${this.#id}`, {
          method: "POST",
          headers: { "content-type": "application/octet-stream" },
          body,
        });
        if (!response.ok) this.close();
      }
    } catch {
      this.close();
    }
    this.#isSending = false;
  }

  #take(): Blob {
    let bytes = 0;
    const count = this.#up.findIndex((part) => (bytes += part.length) > MOST_UP_BYTES);
    return new Blob(this.#up.splice(0, count < 1 ? this.#up.length : count));
  }
}
