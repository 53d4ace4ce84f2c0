import {
  assert,
  entryOf,
  type HostContext,
  kinds,
  type NewOrder,
  type PlacedOrder,
  Refusal,
  refusalName,
  Verdict,
  z,
} from "../../../core/plugin/plugin.ts";
import { userRange } from "../common/user_range.ts";

/** Most users of one order: a rehearsal's, several times over. */
const MAX_FUNDED = 10_000_000;
/** Entries at once: half of what the main thread may have open, so that others get between. */
const AT_ONCE = 512;

export const fundSchema = z.strictObject({
  /** First and last user, who each get the amount out of `source`. */
  users: userRange.refine(
    ([first, last]) => last - first < MAX_FUNDED,
    `must be at most ${MAX_FUNDED} users`,
  ),
  amountFen: z.int().min(1).max(1_000_000_000_000),
});

/** What an order of money comes to, as the ledger compares it. */
export function fundsOf(body: unknown): Required<NewOrder>["funds"] {
  const { users: [first, last], amountFen } = body as z.infer<typeof fundSchema>;
  return { first, last, amountFen };
}

/** One order of money for users of a rehearsal, a few hundred of them at a time, from the first to the last. */
export class Funding {
  readonly order: PlacedOrder;
  readonly #host: HostContext;
  readonly #first: number;
  readonly #last: number;
  readonly #amountFen: number;
  #next: number;

  /** Goes on where an earlier run has ended. */
  constructor(host: HostContext, order: PlacedOrder) {
    const { first, last, amountFen } = fundsOf(order.body);
    this.#host = host;
    this.order = order;
    this.#first = first;
    this.#last = last;
    this.#amountFen = amountFen;
    const { fundedTo = -1 } = order.before ?? {};
    assert(fundedTo <= last, "an order funds its own users");
    this.#next = Math.max(first, fundedTo + 1);
    order.progress = () => this.progress;
  }

  get progress(): { funded: number; users: number } {
    return { funded: this.#next - this.#first, users: this.#last - this.#first + 1 };
  }

  /** Ends when everybody has their money, the order has failed or was stopped, or the host drains. */
  async run(isDraining: () => boolean): Promise<void> {
    while (this.#next <= this.#last && this.order.state === "running" && !isDraining()) {
      if (!await this.#fundSome()) break;
    }
    if (this.#next > this.#last) this.order.finish();
  }

  /** False: nobody gets more. */
  async #fundSome(): Promise<boolean> {
    const count = Math.min(AT_ONCE, this.#last - this.#next + 1);
    const { number: order } = this.order;
    const amountFen = this.#amountFen;
    const verdicts = await Promise.all(
      // Upwards, as the ledger demands it.
      Array.from(
        { length: count },
        (_, i) => this.#host.enter(entryOf(kinds.fund, { order, user: this.#next + i, amountFen })),
      ),
    );
    for (const { verdict, detail } of verdicts) {
      // Stopped while these were on their way: whoever has stopped it is told so.
      if (detail === Refusal.orderEnded) return false;
      if (verdict === Verdict.refused) {
        this.order.fail(`the ledger refuses money for user ${this.#next} (${refusalName(detail)})`);
        return false;
      }
      this.#next++;
    }
    return true;
  }
}
