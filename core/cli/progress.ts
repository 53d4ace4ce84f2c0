import { formatCount } from "../base/units.ts";
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

  /** So much more is done, of `all`; 0 if that isn't known. */
  add(count: number, all: number, where: string): void {
    this.#done += count;
    const nowMs = this.#host.clock.monotonicMs();
    if (nowMs < this.#nextMs || this.#host.logging?.isQuiet) return;
    this.#nextMs = nowMs + (this.#host.isTerminal ? TERMINAL_MS : LOG_MS);
    this.#isShown = true;
    const perS = this.#done / (nowMs - this.#startMs) * 1000;
    const part = all === 0
      ? `${formatCount(this.#done)} ${this.#what}`
      : `${formatCount(this.#done)} of ${formatCount(all)} ${this.#what} ` +
        `(${Math.min(100, Math.floor(this.#done / all * 100))} %)`;
    const leftS = Math.ceil((all - this.#done) / perS);
    const left = all <= this.#done ? "" : `, ${formatCount(leftS)} s left`;
    const line = `${where}: ${part}, ${formatCount(perS)}/s${left}`;
    this.#host.err(this.#host.isTerminal ? `\r\x1b[K${line.slice(0, this.#host.columns - 1)}` : `${line}\n`);
  }

  /** It is over: the line goes. */
  end(): void {
    if (this.#isShown && this.#host.isTerminal) this.#host.err("\r\x1b[K");
  }
}

/** Told how far a stage of a long piece of work is: so much more is done of `all`, and what is counted. */
export type OnStage = (stage: string, count: number, all: number, what: string) => void;

/** Shows one stage after the other. */
export class Stages {
  readonly #host: Host;
  #stage = "";
  #progress: Progress | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  readonly on: OnStage = (stage, count, all, what) => {
    if (stage !== this.#stage || this.#progress === undefined) {
      this.end();
      this.#stage = stage;
      this.#progress = new Progress(this.#host, what);
    }
    this.#progress.add(count, all, stage);
  };

  end(): void {
    this.#progress?.end();
    this.#progress = undefined;
  }
}
