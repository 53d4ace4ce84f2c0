/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** A guest's page as a whole: what happens goes through the state, and what comes of it is done and shown. */
import { every, systemClock } from "../../base/clock.ts";
import { Connection } from "./connection.ts";
import { byId } from "./elements.ts";
import { Feel } from "./feel.ts";
import { askWins, deviceStorage, enter, forgetGuest, type Guest, keepGuest, readGuest } from "./guest.ts";
import { NewsStream } from "./news_stream.ts";
import { type Effect, FIRST_STATE, type PageEvent, type PageState, screenAt, step } from "./page_state.ts";
import type { WonPacket } from "./party_news.ts";
import { REST_RESOURCE } from "../resources/resource_list.ts";
import { ResourceStore, type ShownResource } from "../resources/resource_store.ts";
import { Sensor } from "./sensor.ts";
import { View } from "./view.ts";
import { type Language, languageOf, type TextKey } from "./words.ts";

/** How often countdowns are drawn. */
const DRAW_MS = 200;
/** How long a sponsor's page is shown, of several. */
const TURN_MS = 8_000;
const LANGUAGE_KEY = "redpkt.language";
const SOUND_KEY = "redpkt.sound";

class Page {
  readonly #storage = deviceStorage();
  readonly #view = new View();
  readonly #feel = new Feel();
  readonly #resources = new ResourceStore(() => this.draw());
  readonly #sensor = new Sensor(() => this.take({ kind: "shake" }), () => this.draw());
  #state: PageState = FIRST_STATE;
  #language: Language;
  #guest: Guest | undefined;
  #connection: Connection | undefined;
  #wins: readonly WonPacket[] | undefined;
  #problem: TextKey | undefined;
  #isEntering = false;
  #screenLock: { release(): Promise<void> } | undefined;

