import {
  entryOf,
  type HostContext,
  kinds,
  ownerSet,
  type PlacedOrder,
  type Random,
  Refusal,
  refusalName,
  sendBodyWords,
  SendMode,
  Verdict,
  z,
} from "../../../core/plugin/plugin.ts";
import { SendMessage } from "../common/messages.ts";
import type { SendConfig } from "../common/config.ts";
import { splitAtRandom, splitEqually } from "../common/split.ts";
import { user } from "../common/user_range.ts";

/** As the public prototype's: each packet is for three users. */
const RECIPIENTS = 3;
/** Sends that may wait for the ledger. */
const MAX_PENDING = 500;
/** What is later than this isn't made up for: sends would come in a burst. */
const MAX_LATE_MS = 100;

/** What the host itself is to send. */
export const hostSendsSchema = z.strictObject({
  ratePerS: z.number().positive().max(100_000),
  total: z.int().min(1).max(100_000_000),
  /** First and last user of whom the recipients are drawn. */
  users: z.tuple([user, user])
    .refine(([first, last]) => last - first + 1 >= RECIPIENTS, "needs at least three users"),
  amountFen: z.int().min(RECIPIENTS).max(0xffff_ffff),
  mode: z.enum(["equal", "random"]).default("random"),
});

export type HostSendsOrder = z.infer<typeof hostSendsSchema>;

/** What is fixed with an order, so that whoever resumes it sends the same packets. */
export interface FixedSends {
  /** Of all draws, 32 bits. */
  readonly seed: number;
}

/**
 * One order of server-made sends: so many a second, each to three users who are drawn at random. Send number i is the same
 * in every run, down to its request id, so the ledger knows those that an earlier run has made: they are gone through
 * first, and what is left comes at the order's rate.
 */
export class HostSends {
  readonly order: PlacedOrder;
  readonly #host: HostContext;
  readonly #config: SendConfig;
  readonly #plan: HostSendsOrder;
  readonly #seed: number;
  /** When send 0 would have been due. */
  #startMs: number;
  /** Sends were made by an earlier run, and its last one isn't found yet. */
  #isSeeking: boolean;
  #proposed = 0;
  #sent = 0;
  #pending = 0;
  /** Durable packets whose owner's mailbox was full. */
  readonly #untold: number[] = [];
  readonly #words = new Int32Array(2);

  constructor(host: HostContext, config: SendConfig, order: PlacedOrder) {
    this.#host = host;
    this.#config = config;
    this.order = order;
    this.#plan = order.body as HostSendsOrder;
    this.#seed = (order.fixed as FixedSends).seed;
    this.#startMs = host.monotonicMs();
    this.#isSeeking = order.before !== undefined;
    order.progress = () => ({ sent: this.#sent, total: this.#plan.total });
  }

  get isDone(): boolean {
    const isOver = this.#proposed === this.#plan.total || this.order.state !== "running";
    return isOver && this.#pending === 0 && this.#untold.length === 0;
  }

  /** Sends what is due. A packet that comes late is not made up faster than the ledger takes it. */
  tick(nowMs: number): void {
    while (this.#untold.length > 0 && this.#tell(this.#untold[0])) this.#untold.shift();
    // While it is held it stands still, as it does while the ledger is slow.
    if (this.order.state !== "running" || !this.#host.mayRelease()) return;
    if (this.#isSeeking) this.#seek(nowMs);
    else this.#sendDue(nowMs);
    if (this.#sent === this.#plan.total) this.order.finish();
  }

  /** Goes through what was sent before, a little at a time: when the first new one shows, few more are on their way. */
  #seek(nowMs: number): void {
    if (this.#pending > 0) return;
    const few = Math.ceil(this.#plan.ratePerS * MAX_LATE_MS / 1000);
    const until = Math.min(this.#plan.total, this.#proposed + Math.min(MAX_PENDING, few));
    while (this.#proposed < until) void this.#send(this.#proposed++);
    this.#startMs = nowMs - this.#proposed / this.#plan.ratePerS * 1000; // the next one is due soon
  }

  #sendDue(nowMs: number): void {
    const { ratePerS, total } = this.#plan;
    const lateMs = nowMs - this.#startMs - (this.#proposed + 1) / ratePerS * 1000;
    this.#startMs += Math.max(0, lateMs - MAX_LATE_MS);
    const due = Math.min(total, Math.floor((nowMs - this.#startMs) * ratePerS / 1000));
    for (; this.#proposed < due && this.#pending < MAX_PENDING; this.#proposed++) {
      void this.#send(this.#proposed);
    }
  }

  async #send(number: number): Promise<void> {
    this.#pending++;
    const { amountFen } = this.#plan;
    const random = this.#host.randomOf(this.#seed, number);
    const body = this.#draw(random);
    const whole = { sender: 0, isFromHost: true, amountFen, shares: RECIPIENTS, tag: 0 };
    const entry = entryOf(kinds.send, whole);
    for (;;) {
      // A number that another order has used is refused, and another is drawn.
      const words = sendBodyWords({ ...body, requestId: random.uint32() });
      const { verdict, detail, packetId } = await this.#host.enter(entry, words);
      if (verdict === Verdict.refused && detail === Refusal.requestTaken) continue;
      this.#pending--;
      if (verdict === Verdict.refused) {
        this.order.fail(`the ledger refuses send ${number} (${refusalName(detail)})`);
        return;
      }
      this.#sent++;
      if (verdict === Verdict.done) this.#made(packetId);
      return;
    }
  }

  /** Durable, and its owner is to know; of those that an earlier run has made they know since the start. */
  #made(packetId: number): void {
    this.#isSeeking = false;
    this.#host.count("sendHostPackets", 1);
    this.#host.count("sendHostAmountFen", this.#plan.amountFen);
    if (!this.#tell(packetId)) this.#untold.push(packetId);
  }

  #draw(random: Random) {
    const { amountFen, mode, users: [first, last] } = this.#plan;
    const recipients = new Set<number>();
    while (recipients.size < RECIPIENTS) recipients.add(random.between(first, last));
    const shares = mode === "equal"
      ? splitEqually(amountFen, RECIPIENTS)
      : splitAtRandom(amountFen, RECIPIENTS, random);
    return {
      mode: SendMode[mode],
      group: 0,
      deadlineMs: this.#host.eventMs() + this.#config.expiresS * 1000,
      recipients: Uint32Array.from(recipients),
      shares,
    };
  }

  #tell(packetId: number): boolean {
    this.#words[0] = SendMessage.sent;
    this.#words[1] = packetId;
    return this.#host.post(ownerSet(packetId, this.#host.setCount), this.#words, 2);
  }
}
