import { COUNTDOWN_MS, NEWS_VERSION, type PartyNews, type Phase } from "../../phone/page/party_news.ts";
import type { WaveStatus } from "../../plugin/plugin.ts";
import type { Party } from "./party_folder.ts";
import { PartyTickets, waveName } from "./party_plan.ts";
import type { Wins } from "./wins.ts";

/** Waves that nobody has called are a year away. */
const CALLED_MS = 60 * 86_400_000;

interface Left {
  readonly packets: number;
  readonly amountFen: number;
}

/** Where a party stands: what its waves do, and what the host has decided. */
export class Evening {
  readonly tickets: PartyTickets;
  readonly #party: Party;
  readonly #wins: Wins;
  #waves: readonly WaveStatus[] = [];
  /** Until when packets can still be opened, once the host ends the evening; 0 before. */
  closingUntilMs = 0;
  hasEnded = false;
  #lastLeft: { readonly mark: string; readonly left: Left } = {
    mark: "",
    left: { packets: 0, amountFen: 0 },
  };

  constructor(party: Party, wins: Wins) {
    this.#party = party;
    this.#wins = wins;
    this.tickets = new PartyTickets(party.plan);
  }

  set waves(waves: readonly WaveStatus[]) {
    this.#waves = waves;
  }

  /** The wave that plays or stands still, by its place from 0 on; undefined if none does. */
  get currentWave(): number | undefined {
    for (const wanted of ["playing", "paused", "waiting"]) {
      const at = this.#waves.findIndex(({ state }) => state === wanted);
      if (at >= 0) return at;
    }
    return undefined;
  }

  /** The wave that comes next, by its place from 0 on; undefined if none does. */
  get nextWave(): number | undefined {
    const at = this.#waves.findIndex(({ state }) => state === "planned");
    return at < 0 ? undefined : at;
  }

  /** Waves that may still bring something. */
  get openWaves(): readonly string[] {
    return this.#waves.filter(({ state }) => state !== "over" && state !== "stopped").map(({ wave }) => wave);
  }

  get isKnown(): boolean {
    return this.#waves.length > 0;
  }

  /** Whether nobody shakes, or is about to. */
  isIdle(wallMs: number): boolean {
    return !["countdown", "wave", "paused"].includes(this.#place(wallMs).phase);
  }

  news(wallMs: number, guests: number, online: number, resources = ""): PartyNews {
    const { plan, id } = this.#party;
    const place = this.#place(wallMs);
    const left = this.#left(place.wave - 1);
    return {
      version: NEWS_VERSION,
      party: id,
      name: plan.name,
      sponsors: plan.sponsors.map(({ name }) => name),
      resources,
      hasList: this.#party.list !== undefined,
      hostMs: wallMs,
      ...place,
      waves: plan.waves.length,
      guests,
      online,
      packetsLeft: left.packets,
      leftFen: left.amountFen,
      packetsWon: this.#wins.count,
      wonFen: this.#wins.wonFen,
      perGuest: plan.perGuest,
    };
  }

  #place(wallMs: number): Pick<PartyNews, "phase" | "wave" | "startMs" | "endMs"> {
    const waves = this.#party.plan.waves.length;
    const current = this.currentWave;
    const next = this.nextWave;
    const wave = (current ?? next ?? waves) + 1;
    if (this.hasEnded) return { phase: "ended", wave, startMs: null, endMs: null };
    if (this.closingUntilMs > 0) {
      return { phase: "closing", wave, startMs: null, endMs: this.closingUntilMs };
    }
    const found = this.#waves[current ?? next ?? -1];
    const startMs = found === undefined ? NaN : Date.parse(found.start);
    const endMs = found === undefined ? NaN : Date.parse(found.end);
    if (current !== undefined) {
      const phase: Phase = found.state === "paused" ? "paused" : "wave";
      return { phase, wave, startMs, endMs: phase === "paused" ? null : endMs };
    }
    const isCalled = startMs - wallMs < CALLED_MS;
    if (isCalled && startMs - wallMs <= COUNTDOWN_MS) return { phase: "countdown", wave, startMs, endMs };
    const hasBegun = this.#waves.some(({ state }) => state === "over" || state === "stopped");
    return { phase: hasBegun ? "rest" : "lobby", wave, startMs: isCalled ? startMs : null, endMs: null };
  }

  /** What nobody has won of a wave and of those after it; counted anew when there is something new. */
  #left(wave: number): Left {
    const mark = `${wave} ${this.#wins.version}`;
    if (this.#lastLeft.mark !== mark) this.#lastLeft = { mark, left: this.#countLeft(wave) };
    return this.#lastLeft.left;
  }

  #countLeft(wave: number): Left {
    const of = this.tickets.from(wave);
    let { packets, amountFen } = of;
    for (const win of this.#wins.all) {
      if (this.tickets.waveOf(win.packetId) < wave) continue;
      packets--;
      amountFen -= win.amountFen;
    }
    return { packets, amountFen };
  }

  /** The name by which the server knows a wave. */
  static nameOf(wave: number): string {
    return waveName(wave);
  }
}
