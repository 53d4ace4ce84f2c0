import {
  type HostContext,
  type PluginControl,
  type PluginRoute,
  RouteError,
  Verdict,
  z,
} from "../../core/plugin/plugin.ts";
import { type Batch, type GenerateOrder, Generator } from "./generator.ts";
import { MESSAGE_WORDS, MOST_LEASED, PACKET_WORDS, ShakeMessage } from "./messages.ts";
import type { ShakeConfig } from "./mod.ts";
import { PacketQueue } from "./packet_queue.ts";

/** How often packets are released and dealt while there are any. */
const DEAL_MS = 5;
/** How far ahead of its release a packet is entered into the ledger. */
const MINT_AHEAD_MS = 1_000;
const MOST_PER_MINT = 10_000;
/** Half-life of what counts as recent demand: a SET whose users shook in the last seconds gets packets. */
const DEMAND_HALF_LIFE_MS = 2_000;
/** Demand below this is nobody. A single shake stays above it for about 13 s. */
const LEAST_DEMAND = 0.01;

/** Sponsors are numbers from 1 on, of 16 bits. */
export const MOST_SPONSORS = 65_535;

const orderSchema = z.strictObject({
  ratePerS: z.int().min(1).max(1_000_000),
  total: z.int().min(1).max(1_000_000_000),
  minFen: z.int().min(1).max(100_000_000).default(1),
  maxFen: z.int().min(1).max(100_000_000).default(200),
  sponsors: z.int().min(1).max(MOST_SPONSORS).exactOptional(),
}).refine(({ minFen, maxFen }) => minFen <= maxFen, { path: ["maxFen"], message: "is below minFen" });

/** The half of `shake` on the main thread: makes packets, and deals them to the SETs whose users shake. */
export class ShakeHost implements PluginControl {
  readonly routes: readonly PluginRoute[];
  readonly #host: HostContext;
  readonly #sponsors: number;
  readonly #generators: Generator[] = [];
  readonly #pool = new PacketQueue();
  /** Answers by idempotency key, with the order that they were given for. */
  readonly #answered = new Map<string, { order: string; answer: Record<string, unknown> }>();
  /** By SET: shakes seen so far, recent demand, a share of packets owed to it, and what it was told of "all gone". */
  readonly #seenShakes: Float64Array;
  readonly #demand: Float64Array;
  readonly #credit: Float64Array;
  readonly #toldGone: Uint8Array;
  /** By SET: packets sent there less those that came back. Less those drawn, it bounds what the SET holds. */
  readonly #sent: Float64Array;
  readonly #words = new Int32Array(MESSAGE_WORDS);
  #made = 0;
  #madeFen = 0;
  #minting = 0;
  /** 0 until the ledger is ready and the first packet is made. */
  #nextId = 0;
  #lastTickMs = 0;
  #nextDealMs = 0;
  #isDraining = false;

  constructor(host: HostContext, config: ShakeConfig) {
    this.#host = host;
    this.#sponsors = config.sponsors;
    this.#seenShakes = new Float64Array(host.setCount);
    this.#demand = new Float64Array(host.setCount);
    this.#credit = new Float64Array(host.setCount);
    this.#toldGone = new Uint8Array(host.setCount);
    this.#sent = new Float64Array(host.setCount);
    this.routes = [{
      method: "post",
      path: "/packets",
      summary: "Makes packets at a rate. The same Idempotency-Key with the same body makes nothing new",
      body: orderSchema,
      handle: ({ body, header }) =>
        this.#order(
          { sponsors: this.#sponsors, ...body as z.infer<typeof orderSchema> },
          header("idempotency-key"),
        ),
    }, {
      method: "get",
      path: "/packets",
      summary: "How many packets were made, are waiting, and were won",
      handle: () => this.status(),
    }];
  }

