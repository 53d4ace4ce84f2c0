/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Shows a guest's page: reads the state, writes the elements, and tells a screen reader what is new. */
import { byId, make, setText } from "./elements.ts";
import type { ShownResource } from "../resources/resource_store.ts";
import { dress, showPage } from "../resources/resource_view.ts";
import {
  mayShake,
  type PageState,
  type Screen,
  screenAt,
  shownAnswer,
  shownPacket,
  waveOf,
} from "./page_state.ts";
import type { WonPacket } from "./party_news.ts";
import { fly } from "./sparks.ts";
import { type Language, say, type TextKey, yuan } from "./words.ts";

/** Seconds of a countdown that the ring shows. */
const RING_S = 10;
/** From so many seconds on a countdown is told in minutes. */
const MINUTES_FROM_S = 100;

/** What the page shows besides its state. */
export interface Besides {
  readonly language: Language;
  /** What the ledger says that this guest has won; undefined until it was asked. */
  readonly wins: readonly WonPacket[] | undefined;
  readonly problem: TextKey | undefined;
  readonly isEntering: boolean;
  /** What there is to show for a number. */
  readonly shown: (resource: number) => ShownResource | undefined;
  /** What is shown in a rest, and before the first wave. */
  readonly restPage: ShownResource | undefined;
}

export class View {
  /** Called with each full second of a countdown's last three. */
  onTick: () => void = () => {};
  #screen: Screen | undefined;
  #language: Language | undefined;
  #shownPacket = 0;
  #seal = "";
  #tick = 0;
  #saidAnswerMs = -Infinity;

  draw(state: PageState, besides: Besides, nowMs: number): void {
    const { language } = besides;
    const words = (key: TextKey, ...values: readonly (string | number)[]) => say(language, key, ...values);
    if (this.#language !== language) this.#translate(language);
    const screen = screenAt(state, nowMs);
    if (this.#screen !== screen) this.#turnTo(screen, language);
    this.#head(state, words);
    this.#door(state, besides, words);
    this.#between(state, screen, words, nowMs);
    this.#shaking(state, besides, screen, nowMs);
    const page = screen === "lobby" || screen === "rest" ? besides.restPage : undefined;
    showPage(byId("sponsor-page"), byId("sponsor-picture"), byId("sponsor-text"), page);
    document.body.classList.toggle("with-page", page !== undefined);
    this.#packet(state, besides);
    this.#wins(state, besides, words);
  }

  /** Tells a screen reader, and nobody else. */
  announce(text: string): void {
    const live = byId("live");
    // The same text again is no change: a space makes it one.
    live.textContent = live.textContent === text ? `${text}\u00a0` : text;
  }

  #translate(language: Language): void {
    this.#language = language;
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    for (const element of document.querySelectorAll<HTMLElement>("[data-text]")) {
      setText(element, say(language, element.dataset.text as TextKey));
    }
    for (const element of document.querySelectorAll<HTMLElement>("[data-label]")) {
      const label = say(language, element.dataset.label as TextKey);
      element.setAttribute("aria-label", label);
      element.title = label;
    }
    this.#seal = "";
    this.#screen = undefined;
  }

  #turnTo(screen: Screen, language: Language): void {
    const isFirst = this.#screen === undefined;
    this.#screen = screen;
    document.body.dataset.screen = screen;
    let shown: HTMLElement | undefined;
    for (const section of document.querySelectorAll<HTMLElement>("section[data-for]")) {
      section.hidden = section.dataset.for !== screen;
      if (!section.hidden) shown = section;
    }
    if (isFirst || shown === undefined) return;
    const title = shown.querySelector("h2, .big");
    // What the heading says is drawn after this.
    queueMicrotask(() => this.announce(title?.textContent ?? ""));
    if (screen === "shake") {
      if (document.activeElement === document.body) byId("shake").focus({ preventScroll: true });
      this.announce(say(language, "shake.title"));
    }
  }

