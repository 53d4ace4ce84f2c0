import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { AwardState } from "../books/account/award_state.ts";
import { BooksAway } from "../books/contract/books_away.ts";
import type { ClaimedPayment, PaymentResult, Payments } from "../books/account/payments.ts";
import { type Gateway, paymentKey } from "./gateway/gateway.ts";
import { ResultWriter } from "./result_writer.ts";
import { retryMs } from "./retry.ts";

/** How long it rests when nothing is due, and when the books are away, in ms. */
const IDLE_MS = 250;
const AWAY_MS = 1_000;
/** So many calls in a row without a decision, and the gateway is taken for away: it is tried one call at a time. */
const MOST_BAD_CALLS = 100;
const GATEWAY_AWAY_MS = 1_000;

export interface PayerOptions {
  readonly payments: Payments;
  readonly gateway: Gateway;
  /** The event's name: the first part of every key. */
  readonly event: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Calls at once. */
  readonly parallel: number;
  /** Calls a second at most; `Infinity` for as many as can be. */
  readonly ratePerS: number;
  /** How long a claimed payment is this payer's, in ms: several times as long as a call may take. */
  readonly leaseMs: number;
  /** Ends when the queue is empty. */
  readonly isOnce: boolean;
  readonly isStopped: () => boolean;
  /** Waits, unless it is stopped. */
  readonly wait: (ms: number) => Promise<void>;
  /** Waits, stopped or not. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly onEvent?: (event: PayerEvent) => void;
}

/** What whoever runs a payer should hear of. */
export type PayerEvent =
  | { readonly kind: "decided"; readonly payments: number }
  | { readonly kind: "booksAway"; readonly why: string }
  | { readonly kind: "gatewayAway"; readonly why: string }
  | { readonly kind: "gatewayBack" }
  | { readonly kind: "contradiction"; readonly packetIds: readonly number[] };

/** What a payer has done. */
export interface PayerSums {
  paid: number;
  paidFen: number;
  refused: number;
  /** Calls after which it is surely not paid, and that come again. */
  notTaken: number;
  /** Calls after which nobody knows. */
  unknown: number;
  contradictions: number;
}

/**
 * Brings payments about, many at once. Each is claimed in the books before the gateway hears of it, and what came of it
 * is stored before it counts; whoever dies in between leaves a payment that is asked about, by the same key.
 */
export class Payer {
  readonly sums: PayerSums = { paid: 0, paidFen: 0, refused: 0, notTaken: 0, unknown: 0, contradictions: 0 };
  readonly #options: PayerOptions;
  readonly #writer: ResultWriter;
  /** Claimed, and not called. */
  readonly #ready: { readonly payment: ClaimedPayment; readonly untilMs: number }[] = [];
  #calls = 0;
  #changed = Promise.withResolvers<void>();
  #tokens = 0;
  #filledMs: number;
  #badCalls = 0;
  /** What won't mend by itself: it ends the payer. */
  #failure: { readonly error: unknown } | undefined;

