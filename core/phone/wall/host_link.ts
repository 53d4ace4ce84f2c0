/// <reference lib="dom" />
/** How the wall and the host's page ask and order: with the host's secret, which came behind the `#` of their link. */
import { every } from "../../base/clock.ts";
import { NEWS_VERSION } from "../page/party_news.ts";
import type { HostOrder, HostView } from "./host_view.ts";

const KEY = "redpkt.host";
const LOOK_MS = 700;

export class HostLink {
  readonly #secret: string;
  readonly #take: (view: HostView) => void;
  /** Told whether the party answers. */
  readonly #away: (why: "away" | "unknown" | undefined) => void;
  #isAsking = false;

  constructor(take: (view: HostView) => void, away: (why: "away" | "unknown" | undefined) => void) {
    this.#take = take;
    this.#away = away;
    const given = decodeURIComponent(location.hash.slice(1));
    if (given !== "") {
      sessionStorage.setItem(KEY, given);
      // On a projector everybody reads the address.
      history.replaceState(null, "", location.pathname);
    }
    this.#secret = given || (sessionStorage.getItem(KEY) ?? "");
    void this.look();
    every(LOOK_MS, () => void this.look());
  }

  /** Whether there is a secret at all. */
  get isHost(): boolean {
    return this.#secret !== "";
  }

  /** The address of another page of the host's, with the secret. */
  linkTo(path: string): string {
    return `${path}#${encodeURIComponent(this.#secret)}`;
  }

  async look(): Promise<void> {
    if (this.#isAsking) return;
    if (!this.isHost) return this.#away("unknown");
    this.#isAsking = true;
    try {
      const response = await fetch("/api/host/view", {
        headers: this.#headers,
        signal: AbortSignal.timeout(5_000),
      });
      if (response.status === 401) return this.#away("unknown");
      if (!response.ok) throw new Error(String(response.status));
      const view = await response.json() as HostView;
      if (view.news.version !== NEWS_VERSION) return location.reload();
      this.#away(undefined);
      this.#take(view);
    } catch {
      this.#away("away");
    } finally {
      this.#isAsking = false;
    }
  }

  /** Orders something; returns what is wrong, or an empty text. */
  async order(what: HostOrder | "release", body: Record<string, unknown> = {}): Promise<string> {
    try {
      const response = await fetch(`/api/host/${what}`, {
        method: "POST",
        headers: { ...this.#headers, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      if (!response.ok) return (await response.json()).errors.join(" ");
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    void this.look();
    return "";
  }

  get #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#secret}` };
  }
}
