import type { Clock } from "../base/clock.ts";
import type { Bus } from "../bus/bus.ts";
import { ForeignAwards } from "../ledger/registry/foreign_awards.ts";
import { TruthAwards } from "../summaries/award_source.ts";
import { SummaryAgent } from "../summaries/summary_agent.ts";
import { SUMMARY_COUNTERS, type SUMMARY_METRICS } from "../summaries/summary_metrics.ts";
import { SummarySeal } from "../summaries/summary_words.ts";
import type { TokenRules } from "../token/token_keys.ts";

/** What the thread is told of the awards that hosts tell each other of. */
export interface SummariesInit {
  readonly rules: TokenRules;
  readonly hostNumber: number;
  /** The ledger's directory. */
  readonly directory: string;
  /** Where the judge looks up what other hosts say. */
  readonly foreign: SharedArrayBuffer;
}

export type SummaryMetric = keyof typeof SUMMARY_METRICS;
/** What has happened since the last report, and how it is now. */
export interface SummaryFigures {
  readonly counted: Partial<Record<SummaryMetric, number>>;
  readonly gauges: Partial<Record<SummaryMetric, number>>;
}

/** How long a ledger that can't be read is left alone. */
const REST_MS = 1_000;

/** A link's part in what hosts tell each other of their awards. */
export class LinkSummaries {
  readonly #open: () => SummaryAgent;
  readonly #foreign: ForeignAwards;
  readonly #log: (event: string, fields: Record<string, unknown>) => void;
  #agent: SummaryAgent | undefined;
  #counted: Partial<Record<SummaryMetric, number>> = {};
  #failure = "";

  /** @param city whose hosts are heard; any text, since it becomes a word of a subject */
  constructor(
    { rules, hostNumber, directory, foreign }: SummariesInit,
    city: string,
    buses: readonly Bus[],
    clock: Clock,
    wake: () => void,
    log: (event: string, fields: Record<string, unknown>) => void,
  ) {
    this.#foreign = new ForeignAwards(foreign);
    this.#log = log;
    this.#open = () =>
      new SummaryAgent({
        event: rules.event,
        city,
        buses,
        seal: new SummarySeal(rules),
        source: new TruthAwards(directory, hostNumber),
        foreign: this.#foreign,
        clock,
        count: (what, by) => this.#count(SUMMARY_COUNTERS[what], by),
        wake,
      });
  }

  /** Does what is due; returns how long until the next call, in ms. */
  turn(): number {
    try {
      this.#agent ??= this.#open();
      return this.#agent.turn();
    } catch (error) {
      // The ledger isn't there yet, or its disk fails: awards wait then too.
      const reason = error instanceof Error ? error.message : String(error);
      this.#count("hearsayFailures", 1);
      if (reason !== this.#failure) this.#log("summaries wait for the ledger", { reason });
      this.#failure = reason;
      return REST_MS;
    }
  }

  /** What has happened since it was asked last. */
  takeFigures(): SummaryFigures {
    const counted = this.#counted;
    this.#counted = {};
    return {
      counted,
      gauges: {
        hearsayHosts: this.#agent?.hosts ?? 0,
        hearsayLagRows: this.#agent?.lagRows ?? 0,
        foreignAwards: this.#foreign.size,
        foreignAwardsOver: this.#foreign.over,
      },
    };
  }

  #count(metric: SummaryMetric, by: number): void {
    this.#counted[metric] = (this.#counted[metric] ?? 0) + by;
  }
}