  status(): Record<string, unknown> {
    return {
      made: this.#made,
      madeFen: this.#madeFen,
      released: this.#generators.reduce((sum, { released }) => sum + released, 0),
      inPool: this.#pool.size,
      leased: this.#leasedInAll(),
      won: this.#host.total("shakeWon"),
      wonFen: this.#host.total("shakeAmountWonFen"),
      isAllGone: this.#isGone(),
    };
  }

  onMessage(set: number, words: Int32Array, at: number, count: number): void {
    if (words[at] !== ShakeMessage.giveBack) return;
    this.#sent[set] -= (count - 1) / PACKET_WORDS;
    for (let i = at + 1; i < at + count; i += PACKET_WORDS) {
      this.#pool.push(words[i] >>> 0, words[i + 1] >>> 0, words[i + 2]);
    }
  }

  onDrain(): void {
    this.#isDraining = true;
  }

  onTick(nowMs: number): number {
    this.#measureDemand(nowMs);
    if (!this.#isDraining) {
      for (const generator of this.#generators) {
        this.#draw(generator, nowMs);
        generator.release(
          nowMs,
          (packetId, amountFen, sponsor) => this.#pool.push(packetId, amountFen, sponsor),
        );
      }
      // Between two deals packets gather: a message for each that comes back would fill the SETs' mailboxes.
      if (nowMs >= this.#nextDealMs) {
        this.#nextDealMs = nowMs + DEAL_MS;
        this.#deal();
      }
    }
    this.#tellGone();
    this.#host.gauge("shakePacketsInPool", this.#pool.size);
    this.#host.gauge("shakePacketsLeased", this.#leasedInAll());
    const isIdle = this.#made === this.#host.total("shakeWon") &&
      this.#generators.every(({ isDone }) => isDone);
    return isIdle && this.#toldGone.every((told) => told === (this.#isGone() ? 1 : 0))
      ? Infinity
      : nowMs + DEAL_MS;
  }

  #order(order: GenerateOrder, key: string | undefined): unknown {
    const text = JSON.stringify(order);
    const before = key === undefined ? undefined : this.#answered.get(key);
    if (before !== undefined) {
      if (before.order !== text) {
        throw new RouteError(409, "this Idempotency-Key came with another body before");
      }
      return { ...before.answer, repeated: true };
    }
    if (this.#isDraining) throw new RouteError(503, "the server drains: nothing new is made");
    if (!this.#host.isLedgerReady()) {
      throw new RouteError(503, "the ledger is still being read: try again once /ready says so");
    }
    const nowMs = this.#host.monotonicMs();
    this.#generators.push(new Generator(order, nowMs, this.#host.random.fork(), new PacketQueue()));
    const answer = { generation: this.#generators.length, ...order };
    if (key !== undefined) this.#answered.set(key, { order: text, answer });
    this.#host.log("packets ordered", { ...order });
    this.#host.wakeUp();
    return { ...answer, repeated: false };
  }

  #draw(generator: Generator, nowMs: number): void {
    for (;;) {
      const batch = generator.draw(nowMs, MINT_AHEAD_MS, MOST_PER_MINT);
      if (batch === undefined) return;
      void this.#mint(generator, batch);
    }
  }

