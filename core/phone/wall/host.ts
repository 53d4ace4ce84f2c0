/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The host's page, for the host's own phone: leads the evening, and lets guests in again. */
import { every, systemClock } from "../../base/clock.ts";
import { byId, make, setText } from "../page/elements.ts";
import { phaseAt } from "../page/party_news.ts";
import { type Language, languageOf, say, yuan } from "../page/words.ts";
import { ask } from "./ask.ts";
import { HostLink } from "./host_link.ts";
import { CLOSING_S, type HostOrder, type HostView } from "./host_view.ts";
import { tell, type WallKey } from "./wall_words.ts";

const DRAW_MS = 250;

class HostPage {
  #language: Language = languageOf(navigator.languages);
  #view: HostView | undefined;
  #offsetMs = 0;
  #away: "away" | "unknown" | undefined;
  #note = "";
  readonly #link = new HostLink((view) => {
    this.#offsetMs = view.news.hostMs - systemClock.wallMs();
    this.#view = view;
    this.#drawGuests(view);
    this.#draw();
  }, (why) => {
    this.#away = why;
    this.#draw();
  });

  constructor() {
    byId("start").addEventListener("click", () => void this.#order("start"));
    byId("pause").addEventListener("click", () => void this.#order("pause"));
    byId("resume").addEventListener("click", () => void this.#order("resume"));
    byId("stop").addEventListener("click", () => void this.#ordered("stop", this.#words("stop.ask")));
    byId("end").addEventListener("click", () => void this.#ordered("end", this.#words("end.ask", CLOSING_S)));
    byId("language").addEventListener("click", () => {
      this.#language = this.#language === "zh" ? "en" : "zh";
      if (this.#view !== undefined) this.#drawGuests(this.#view);
      this.#draw();
    });
    byId<HTMLAnchorElement>("wall").href = this.#link.linkTo("/wall");
    every(DRAW_MS, () => this.#draw());
    this.#draw();
  }

  #words(key: WallKey, ...values: readonly (string | number)[]): string {
    return tell(this.#language, key, ...values);
  }

  #draw(): void {
    document.documentElement.lang = this.#language === "zh" ? "zh-CN" : "en";
    setText(byId("language"), say(this.#language, "head.language"));
    setText(byId("wall"), this.#words("host.wall"));
    const hasEnded = this.#view?.news.phase === "ended";
    const trouble = this.#away === "unknown"
      ? this.#words("secret.missing")
      : hasEnded
      ? this.#words("host.ended")
      : this.#away === "away"
      ? this.#words("away")
      : this.#note || (this.#view?.trouble ?? "");
    setText(byId("note"), trouble);
    byId("orders").hidden = this.#view === undefined || hasEnded;
    if (this.#view === undefined) return;
    const { news, openedFen } = this.#view;
    const hostMs = systemClock.wallMs() + this.#offsetMs;
    const phase = phaseAt(news, hostMs);
    setText(byId("name"), `${news.name} · ${this.#words("host.title")}`);
    const ofWave = phase === "ended" || phase === "closing" || news.wave > news.waves
      ? ""
      : ` · ${this.#words("wave.of", news.wave, news.waves)}`;
    setText(byId("phase"), this.#words(phase) + ofWave);
    const untilMs = phase === "countdown"
      ? news.startMs
      : phase === "wave" || phase === "closing"
      ? news.endMs
      : null;
    setText(byId("time"), untilMs === null ? "" : `${Math.max(0, Math.ceil((untilMs - hostMs) / 1000))} s`);
    setText(byId("start"), this.#words("host.start", news.wave));
    setText(byId("pause"), this.#words("host.pause"));
    setText(byId("resume"), this.#words("host.resume"));
    setText(byId("stop"), this.#words("host.stop"));
    setText(byId("end"), this.#words("host.end"));
    byId("start").hidden = !(phase === "lobby" || phase === "rest") || news.wave > news.waves;
    byId("pause").hidden = phase !== "wave";
    byId("resume").hidden = phase !== "paused";
    byId("stop").hidden = phase !== "wave" && phase !== "paused";
    byId("end").hidden = phase === "closing";
    setText(byId("left"), this.#words("left", news.packetsLeft.toLocaleString("en-US"), yuan(news.leftFen)));
    setText(byId("won"), this.#words("won", yuan(openedFen)));
    setText(byId("guests-title"), this.#words("host.guests"));
    setText(byId("count"), this.#words("guests", news.guests, news.online));
  }

  #drawGuests({ guests, news }: HostView): void {
    const list = byId("guests");
    const mark = `${this.#language} ${JSON.stringify(guests.map(({ shakes: _, ...rest }) => rest))}`;
    if (list.dataset.mark === mark) return;
    list.dataset.mark = mark;
    list.replaceChildren(...guests.map((guest) => {
      const more = [
        guest.packets > 0 ? `${guest.packets} · ¥${yuan(guest.wonFen)}` : "",
        guest.devices > 1 ? this.#words("host.devices", guest.devices) : "",
      ].filter((text) => text !== "");
      const item = make(
        "li",
        guest.isOnline ? "" : "away",
        make("span", "", guest.name, make("small", "", more.join(" · "))),
      );
      if (news.hasList) {
        const button = make("button", "", this.#words("host.release"));
        button.onclick = () => void this.#release(guest.user, guest.name);
        item.append(button);
      }
      return item;
    }));
  }

  async #release(user: number, name: string): Promise<void> {
    this.#note = await this.#link.order("release", { user }) || this.#words("host.released", name);
    this.#draw();
  }

  async #ordered(what: HostOrder, question: string): Promise<void> {
    if (await ask(question, this.#words("yes"), this.#words("no"))) await this.#order(what);
  }

  async #order(what: HostOrder): Promise<void> {
    this.#note = await this.#link.order(what) || this.#words("host.done");
    this.#draw();
  }
}

new HostPage();