  constructor(options: PayerOptions) {
    this.#options = options;
    this.#filledMs = options.clock.monotonicMs();
    this.#writer = new ResultWriter(options, (packetIds) => {
      this.sums.contradictions += packetIds.length;
      options.onEvent?.({ kind: "contradiction", packetIds });
    });
  }

  /** Calls under way, and payments that were claimed for them. */
  get underWay(): number {
    return this.#calls + this.#ready.length + this.#writer.size;
  }

  /** Runs until it is stopped, or with `isOnce` until the queue is empty. What is under way is finished first. */
  async run(): Promise<void> {
    const writing = this.#writer.run().catch((error) => this.#fail(error));
    try {
      while (!this.#options.isStopped() && this.#failure === undefined && await this.#claim());
      // Nobody was asked for these.
      for (const { payment } of this.#ready.splice(0)) {
        this.#writer.add(resultOf(payment, AwardState.queued, 0, ""));
      }
      while (this.#calls > 0) await this.#change();
    } finally {
      this.#writer.end();
      await writing;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Claims what there is room for; false when all is done. */
  async #claim(): Promise<boolean> {
    const { payments, clock, leaseMs, parallel, isOnce, wait } = this.#options;
    if (this.#ready.length + this.#writer.size > parallel) {
      await this.#change();
      return true;
    }
    if (this.#isGatewayAway) {
      while (this.#calls > 0) await this.#change();
      if (this.#isGatewayAway) await wait(GATEWAY_AWAY_MS * (0.5 + this.#options.random.float()));
    }
    const most = Math.min(this.#isGatewayAway ? 1 : 2 * parallel, this.#takeable());
    if (most < 1) {
      await wait(Math.max(1, 1_000 / this.#options.ratePerS));
      return true;
    }
    try {
      const wallMs = Math.floor(clock.wallMs());
      const claimed = await payments.claim(wallMs, leaseMs, most);
      this.#tokens -= claimed.length;
      // A call must be over, and what came of it stored, before somebody else takes the payment for abandoned.
      const untilMs = clock.monotonicMs() + leaseMs / 3;
      this.#ready.push(...claimed.map((payment) => ({ payment, untilMs })));
      this.#start();
      if (claimed.length > 0) return true;
      if (isOnce && this.underWay === 0 && (await payments.queue()).nextDueMs === undefined) return false;
      await Promise.race([wait(IDLE_MS), this.#change()]);
    } catch (error) {
      if (!(error instanceof BooksAway)) throw error;
      this.#options.onEvent?.({ kind: "booksAway", why: error.message });
      await wait(AWAY_MS);
    }
    return true;
  }

  /** Begins as many calls as may be. */
  #start(): void {
    const { parallel, clock } = this.#options;
    while (this.#calls < parallel && this.#ready.length > 0) {
      const { payment, untilMs } = this.#ready.shift()!;
      if (clock.monotonicMs() > untilMs) {
        // It slept: the payment may be somebody else's by now, who would be asked twice at once.
        this.#writer.add(
          resultOf(payment, payment.isUnknown ? AwardState.unknown : AwardState.queued, 0, ""),
        );
        continue;
      }
      this.#calls++;
      this.#call(payment).catch((error) => this.#fail(error)).finally(() => {
        this.#calls--;
        if (!this.#options.isStopped()) this.#start();
        this.#changed.resolve();
      });
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#changed.resolve();
  }

  async #call(payment: ClaimedPayment): Promise<void> {
    const { gateway, event, clock, random } = this.#options;
    const { packetId, user, amountFen, isUnknown, claim } = payment;
    const order = { key: paymentKey(event, packetId), user, amountFen };
    const outcome = isUnknown ? await gateway.find(order) : await gateway.pay(order);
    const dueMs = Math.floor(
      clock.wallMs() + retryMs(claim, random, "waitMs" in outcome ? outcome.waitMs : undefined),
    );
    switch (outcome.kind) {
      case "paid":
        this.sums.paid++;
        this.sums.paidFen += amountFen;
        this.#decide(payment, AwardState.paid, "");
        return;
      case "refused":
        this.sums.refused++;
        this.#decide(payment, AwardState.refused, outcome.reason);
        return;
      case "notFound":
        this.#good();
        this.#writer.add(resultOf(payment, AwardState.queued, dueMs, ""));
        return;
      case "notTaken":
        this.sums.notTaken++;
        this.#writer.add(resultOf(payment, AwardState.queued, dueMs, outcome.reason));
        return this.#bad(outcome.reason);
      case "unknown":
        this.sums.unknown++;
        this.#writer.add(resultOf(payment, AwardState.unknown, dueMs, outcome.reason));
        return this.#bad(outcome.reason);
    }
  }

  #decide(payment: ClaimedPayment, state: PaymentResult["state"], reason: string): void {
    this.#good();
    this.#writer.add(resultOf(payment, state, 0, reason));
    this.#options.onEvent?.({ kind: "decided", payments: 1 });
  }

  get #isGatewayAway(): boolean {
    return this.#badCalls >= MOST_BAD_CALLS;
  }

  #good(): void {
    if (this.#isGatewayAway) this.#options.onEvent?.({ kind: "gatewayBack" });
    this.#badCalls = 0;
  }

  #bad(why: string): void {
    if (++this.#badCalls === MOST_BAD_CALLS) this.#options.onEvent?.({ kind: "gatewayAway", why });
  }

  /** Calls that the rate allows now. */
  #takeable(): number {
    const { ratePerS, clock } = this.#options;
    if (ratePerS === Infinity) return Infinity;
    const nowMs = clock.monotonicMs();
    const burst = Math.max(1, ratePerS / 10);
    this.#tokens = Math.min(burst, this.#tokens + (nowMs - this.#filledMs) / 1_000 * ratePerS);
    this.#filledMs = nowMs;
    return Math.floor(this.#tokens);
  }

  /** Resolves when a call has ended or a result is stored. */
  async #change(): Promise<void> {
    await Promise.race([this.#changed.promise, this.#writer.changed()]);
    this.#changed = Promise.withResolvers();
  }
}

function resultOf(
  { packetId, claim }: ClaimedPayment,
  state: PaymentResult["state"],
  dueMs: number,
  reason: string,
): PaymentResult {
  return { packetId, claim, state, dueMs, reason };
}
