import type { Log } from "../cli/log.ts";
import { after } from "../base/clock.ts";
import type { ExchangeAnswer, ExchangeBody } from "../bus/exchange.ts";
import type { ShowDocument } from "../show/document.ts";
import type { SummaryFigures, SummaryMetric } from "./link_summaries.ts";
import { LINK_COUNTERS, type LINK_METRICS } from "./link_metrics.ts";
import type { OpenAnswer } from "./open_exchange.ts";
import type { LinkInit, LinkOrder, LinkReport, LinkState } from "./link_worker.ts";

type LinkMetric = keyof typeof LINK_METRICS;

/** What the main thread gives a link. */
export interface LinkThreadParts {
  readonly init: LinkInit;
  start(): Worker;
  check(show: ShowDocument): readonly string[] | undefined;
  apply(show: ShowDocument): void;
  hold(isHolding: boolean): void;
  /** Opens a packet of this host for a user who is at another one. */
  open(user: number, packetId: number): Promise<OpenAnswer | undefined>;
  count(metric: LinkMetric | SummaryMetric, by: number): void;
  gauge(metric: LinkMetric | SummaryMetric, value: number): void;
  readonly log: Log;
}

/** How long a thread that died is left alone. */
const REST_MS = 1_000;
const STOP_MS = 2_000;
const EXCHANGE_MS = 2_000;

/**
 * The main thread's side of the thread that holds a host's paths. If that one dies it is started anew, and the host goes
 * on as it was told last: a show is no reason to end.
 */
export class LinkThread {
  readonly #parts: LinkThreadParts;
  readonly #waiting = new Map<number, (answer: ExchangeAnswer | undefined) => void>();
  readonly #stopped = Promise.withResolvers<void>();
  #thread: Worker;
  #lastExchange = 0;
  readonly #asks = new Map<number, (opened: OpenAnswer | undefined) => void>();
  #lastAsk = 0;
  #isStopping = false;
  /** What it said last of itself. */
  state: LinkState | undefined;
  /** The document that counts. */
  active: ShowDocument | undefined;

  constructor(parts: LinkThreadParts) {
    this.#parts = parts;
    this.#thread = this.#start();
  }

  /** What a console says at the admin API, and what the host has to say; undefined if the thread doesn't answer. */
  exchange(body: ExchangeBody): Promise<ExchangeAnswer | undefined> {
    const id = ++this.#lastExchange;
    return new Promise((resolve) => {
      const cancel = after(EXCHANGE_MS, () => done(undefined));
      const done = (answer: ExchangeAnswer | undefined) => {
        cancel();
        this.#waiting.delete(id);
        resolve(answer);
      };
      this.#waiting.set(id, done);
      this.#order({ type: "exchange", id, body });
    });
  }

  /** Asks a packet's owner to open it; undefined if it doesn't answer in time. */
  ask(owner: number, user: number, packetId: number): Promise<OpenAnswer | undefined> {
    const id = ++this.#lastAsk;
    this.#parts.count("opensAsked", 1);
    return new Promise((resolve) => {
      this.#asks.set(id, resolve);
      this.#order({ type: "ask", id, owner, user, packetId });
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#order({ type: "stop" });
    const cancel = after(STOP_MS, () => this.#stopped.resolve());
    await this.#stopped.promise;
    cancel();
  }

  #start(): Worker {
    const thread = this.#parts.start();
    thread.onmessage = ({ data }: MessageEvent<LinkReport>) => this.#onReport(data);
    thread.addEventListener("error", (event) => {
      event.preventDefault();
      this.#parts.log("error", "show link died, and is started anew", { error: event.message });
      this.#parts.count("showLinkFailures", 1);
      for (const id of [...this.#asks.keys()]) this.#answered(id, undefined);
      if (this.#isStopping) return this.#stopped.resolve();
      after(REST_MS, () => this.#thread = this.#start());
    });
    thread.postMessage(this.#parts.init);
    return thread;
  }

  #order(order: LinkOrder): void {
    this.#thread.postMessage(order);
  }

  #onReport(report: LinkReport): void {
    const { log } = this.#parts;
    switch (report.type) {
      case "check":
        return this.#order({ type: "checked", id: report.id, problems: this.#parts.check(report.show) });
      case "apply":
        this.active = report.show;
        this.#parts.gauge("showEpoch", report.show.epoch);
        this.#parts.gauge("showNumber", report.show.number);
        return this.#parts.apply(report.show);
      case "hold": {
        const { isHolding, reading } = report;
        this.#parts.gauge("showHolding", isHolding ? 1 : 0);
        const off = reading === undefined ? {} : { behindMs: Math.round(reading.behindMs) };
        if (isHolding) log("error", "the clock is off: packets are held, of waves and of orders", off);
        else log("info", "the clock is right again, or nobody says otherwise: packets go on", off);
        return this.#parts.hold(isHolding);
      }
      case "count":
        return this.#parts.count(LINK_COUNTERS[report.what], 1);
      case "log":
        return log(report.level, report.event, report.fields);
      case "state":
        return this.#show(report.state);
      case "summaries":
        return this.#showSummaries(report.figures);
      case "open": {
        const { id, user, packetId } = report;
        this.#parts.count("opensForOthers", 1);
        return void this.#parts.open(user, packetId).then((opened) =>
          this.#order({ type: "opened", id, opened })
        );
      }
      case "answered":
        return this.#answered(report.id, report.opened);
      case "exchanged":
        return this.#waiting.get(report.id)?.(report.answer);
      case "stopped":
        return this.#stopped.resolve();
    }
  }

  #showSummaries({ counted, gauges }: SummaryFigures): void {
    const { count, gauge } = this.#parts;
    for (const [metric, by] of Object.entries(counted)) count(metric as SummaryMetric, by);
    for (const [metric, value] of Object.entries(gauges)) gauge(metric as SummaryMetric, value);
  }

  #answered(id: number, opened: OpenAnswer | undefined): void {
    this.#parts.count(opened === undefined ? "opensUnanswered" : "opensAnswered", 1);
    const answer = this.#asks.get(id);
    this.#asks.delete(id);
    answer?.(opened);
  }

  #show(state: LinkState): void {
    this.state = state;
    const { gauge } = this.#parts;
    gauge("showPathsDown", state.paths.filter(({ isConnected }) => !isConnected).length);
    gauge("showClockOffMs", Math.abs(state.clock?.behindMs ?? 0));
    gauge("showDropped", state.dropped);
  }
}