  constructor() {
    const kept = this.#storage?.getItem(LANGUAGE_KEY);
    this.#language = kept === "zh" || kept === "en" ? kept : languageOf(navigator.languages);
    this.#feel.isOn = this.#storage?.getItem(SOUND_KEY) !== "off";
    this.#guest = readGuest(this.#storage);
    const code = decodeURIComponent(location.hash.slice(1));
    byId<HTMLInputElement>("code").value = code;
    byId("code-part").hidden = code !== "";
    this.#view.onTick = () => this.#feel.give("tick");
    const news = new NewsStream((heard) => this.#hear(heard));
    this.#listen(news);
    if (this.#guest !== undefined) this.#connect(this.#guest);
    every(DRAW_MS, () => this.draw());
    this.draw();
  }

  take(event: PageEvent): void {
    const [state, effects] = step(this.#state, event, systemClock.wallMs());
    this.#state = state;
    for (const effect of effects) this.#do(effect);
    if (["won", "opened", "openFailed"].includes(event.kind)) void this.#askWins();
    this.draw();
  }

  draw(): void {
    const nowMs = systemClock.wallMs();
    const screen = screenAt(this.#state, nowMs);
    this.#resources.isIdle = ["lobby", "rest", "closing", "ended"].includes(screen);
    const besides = {
      language: this.#language,
      wins: this.#wins,
      problem: this.#problem,
      isEntering: this.#isEntering,
      shown: (resource: number) => this.#resources.shown(resource),
      restPage: this.#restPage(nowMs),
    };
    this.#view.draw(this.#state, besides, nowMs);
    const { state } = this.#sensor;
    const isIn = this.#state.guestName !== undefined && this.#state.news?.phase !== "ended";
    byId("motion").hidden = !isIn || state !== "ask";
    byId("motion-note").hidden = !isIn || state !== "denied";
    byId("sound").setAttribute("aria-pressed", String(this.#feel.isOn));
  }

  /** What the cue names; else the sponsors' pages in turn. */
  #restPage(nowMs: number): ShownResource | undefined {
    const { sponsors } = this.#resources;
    const turn = sponsors[Math.floor(nowMs / TURN_MS) % sponsors.length] ?? 0;
    return this.#resources.shown(this.#state.cue?.resource ?? REST_RESOURCE) ?? this.#resources.shown(turn);
  }

  #hear(news: NonNullable<PageState["news"]>): void {
    // What lies in the storage may be of another party at the same address.
    if (this.#guest !== undefined && this.#guest.party !== news.party) this.#leave();
    const before = this.#state.news?.phase;
    this.#resources.want(news.resources);
    this.take({ kind: "news", news });
    const screen = screenAt(this.#state, systemClock.wallMs());
    if (screen === "countdown" || screen === "shake") void this.#keepAwake();
    if (news.phase !== before) void this.#askWins();
    if (news.phase === "ended") this.#connection?.close();
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case "askShake":
        void this.#connection?.shake();
        this.#jolt();
        break;
      case "askOpen":
        // Rejected only when this page itself ends the connection.
        this.#connection?.open(effect.packetId).catch(() => {});
        break;
      case "feel":
        this.#feel.give(effect.what);
        break;
    }
  }

  #jolt(): void {
    const { classList } = byId("shake");
    classList.remove("jolt");
    void byId("shake").offsetWidth; // so that the same animation begins again
    classList.add("jolt");
  }

  #connect(guest: Guest): void {
    this.#guest = guest;
    this.take({ kind: "joined", name: guest.name });
    this.#connection = new Connection(guest, this.#storage, (event) => {
      // A token that the party doesn't take any more: this device comes in anew.
      const isRefused = event.kind === "link" && event.link === "refused" &&
        this.#state.news?.phase !== "ended";
      if (isRefused && this.#guest === guest) this.#leave();
      else this.take(event);
    });
    void this.#connection.start();
    void this.#askWins();
  }

  #leave(): void {
    forgetGuest(this.#storage);
    this.#guest = undefined;
    this.#wins = undefined;
    this.#connection?.close();
    this.#connection = undefined;
    byId("code-part").hidden = byId<HTMLInputElement>("code").value !== "";
    this.take({ kind: "left" });
  }

  async #askWins(): Promise<void> {
    if (this.#guest === undefined) return;
    const guest = this.#guest;
    const wins = await askWins(guest);
    if (wins === undefined || guest !== this.#guest) return;
    this.#wins = wins;
    this.draw();
  }

  async #enter(): Promise<void> {
    const name = byId<HTMLInputElement>("name").value.trim();
    const code = byId<HTMLInputElement>("code").value.trim();
    this.#problem = name === "" ? "door.nameMissing" : code === "" ? "door.codeMissing" : undefined;
    if (this.#problem !== undefined) {
      byId(name === "" ? "name" : "code").focus();
      return this.draw();
    }
    this.#isEntering = true;
    this.draw();
    const answer = await enter(name, code);
    this.#isEntering = false;
    if (typeof answer === "string") {
      this.#problem = answer;
      if (answer === "door.wrongCode") byId("code-part").hidden = false;
    } else {
      keepGuest(this.#storage, answer);
      this.#connect(answer);
    }
    this.draw();
  }

  /** A phone that goes dark in a wave wins nothing. */
  async #keepAwake(): Promise<void> {
    if (this.#screenLock !== undefined || document.visibilityState !== "visible") return;
    try {
      const lock = await navigator.wakeLock.request("screen");
      this.#screenLock = lock;
      lock.addEventListener("release", () => this.#screenLock = undefined);
    } catch {
      // A browser without, or a battery that is low.
    }
  }

  #listen(news: NewsStream): void {
    byId("door").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#sensor.ask();
      void this.#enter();
    });
    byId("shake").addEventListener("click", () => this.take({ kind: "shake" }));
    byId("open").addEventListener("click", () => this.take({ kind: "open" }));
    byId("next").addEventListener("click", () => this.take({ kind: "next" }));
    byId("motion").addEventListener("click", () => void this.#sensor.ask());
    byId("sound").addEventListener("click", () => this.#toggleSound());
    byId("language").addEventListener("click", () => this.#otherLanguage());
    byId("packet").addEventListener("cancel", (event) => {
      // A packet that isn't open stays in sight: it would be forgotten.
      event.preventDefault();
      if (!byId("next").hidden) this.take({ kind: "next" });
    });
    byId("wins-button").addEventListener("click", () => {
      byId<HTMLDialogElement>("wins").showModal();
      void this.#askWins();
    });
    byId("wins-close").addEventListener("click", () => byId<HTMLDialogElement>("wins").close());
    addEventListener("pointerdown", () => this.#feel.unlock());
    addEventListener("keydown", (event) => this.#key(event));
    const wake = () => {
      if (document.visibilityState !== "visible") return;
      this.#connection?.wake();
      news.wake();
      void this.#askWins();
    };
    document.addEventListener("visibilitychange", wake);
    addEventListener("online", wake);
    addEventListener("pageshow", wake);
  }

  #key(event: KeyboardEvent): void {
    this.#feel.unlock();
    const isShake = event.key === " " && !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey;
    // On a button or in a field the key has its own meaning.
    if (!isShake || (event.target as Element).closest("input, button, dialog[open]") !== null) return;
    event.preventDefault();
    this.take({ kind: "shake" });
  }

  #toggleSound(): void {
    this.#feel.isOn = !this.#feel.isOn;
    this.#storage?.setItem(SOUND_KEY, this.#feel.isOn ? "on" : "off");
    this.#feel.unlock();
    this.draw();
  }

  #otherLanguage(): void {
    this.#language = this.#language === "zh" ? "en" : "zh";
    this.#storage?.setItem(LANGUAGE_KEY, this.#language);
    this.draw();
  }
}

new Page();
