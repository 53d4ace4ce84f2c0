import type { Host } from "../cli/host.ts";
import { formatCount, formatMicros } from "../base/units.ts";
import { Histogram } from "../counters/histogram.ts";
import type { Second } from "./timeline.ts";

/** Seconds between two lines where no terminal shows them in place. */
const LINE_EVERY_S = 5;
const CLEAR = "\r\x1b[K";

/** What happens in a rehearsal right now, on standard error: in place on a terminal, else a line now and then. */
export class StatusLine {
  readonly #host: Host;
  #isOver = false;

  constructor(host: Host) {
    this.#host = host;
  }

  show({ second, phase, client }: Second): void {
    const { isTerminal, columns, logging } = this.#host;
    if (
      this.#isOver || client === undefined || logging?.isQuiet || (!isTerminal && second % LINE_EVERY_S !== 0)
    ) return;
    const latency = new Histogram().add(client.histograms.shakeLatencyUs);
    const { deltas, gauges } = client;
    const rates = latency.count === 0 ? "" : `  due ${formatCount(deltas.shakesDue)}/s` +
      `  sent ${formatCount(deltas.shakesSent)}/s  answered ${formatCount(deltas.shakesAnswered)}/s  won ${
        formatCount(deltas.shakesWon)
      }/s` +
      `  p50 ${formatMicros(latency.percentile(50))}  p99 ${formatMicros(latency.percentile(99))}`;
    const line = `${phase.padEnd(10)} ${formatCount(gauges.usersReady)} users${rates}`;
    this.#host.err(isTerminal ? `${CLEAR}${line.slice(0, columns - 1)}` : `${line}\n`);
  }

  /** It is over: the line goes, and no late second brings it back over the results. */
  end(): void {
    if (!this.#isOver && this.#host.isTerminal) this.#host.err(CLEAR);
    this.#isOver = true;
  }
}
