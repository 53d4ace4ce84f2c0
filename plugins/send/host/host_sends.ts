import {
  EMPTY_ENTRY,
  EntryKind,
  type HostContext,
  ownerSet,
  Refusal,
  sendBodyWords,
  SendMode,
  Verdict,
  z,
} from "../../../core/plugin/plugin.ts";
import { SendMessage } from "../common/messages.ts";
import type { SendConfig } from "../common/config.ts";
import { splitAtRandom, splitEqually } from "../common/split.ts";

/** As the public prototype's: each packet is for three users. */
const RECIPIENTS = 3;
/** Sends that may wait for the ledger. */
const MOST_PENDING = 500;

/** What the host itself is to send. */
export const hostSendsSchema = z.strictObject({
  ratePerS: z.number().positive().max(100_000),
  total: z.int().min(1).max(100_000_000),
  /** First and last user of whom the recipients are drawn. */
  users: z.tuple([z.int().min(0).max(0xffff_ffff), z.int().min(0).max(0xffff_ffff)])
    .refine(([first, last]) => last - first + 1 >= RECIPIENTS, "needs at least three users"),
  amountFen: z.int().min(RECIPIENTS).max(0xffff_ffff),
  mode: z.enum(["equal", "random"]).default("random"),
});

export type HostSendsOrder = z.infer<typeof hostSendsSchema>;

/** One order of server-made sends: so many a second, each to three users who are drawn at random. */
export class HostSends {
  readonly #host: HostContext;
  readonly #config: SendConfig;
  readonly #order: HostSendsOrder;
  readonly #startMs: number;
  #proposed = 0;
  #pending = 0;
  /** Durable packets whose owner's mailbox was full. */
  readonly #untold: number[] = [];
  readonly #words = new Int32Array(2);

  constructor(host: HostContext, config: SendConfig, order: HostSendsOrder, nowMs: number) {
    this.#host = host;
    this.#config = config;
    this.#order = order;
    this.#startMs = nowMs;
  }

  get isDone(): boolean {
    return this.#proposed === this.#order.total && this.#pending === 0 && this.#untold.length === 0;
  }

  /** Sends what is due. A packet that comes late is not made up faster than the ledger takes it. */
  tick(nowMs: number): void {
    while (this.#untold.length > 0 && this.#tell(this.#untold[0])) this.#untold.shift();
    const { ratePerS, total } = this.#order;
    const due = Math.min(total, Math.floor((nowMs - this.#startMs) * ratePerS / 1000));
    for (; this.#proposed < due && this.#pending < MOST_PENDING; this.#proposed++) void this.#send();
  }

  async #send(): Promise<void> {
    this.#pending++;
    const { amountFen, mode, users: [first, last] } = this.#order;
    const { random } = this.#host;
    const recipients = new Set<number>();
    while (recipients.size < RECIPIENTS) recipients.add(random.between(first, last));
    const shares = mode === "equal"
      ? splitEqually(amountFen, RECIPIENTS)
      : splitAtRandom(amountFen, RECIPIENTS, random);
    const body = {
      mode: SendMode[mode],
      group: 0,
      deadlineMs: this.#host.eventMs() + this.#config.expiresS * 1000,
      recipients: Uint32Array.from(recipients),
      shares,
    };
    for (;;) {
      // A number that an earlier run has used is refused, and another is drawn.
      const words = sendBodyWords({ ...body, requestId: random.uint32() });
      const { verdict, detail, packetId } = await this.#host.enter(
        { ...EMPTY_ENTRY, kind: EntryKind.send, amountFen, sponsor: 1, count: RECIPIENTS },
        words,
      );
      if (verdict === Verdict.refused && detail === Refusal.requestTaken) continue;
      if (verdict !== Verdict.done) throw new Error(`the ledger refused a server-made send (${detail})`);
      this.#pending--;
      this.#host.count("sendHostPackets", 1);
      if (!this.#tell(packetId)) this.#untold.push(packetId);
      return;
    }
  }

  #tell(packetId: number): boolean {
    this.#words[0] = SendMessage.sent;
    this.#words[1] = packetId;
    return this.#host.post(ownerSet(packetId, this.#host.setCount), this.#words, 2);
  }
}
