import type { PartyNews } from "../../phone/page/party_news.ts";

/** News that may wait for a phone that doesn't read, before it misses some: the next says everything anyway. */
const MOST_UNREAD = 8;
const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  // A proxy that gathers what comes before it passes it on would make a countdown late.
  "x-accel-buffering": "no",
};

/** Everybody who listens to the news. */
export class NewsStreams {
  readonly #listeners = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #most: number;
  readonly #encoder = new TextEncoder();

  /** @param most streams at once */
  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#listeners.size;
  }

  /** A stream that begins with the news of now; undefined if there are too many. */
  open(news: PartyNews): Response | undefined {
    if (this.#listeners.size >= this.#most) return undefined;
    let mine: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        mine = controller;
        this.#listeners.add(controller);
        controller.enqueue(this.#encoder.encode(`retry: 1000\n${event(news)}`));
      },
      cancel: () => void this.#listeners.delete(mine),
    });
    return new Response(body, { headers: HEADERS });
  }

  tell(news: PartyNews): void {
    const bytes = this.#encoder.encode(event(news));
    for (const listener of this.#listeners) {
      if ((listener.desiredSize ?? 0) > -MOST_UNREAD) listener.enqueue(bytes);
    }
  }

  close(): void {
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
  }
}

function event(news: PartyNews): string {
  return `event: news\ndata: ${JSON.stringify(news)}\n\n`;
}
