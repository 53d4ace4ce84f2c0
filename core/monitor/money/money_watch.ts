import { tokenHeader } from "../../admin/bearer.ts";
import { z } from "zod";
import { MoneyPlaces, placesSchema } from "./money_places.ts";
import { type MoneyView, type WaveSum, waveSumSchema } from "./money_view.ts";
import { accountsInWords } from "./account_words.ts";
import { addUp } from "../timeline/merge.ts";
import type { MonitorCore } from "../collect/monitor_core.ts";

const moneySchema = placesSchema.extend({ balances: z.record(z.string(), z.number()) });
/** Waves are what a plugin says of itself; any that says so has them. */
const healthSchema = z.object({
  plugins: z.record(z.string(), z.object({ waves: z.array(waveSumSchema).optional() }).optional()),
});

type Fetch = (url: string, init: RequestInit) => Promise<Response>;
type Told = { money: z.output<typeof moneySchema>; waves: readonly WaveSum[] };

/** How long a server may take to answer, in ms. */
const ANSWER_MS = 3_000;
/** Time for each server between two rounds, in ms: hundreds of them are asked more seldom. */
const PER_SERVER_MS = 20;

/** Asks the servers where their money is, whenever it is told to. */
export class MoneyWatch {
  readonly #core: MonitorCore;
  readonly #fetch: Fetch;
  readonly #headers: Record<string, string>;
  readonly #listeners = new Set<(view: MoneyView) => void>();
  readonly #places = new MoneyPlaces();
  #isAsking = false;
  #nextMs = -Infinity;
  /** What was said last; undefined before anybody has. */
  last: MoneyView | undefined;

  constructor(core: MonitorCore, fetch: Fetch, token: string | undefined) {
    this.#core = core;
    this.#fetch = fetch;
    this.#headers = tokenHeader(token);
  }

  subscribe(listener: (view: MoneyView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Shows what a record holds. */
  show(view: MoneyView): void {
    this.last = view;
    for (const listener of this.#listeners) listener(view);
  }

  /** Asks every live server. Whoever doesn't answer, or is too old to know, is left out and counted. */
  async ask(atMs: number): Promise<void> {
    const servers = this.#core.targets.filter(({ state, last }) =>
      state === "live" && last?.role === "server"
    );
    if (this.#isAsking || servers.length === 0 || atMs < this.#nextMs) return;
    this.#isAsking = true;
    this.#nextMs = atMs + servers.length * PER_SERVER_MS;
    const answers = await Promise.all(
      servers.map(({ spec }) => this.#askOne(spec.url).catch(() => undefined)),
    );
    this.#isAsking = false;
    const told = answers.filter((answer) => answer !== undefined);
    if (told.length === 0) return;
    const view = this.#view(told, servers.length, atMs);
    if (this.last !== undefined) this.#markChanges(this.last.waves, view.waves);
    this.show(view);
  }

  /** What happens to a wave is seen on the charts. */
  #markChanges(before: readonly WaveSum[], now: readonly WaveSum[]): void {
    for (const { wave, state } of now) {
      const was = before.find((other) => other.wave === wave)?.state;
      if (was !== state) this.#core.mark("phase", `wave ${wave} ${state}`);
    }
  }

  async #askOne(url: string): Promise<Told> {
    const [money, health] = await Promise.all([
      this.#json(`${url}/money`, moneySchema),
      this.#json(`${url}/health`, healthSchema),
    ]);
    return { money, waves: Object.values(health.plugins).flatMap((plugin) => plugin?.waves ?? []) };
  }

  async #json<T>(url: string, schema: z.ZodType<T>): Promise<T> {
    const response = await this.#fetch(url, {
      headers: this.#headers,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return schema.parse(await response.json());
  }

  /** Adds up what servers told. */
  #view(told: readonly Told[], asked: number, atMs: number): MoneyView {
    const sums: Record<string, number> = {};
    for (const { money } of told) addUp(sums, money.balances);
    return {
      atMs,
      told: told.length,
      asked,
      sums,
      accounts: accountsInWords(sums),
      sumFen: Object.values(sums).reduce((total, fen) => total + fen, 0),
      ...this.#places.sum(told.map(({ money }) => money), atMs),
      placesLeftOut: told.reduce((sum, { money }) => sum + money.placesLeftOut, 0),
      waves: waveSums(told.flatMap(({ waves }) => waves)),
    };
  }
}

function waveSums(waves: readonly WaveSum[]): WaveSum[] {
  const byName = Map.groupBy(waves, ({ wave }) => wave);
  return [...byName].map(([wave, parts]): WaveSum => ({
    wave,
    state: [...new Set(parts.map(({ state }) => state))].join(" and "),
    start: parts.map(({ start }) => start).sort()[0],
    end: parts.map(({ end }) => end).sort().at(-1)!,
    tickets: parts.reduce((sum, { tickets }) => sum + tickets, 0),
    released: parts.reduce((sum, { released }) => sum + released, 0),
    behindMs: Math.max(...parts.map(({ behindMs }) => behindMs)),
  })).sort((a, b) => a.start < b.start ? -1 : 1);
}
