/// <reference lib="dom" />
/** Hears what the host tells everybody, and hears it again after every break. */
import { after, systemClock } from "../../base/clock.ts";
import { NEWS_VERSION, type PartyNews } from "./party_news.ts";

/** A browser gives a stream up for good after some refusals: then it is begun anew. */
const AGAIN_MS = 2_000;
/** The host says something at least this often; a stream that is quieter is dead. */
const QUIET_MS = 25_000;

export class NewsStream {
  readonly #take: (news: PartyNews) => void;
  #source: EventSource | undefined;
  #heardMs = 0;
  #cancel: () => void = () => {};

  constructor(take: (news: PartyNews) => void) {
    this.#take = take;
    this.#open();
  }

  /** The phone may have slept: a stream that is dead by now is begun anew. */
  wake(): void {
    if (systemClock.monotonicMs() - this.#heardMs > QUIET_MS / 2) this.#open();
  }

  #open(): void {
    this.#cancel();
    this.#source?.close();
    const source = this.#source = new EventSource("/api/news");
    source.addEventListener("news", ({ data }) => {
      this.#heard();
      const news = JSON.parse(data) as PartyNews;
      // The host was updated while this page was open.
      if (news.version !== NEWS_VERSION) return location.reload();
      this.#take(news);
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) this.#later(AGAIN_MS);
    });
    this.#heard();
  }

  #heard(): void {
    this.#heardMs = systemClock.monotonicMs();
    this.#later(QUIET_MS);
  }

  #later(ms: number): void {
    this.#cancel();
    this.#cancel = after(ms, () => this.#open());
  }
}
