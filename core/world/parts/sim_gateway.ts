import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { type FaultPercents, GatewayFaults } from "../../payout/fake/gateway_faults.ts";
import { PaymentStore } from "../../payout/fake/payment_store.ts";
import type { FindOutcome, Gateway, PaymentOrder, PayOutcome } from "../../payout/gateway/gateway.ts";
import type { VirtualTime } from "./virtual_time.ts";

const DELAY_MS = 30;
/** How long a caller waits for an answer. */
const TIMEOUT_MS = 2_000;
/** How much later an order may be taken that its caller has given up. */
const LATE_MS = 1_500;

/** A bank in virtual time: the fake gateway's statement and faults, without HTTP. */
export class SimGateway implements Gateway {
  readonly store = new PaymentStore(":memory:");
  /** Told of each order that is paid: once, if the store keeps its word. */
  onPaid: (order: PaymentOrder) => void = () => {};
  readonly #time: VirtualTime;
  readonly #clock: Clock;
  readonly #random: Random;
  #faults: GatewayFaults;

  constructor(time: VirtualTime, clock: Clock, random: Random, percents: FaultPercents) {
    this.#time = time;
    this.#clock = clock;
    this.#random = random;
    this.#faults = new GatewayFaults(percents, random);
  }

  /** From now on this goes wrong. */
  misbehave(percents: FaultPercents): void {
    this.#faults = new GatewayFaults(percents, this.#random);
  }

  async pay(order: PaymentOrder): Promise<PayOutcome> {
    await this.#time.sleep(DELAY_MS);
    const fault = this.#faults.draw();
    if (fault === "fail") return { kind: "notTaken", reason: "the gateway fails" };
    if (fault === "timeoutBefore") {
      await this.#time.sleep(TIMEOUT_MS);
      return { kind: "unknown", reason: "no answer" };
    }
    if (fault === "timeoutAfter") {
      const lateMs = LATE_MS * this.#random.float();
      await this.#time.sleep(lateMs);
      this.#take(order);
      await this.#time.sleep(TIMEOUT_MS - lateMs);
      return { kind: "unknown", reason: "no answer" };
    }
    const known = this.#take(order);
    await this.#time.sleep(DELAY_MS);
    if (known.user !== order.user || known.amountFen !== order.amountFen) {
      return { kind: "unknown", reason: `the key is of ${known.amountFen} fen to user ${known.user}` };
    }
    return known.outcome === "paid" ? { kind: "paid" } : { kind: "refused", reason: known.reason ?? "" };
  }

  async find(order: PaymentOrder): Promise<FindOutcome> {
    await this.#time.sleep(DELAY_MS);
    const known = this.store.find(order.key);
    await this.#time.sleep(DELAY_MS);
    if (known === undefined) return { kind: "notFound" };
    return known.outcome === "paid" ? { kind: "paid" } : { kind: "refused", reason: known.reason ?? "" };
  }

  #take(order: PaymentOrder) {
    const decide = () =>
      this.#faults.refuses()
        ? { outcome: "refused" as const, reason: "the gateway refuses" }
        : { outcome: "paid" as const, reason: "" };
    const isNew = this.store.find(order.key) === undefined;
    const known = this.store.commit(() => this.store.take(order, decide, Math.floor(this.#clock.wallMs())));
    if (isNew && known.outcome === "paid") this.onPaid(order);
    return known;
  }
}
