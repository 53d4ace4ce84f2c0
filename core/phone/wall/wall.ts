/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The big screen: how to come in, who shakes, who has won, what is left. Keys lead the evening. */
import { every, systemClock } from "../../base/clock.ts";
import { byId, make, setText } from "../page/elements.ts";
import { phaseAt } from "../page/party_news.ts";
import { type Language, languageOf, yuan } from "../page/words.ts";
import { ask } from "./ask.ts";
import { HostLink } from "./host_link.ts";
import { CLOSING_S, type HostOrder, type HostView, type ShownGuest } from "./host_view.ts";
import { tell, type WallKey } from "./wall_words.ts";

const DRAW_MS = 250;
/** Who has shaken within this time shakes. */
const SHAKING_MS = 1_800;
/** Guests that find room, and how they are written until they do. */
const MOST_SHOWN = 260;
const SIZES = ["", "many", "crowd", "throng"] as const;
const MOST_LATEST = 12;
const TROUBLE_MS = 6_000;

class Wall {
  #language: Language = languageOf(navigator.languages);
  #view: HostView | undefined;
  #offsetMs = 0;
  #away: "away" | "unknown" | undefined;
  #complaint = "";
  #complaintMs = 0;
  /** By user: how often they had shaken when the wall looked last, and when that last grew. */
  readonly #shakes = new Map<number, { count: number; atMs: number }>();
  readonly #seen = new Set<number>();
  readonly #link = new HostLink((view) => this.#take(view), (why) => {
    this.#away = why;
    this.#draw();
  });

  constructor() {
    document.documentElement.dataset.theme = sessionStorage.getItem("redpkt.theme") ?? "dark";
    addEventListener("keydown", (event) => this.#key(event));
    every(DRAW_MS, () => this.#draw());
    this.#draw();
  }

  #take(view: HostView): void {
    const nowMs = systemClock.monotonicMs();
    this.#offsetMs = view.news.hostMs - systemClock.wallMs();
    for (const { user, shakes } of view.guests) {
      const before = this.#shakes.get(user);
      if (before === undefined) this.#shakes.set(user, { count: shakes, atMs: -Infinity });
      else if (shakes !== before.count) this.#shakes.set(user, { count: shakes, atMs: nowMs });
    }
    const isFirst = this.#view === undefined;
    this.#view = view;
    this.#drawLatest(view, isFirst);
    this.#drawGuests(view, nowMs);
    this.#draw();
  }

  #words(key: WallKey, ...values: readonly (string | number)[]): string {
    return tell(this.#language, key, ...values);
  }

  #draw(): void {
    document.documentElement.lang = this.#language === "zh" ? "zh-CN" : "en";
    setText(byId("keys"), this.#words("keys"));
    this.#drawTrouble();
    const view = this.#view;
    if (view === undefined) return;
    const { news } = view;
    const hostMs = systemClock.wallMs() + this.#offsetMs;
    const phase = phaseAt(news, hostMs);
    document.body.dataset.phase = phase;
    setText(byId("name"), news.name);
    if (document.title !== news.name) document.title = news.name;
    setText(byId("sponsors"), this.#words("sponsors", news.sponsors.join(" · ")));
    byId("wave-of").hidden = phase === "ended" || phase === "closing" || news.wave > news.waves;
    setText(byId("wave-of"), this.#words("wave.of", Math.min(news.wave, news.waves), news.waves));
    setText(byId("title"), this.#words(phase));
    const untilMs = phase === "countdown"
      ? news.startMs
      : phase === "wave" || phase === "closing"
      ? news.endMs
      : null;
    const next = news.phase === phase ? news.wave : news.wave + 1;
    const time = untilMs !== null ? countText(untilMs - hostMs) : this.#between(phase, next, news.startMs);
    setText(byId("time"), time);
    byId("time").className = untilMs === null ? "text" : "";
    this.#drawJoin(view);
    setText(byId("count"), this.#words("guests", news.guests, news.online));
    setText(byId("left"), this.#words("left", news.packetsLeft.toLocaleString("en-US"), yuan(news.leftFen)));
    setText(byId("won"), this.#words("won", yuan(view.openedFen)));
    const part = view.budgetFen === 0 ? 0 : news.leftFen / view.budgetFen;
    byId("bar").querySelector("i")!.style.width = `${(part * 100).toFixed(1)}%`;
  }

  #between(phase: string, next: number, startMs: number | null): string {
    const { waves } = this.#view!.news;
    if (phase !== "lobby" && phase !== "rest") return "";
    if (next > waves) return this.#words("rest.last");
    const clock = startMs === null ? "" : new Date(startMs - this.#offsetMs)
      .toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    if (clock !== "") return this.#words("lobby.at", next, clock);
    return phase === "rest" ? this.#words("rest.next", next) : "";
  }

  #drawJoin({ joinUrl, qrSvg, code }: HostView): void {
    const image = byId<HTMLImageElement>("qr");
    const source = `data:image/svg+xml,${encodeURIComponent(qrSvg)}`;
    if (image.src !== source) image.src = source;
    image.alt = joinUrl;
    setText(byId("join-title"), this.#words("join.title"));
    setText(byId("join-url"), joinUrl.replace(/#.*$/, ""));
    setText(byId("join-code"), `${this.#words("join.code")} ${code}`);
  }

  #drawLatest({ latest, guests, news }: HostView, isFirst: boolean): void {
    if (news.phase === "ended") return this.#drawLuckiest(guests);
    setText(byId("winners-title"), this.#words("winners"));
    setText(byId("none"), latest.length === 0 ? this.#words("winners.none") : "");
    const shown = latest.slice(0, MOST_LATEST);
    const list = byId("latest");
    const mark = `${this.#language} ${shown.map(({ packetId }) => packetId).join()}`;
    if (list.dataset.mark === mark) return;
    list.dataset.mark = mark;
    list.replaceChildren(...shown.map((win) => {
      const isNew = !isFirst && !this.#seen.has(win.packetId);
      this.#seen.add(win.packetId);
      const from = `${this.#words("wave.of", win.wave, this.#view!.news.waves)} · ${win.sponsor}`;
      return make(
        "li",
        isNew ? "new" : "",
        make("i", "mini"),
        make("span", "", win.name, make("small", "", from)),
        make("b", "", `¥${yuan(win.amountFen)}`),
      );
    }));
  }

  /** At the end: who has won the most. */
  #drawLuckiest(guests: readonly ShownGuest[]): void {
    setText(byId("winners-title"), this.#words("luckiest"));
    setText(byId("none"), "");
    const best = guests.filter(({ wonFen }) => wonFen > 0).sort((a, b) =>
      b.wonFen - a.wonFen || a.user - b.user
    )
      .slice(0, MOST_LATEST);
    byId("latest").dataset.mark = "luckiest";
    byId("latest").replaceChildren(...best.map(({ name, packets, wonFen }) =>
      make(
        "li",
        "",
        make("i", "mini"),
        make("span", "", name, make("small", "", this.#words(packets === 1 ? "packet" : "packets", packets))),
        make("b", "", `¥${yuan(wonFen)}`),
      )
    ));
  }

  #drawGuests({ guests, news }: HostView, nowMs: number): void {
    const isShaking = ({ user }: ShownGuest) =>
      nowMs - (this.#shakes.get(user)?.atMs ?? -Infinity) < SHAKING_MS;
    // All of them, or those who do something; always in the same order, so that nobody jumps about.
    const chosen = guests.length <= MOST_SHOWN
      ? guests
      : guests.toSorted((a, b) =>
        Number(isShaking(b)) - Number(isShaking(a)) || Number(b.isOnline) - Number(a.isOnline)
      ).slice(0, MOST_SHOWN).sort((a, b) => a.user - b.user);
    const list = byId("guests");
    list.replaceChildren(...chosen.map((guest) => {
      const isAway = !guest.isOnline && news.phase !== "ended";
      const classes = [isAway ? "away" : "", isShaking(guest) ? "shaking" : ""];
      const item = make("li", classes.filter((name) => name !== "").join(" "), make("span", "", guest.name));
      if (guest.wonFen > 0) item.append(make("b", "", `¥${yuan(guest.wonFen)}`));
      return item;
    }));
    for (const size of SIZES) {
      list.className = size;
      if (list.scrollHeight <= list.clientHeight) break;
    }
  }

  #drawTrouble(): void {
    const isFresh = systemClock.monotonicMs() - this.#complaintMs < TROUBLE_MS;
    const text = this.#away === "unknown"
      ? this.#words("secret.missing")
      // When the evening is over its program has ended, as it should.
      : this.#away === "away" && this.#view?.news.phase !== "ended"
      ? this.#words("away")
      : isFresh
      ? this.#complaint
      : this.#view?.trouble ?? "";
    byId("trouble").hidden = text === "";
    setText(byId("trouble"), text);
  }

  #key(event: KeyboardEvent): void {
    const isPlain = !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isPlain || byId<HTMLDialogElement>("ask").open) return;
    switch (event.key.toLowerCase()) {
      case "s":
        void this.#order("start");
        break;
      case "p":
        void this.#order(this.#view?.news.phase === "paused" ? "resume" : "pause");
        break;
      case "e":
        void this.#end();
        break;
      case "f":
        void (document.fullscreenElement === null
          ? document.documentElement.requestFullscreen()
          : document.exitFullscreen());
        break;
      case "t": {
        const other = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
        document.documentElement.dataset.theme = other;
        sessionStorage.setItem("redpkt.theme", other);
        break;
      }
      case "l":
        this.#language = this.#language === "zh" ? "en" : "zh";
        if (this.#view !== undefined) this.#take(this.#view);
        break;
    }
  }

  async #end(): Promise<void> {
    const isMeant = await ask(this.#words("end.ask", CLOSING_S), this.#words("yes"), this.#words("no"));
    if (isMeant) await this.#order("end");
  }

  async #order(what: HostOrder): Promise<void> {
    this.#complaint = await this.#link.order(what);
    this.#complaintMs = this.#complaint === "" ? 0 : systemClock.monotonicMs();
    this.#draw();
  }
}

function countText(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  return seconds < 100
    ? String(seconds)
    : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

new Wall();