  /** Enters a batch into the ledger; it can be released once that is durable. */
  async #mint(generator: Generator, batch: Batch): Promise<void> {
    const firstId = this.#nextId || this.#host.nextPacketId();
    this.#nextId = firstId;
    this.#nextId += batch.count;
    this.#minting++;
    const verdict = await this.#host.mint(firstId, batch.count, batch.sumFen, batch.sponsor);
    this.#minting--;
    if (verdict !== Verdict.done && verdict !== Verdict.doneBefore) {
      throw new Error(
        `the ledger refused packets ${firstId} to ${firstId + batch.count - 1} (verdict ${verdict})`,
      );
    }
    generator.add(batch, firstId);
    this.#made += batch.count;
    this.#madeFen += batch.sumFen;
    this.#host.count("shakePacketsMade", batch.count);
    this.#host.count("shakeAmountMadeFen", batch.sumFen);
  }

  #measureDemand(nowMs: number): void {
    const decay = 0.5 ** ((nowMs - this.#lastTickMs) / DEMAND_HALF_LIFE_MS);
    this.#lastTickMs = nowMs;
    for (let set = 0; set < this.#demand.length; set++) {
      const shakes = this.#host.valueOf(set, "shakeWon") + this.#host.valueOf(set, "shakeNothing") +
        this.#host.valueOf(set, "shakeAllGone");
      this.#demand[set] = this.#demand[set] * decay + shakes - this.#seenShakes[set];
      this.#seenShakes[set] = shakes;
    }
  }

  /** Deals the pool over the SETs in proportion to their demand; with none anywhere it stays in the pool. */
  #deal(): void {
    if (this.#pool.size === 0) return;
    let total = 0;
    for (let set = 0; set < this.#demand.length; set++) if (this.#wants(set)) total += this.#demand[set];
    if (total === 0) return;
    const available = this.#pool.size;
    let largest = -1;
    for (let set = 0; set < this.#demand.length; set++) {
      if (!this.#wants(set)) {
        this.#credit[set] = 0;
        continue;
      }
      this.#credit[set] = Math.min(MOST_LEASED, this.#credit[set] + available * this.#demand[set] / total);
      const whole = Math.floor(this.#credit[set]);
      if (whole > 0) this.#lease(set, whole);
      if (largest < 0 || this.#credit[set] > this.#credit[largest]) largest = set;
    }
    // Fractions of a packet add up over time; whoever is owed most has the last one now.
    if (this.#pool.size > 0 && largest >= 0) this.#lease(largest, 1);
  }

  #wants(set: number): boolean {
    return this.#demand[set] >= LEAST_DEMAND && this.#host.usersOf(set) > 0;
  }

  #lease(set: number, wanted: number): void {
    const count = Math.min(wanted, this.#pool.size, MOST_LEASED - this.#leased(set));
    if (count <= 0) return;
    this.#words[0] = ShakeMessage.lease;
    const size = 1 + PACKET_WORDS * count;
    for (let i = 1; i < size; i += PACKET_WORDS) {
      this.#words[i] = this.#pool.frontId;
      this.#words[i + 1] = this.#pool.frontAmountFen;
      this.#words[i + 2] = this.#pool.frontSponsor;
      this.#pool.shift();
    }
    if (this.#host.post(set, this.#words, size)) {
      this.#credit[set] -= count;
      this.#sent[set] += count;
      return;
    }
    for (let i = 1; i < size; i += PACKET_WORDS) {
      this.#pool.push(this.#words[i] >>> 0, this.#words[i + 1] >>> 0, this.#words[i + 2]);
    }
  }

  /** Packets in a SET's hands or on the way there; drawn ones are read late, so at least as many as there are. */
  #leased(set: number): number {
    return this.#sent[set] - this.#host.valueOf(set, "shakePacketsDrawn");
  }

  #leasedInAll(): number {
    return this.#sent.reduce((sum, sent) => sum + sent, 0) - this.#host.total("shakePacketsDrawn");
  }

  /** Everything that was made has been won, and nothing is to come. */
  #isGone(): boolean {
    return this.#generators.length > 0 && this.#minting === 0 &&
      this.#generators.every(({ isDone }) => isDone) && this.#made === this.#host.total("shakeWon");
  }

  #tellGone(): void {
    const gone = this.#isGone() ? 1 : 0;
    this.#words[0] = ShakeMessage.gone;
    this.#words[1] = gone;
    for (let set = 0; set < this.#toldGone.length; set++) {
      if (this.#toldGone[set] !== gone && this.#host.post(set, this.#words, 2)) this.#toldGone[set] = gone;
    }
  }
}
