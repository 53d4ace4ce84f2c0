import { formatCount } from "./units.ts";
import type { Host } from "./host.ts";

/** Nothing is shown of what takes less. */
const QUIET_MS = 2_000;
/** How often it is shown on a terminal, and elsewhere. */
const TERMINAL_MS = 200;
const LOG_MS = 5_000;

/** Shows how far a long piece of work is, on standard error: in place on a terminal, else a line now and then. */
export class Progress {
  readonly #host: Host;
  readonly #what: string;
  readonly #startMs: number;
  #nextMs: number;
  #done = 0;
  #isShown = false;

  /** @param what is counted, such as `tickets` */
  constructor(host: Host, what: string) {
    this.#host = host;
    this.#what = what;
    this.#startMs = host.clock.monotonicMs();
    this.#nextMs = this.#startMs + QUIET_MS;
  }

  /** So much more is done, of `all`. */
  add(count: number, all: number, where: string): void {
    this.#done += count;
    const nowMs = this.#host.clock.monotonicMs();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + (this.#host.isTerminal ? TERMINAL_MS : LOG_MS);
    this.#isShown = true;
    const perS = this.#done / (nowMs - this.#startMs) * 1000;
    const line = `${where}: ${formatCount(this.#done)} of ${formatCount(all)} ${this.#what}` +
      ` (${Math.floor(this.#done / all * 100)} %), ${formatCount(perS)}/s`;
    this.#host.err(this.#host.isTerminal ? `\r\x1b[K${line.slice(0, this.#host.columns - 1)}` : `${line}\n`);
  }

  /** It is over: the line goes. */
  end(): void {
    if (this.#isShown && this.#host.isTerminal) this.#host.err("\r\x1b[K");
  }
}
