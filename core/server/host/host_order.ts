import type { OrderState } from "../../ledger/record/order_state.ts";
import type { OrderText } from "../../ledger/record/order_text.ts";
import type { PlacedOrder } from "../../plugin/plugin.ts";

/** Called with what the state was. */
export type OnChange = (order: HostOrder, was: PlacedOrder["state"]) => void;

/** One order, as its plugin and its operator see it. */
export class HostOrder implements PlacedOrder {
  readonly number: number;
  readonly plugin: string;
  readonly route: string;
  readonly key: string | undefined;
  readonly body: unknown;
  readonly fixed: unknown;
  readonly before: OrderState | undefined;
  progress: () => Record<string, unknown> = () => ({});
  reason: string | undefined;
  readonly #atMs: number;
  readonly #onChange: OnChange;
  #state: PlacedOrder["state"] = "running";

  constructor(number: number, text: OrderText, before: OrderState | undefined, onChange: OnChange) {
    this.number = number;
    this.plugin = text.plugin;
    this.route = text.route;
    this.key = text.key ?? undefined;
    this.body = text.body;
    this.fixed = text.fixed;
    this.before = before;
    this.#atMs = text.atMs;
    this.#onChange = onChange;
  }

  get state(): PlacedOrder["state"] {
    return this.#state;
  }

  get shown(): Record<string, unknown> {
    const { number, route, key, body, state, reason } = this;
    return {
      order: number,
      route,
      ...(key === undefined ? {} : { key }),
      body,
      at: new Date(this.#atMs).toISOString(),
      state,
      ...(reason === undefined ? {} : { reason }),
      ...this.progress(),
    };
  }

  end(): void {
    this.#become("stopped");
  }

  finish(): void {
    if (this.#state === "running") this.#become("done");
  }

  fail(reason: string): void {
    if (this.#state !== "running") return;
    this.reason = reason;
    this.#become("failed");
  }

  #become(state: PlacedOrder["state"]): void {
    const was = this.#state;
    this.#state = state;
    this.#onChange(this, was);
  }
}