  #head({ news, link, guestName }: PageState, words: Words): void {
    const name = news?.name ?? words("title");
    setText(byId("party-name"), name);
    if (document.title !== name) document.title = name;
    const sponsors = news?.sponsors ?? [];
    setText(byId("sponsors"), sponsors.length === 0 ? "" : words("sponsors", sponsors.join(" · ")));
    byId("link").dataset.link = link;
    byId("link").hidden = guestName === undefined || news?.phase === "ended";
    setText(byId("link-text"), link === "online" ? words("link.online") : words("link.connecting"));
    const banner = byId("banner");
    const isTold = guestName !== undefined && (link === "waiting" || link === "refused") &&
      news?.phase !== "ended";
    banner.hidden = !isTold;
    setText(banner, isTold ? words(link === "waiting" ? "link.waiting" : "link.refused") : "");
  }

  #door({ news }: PageState, { problem, isEntering }: Besides, words: Words): void {
    setText(byId("door-problem"), problem === undefined ? "" : words(problem));
    byId<HTMLButtonElement>("enter").disabled = isEntering;
    setText(byId("enter"), words(isEntering ? "door.entering" : "door.enter"));
    if (news?.phase === "ended") setText(byId("door-problem"), words("door.over"));
  }

  #between(state: PageState, screen: Screen, words: Words, nowMs: number): void {
    const { news, guestName = "", offsetMs } = state;
    if (news === undefined) return;
    setText(byId("lobby-title"), words("lobby.title", guestName));
    const time = news.startMs === null ? "" : clockTime(news.startMs - offsetMs);
    setText(byId("lobby-text"), time === "" ? words("lobby.wait") : words("lobby.at", time));
    setText(
      byId("guests"),
      news.guests === 1 ? words("guests.one") : words("guests.many", news.guests.toLocaleString("en-US")),
    );
    // The wave that the host told of may be over already, without their word.
    const next = news.phase === "rest" ? news.wave : news.wave + 1;
    setText(
      byId("rest-text"),
      next > news.waves
        ? words("rest.last")
        : time === "" || news.phase !== "rest"
        ? words("rest.next", next)
        : words("rest.at", next, time),
    );
    const { startMs } = waveOf(state);
    if (screen === "countdown" && startMs !== null) this.#ring(startMs - nowMs);
  }

  #ring(leftMs: number): void {
    const seconds = Math.max(1, Math.ceil(leftMs / 1000));
    const count = byId("count");
    const text = seconds < MINUTES_FROM_S
      ? String(seconds)
      : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    setText(count, text);
    count.classList.toggle("long", text.length > 2);
    byId("ring").style.setProperty("--part", String(Math.min(1, leftMs / 1000 / RING_S)));
    if (seconds === this.#tick) return;
    this.#tick = seconds;
    if (seconds > 3) return;
    this.announce(String(seconds));
    this.onTick();
  }

  #shaking(state: PageState, { language, shown }: Besides, screen: Screen, nowMs: number): void {
    const { news, answerMs } = state;
    const words = (key: TextKey, ...values: readonly (string | number)[]) => say(language, key, ...values);
    if (screen !== "shake" || news === undefined) return;
    const { wave, endMs } = waveOf(state);
    setText(byId("wave-of"), words("wave.of", wave, news.waves));
    const leftS = endMs === null ? 0 : Math.ceil((endMs - nowMs) / 1000);
    setText(byId("time-left"), leftS > 0 ? words("shake.left", leftS) : "");
    byId("shake").setAttribute("aria-disabled", String(!mayShake(state, nowMs) && state.link !== "online"));
    const isEnough = news.perGuest > 0 && state.packets.length >= news.perGuest;
    const answer = shownAnswer(state, nowMs);
    const page = answer === "greeting" ? shown(state.resource) : undefined;
    dress(byId("shake"), byId("shake-cover"), page);
    const text = isEnough
      ? words("shake.enough")
      : answer === undefined
      ? ""
      : answer === "greeting"
      ? page?.text || words("shake.greeting", news.sponsors[state.sponsor - 1] ?? news.name)
      : words(`shake.${answer}`);
    setText(byId("answer"), text);
    if (answer !== undefined && answerMs !== this.#saidAnswerMs) {
      this.#saidAnswerMs = answerMs;
      this.announce(text);
    }
  }

  #packet(state: PageState, { language, wins = [], shown }: Besides): void {
    const dialog = byId<HTMLDialogElement>("packet");
    const packet = shownPacket(state);
    if (packet === undefined) {
      this.#shownPacket = 0;
      if (dialog.open) dialog.close();
      return;
    }
    // Whose it is the ledger says a moment later.
    const { resource = 0, sponsor = "" } = wins.find(({ packetId }) => packetId === packet.packetId) ?? {};
    dress(byId("packet-envelope"), byId("packet-cover"), shown(resource));
    const title = sponsor === "" ? say(language, "packet.won") : say(language, "packet.from", sponsor);
    setText(byId("packet-title"), title);
    if (packet.packetId === this.#shownPacket && packet.seal === this.#seal && dialog.open) return;
    const isOther = packet.packetId !== this.#shownPacket;
    const wasOpening = this.#seal === "opening";
    this.#shownPacket = packet.packetId;
    this.#seal = packet.seal;
    const envelope = byId("packet-envelope");
    envelope.dataset.seal = packet.seal;
    const isOver = packet.seal === "open" || packet.seal === "late";
    byId("next").hidden = !isOver;
    byId<HTMLButtonElement>("open").disabled = packet.seal !== "sealed";
    const amount = yuan(packet.amountFen);
    const amountText = byId("packet-amount");
    // What is in a packet isn't even in the page before it is open.
    setText(amountText, packet.seal === "open" ? amount : "");
    amountText.classList.toggle("long", amount.length > 6);
    const note = packet.seal === "open"
      ? say(language, "packet.amount", amount)
      : packet.seal === "late"
      ? say(language, "packet.late")
      : packet.seal === "opening"
      ? say(language, "packet.opening")
      : "";
    setText(byId("packet-note"), note);
    if (!dialog.open) dialog.showModal();
    this.announce(note === "" ? title : note);
    byId(isOver ? "next" : "open").focus({ preventScroll: true });
    if (packet.seal === "open" && (wasOpening || !isOther)) fly(dialog);
  }

  #wins(state: PageState, { wins, language }: Besides, words: Words): void {
    const known = winsOf(state, wins ?? []);
    const sumFen = known.reduce((sum, { amountFen, isOpen }) => sum + (isOpen ? amountFen : 0), 0);
    byId("wins-button").hidden = state.guestName === undefined;
    setText(byId("wins-sum"), known.length === 0 ? "" : `¥${yuan(sumFen)}`);
    setText(byId("wins-total"), known.length === 0 ? words("wins.none") : words("wins.sum", yuan(sumFen)));
    setText(
      byId("ended-text"),
      known.length === 0 ? words("ended.none") : words("ended.won", yuan(sumFen)),
    );
    const list = byId("wins-list");
    const packets = known.map(({ packetId, isOpen, wave }) => `${packetId} ${wave} ${isOpen}`);
    const mark = `${language} ${packets.join()}`;
    if (list.dataset.mark === mark) return;
    list.dataset.mark = mark;
    list.replaceChildren(
      ...known.toReversed().map((win) => {
        const where = [win.wave > 0 ? words("wins.wave", win.wave) : "", win.sponsor].filter((text) =>
          text !== ""
        );
        return make(
          "li",
          "",
          make("span", "mini"),
          make("small", "", where.join(" · ")),
          make("b", "", win.isOpen ? `¥${yuan(win.amountFen)}` : words("wins.sealed")),
        );
      }),
    );
  }
}

type Words = (key: TextKey, ...values: readonly (string | number)[]) => string;

/** What the ledger says and what this page has seen since, each packet once. */
function winsOf(state: PageState, wins: readonly WonPacket[]): readonly WonPacket[] {
  const known = new Map(wins.map((win) => [win.packetId, win]));
  for (const { packetId, amountFen, seal } of state.packets) {
    const before = known.get(packetId);
    const isOpen = seal === "open" || (before?.isOpen ?? false);
    known.set(packetId, {
      wave: 0,
      sponsor: "",
      resource: 0,
      wonMs: Infinity,
      ...before,
      packetId,
      amountFen,
      isOpen,
    });
  }
  return [...known.values()].sort((a, b) => a.wonMs - b.wonMs || a.packetId - b.packetId);
}

function clockTime(ms: number): string {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
