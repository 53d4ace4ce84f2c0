import {
  type HostContext,
  type PacketSource,
  type PluginRoute,
  RouteError,
  Verdict,
  z,
} from "../../core/plugin/plugin.ts";
import { MOST_SPONSORS } from "./config.ts";
import { type Batch, type GenerateOrder, Generator } from "./generator.ts";

/** How far ahead of its release a packet is entered into the ledger. */
const MINT_AHEAD_MS = 1_000;
const MOST_PER_MINT = 10_000;

const orderSchema = z.strictObject({
  ratePerS: z.int().min(1).max(1_000_000),
  total: z.int().min(1).max(1_000_000_000),
  minFen: z.int().min(1).max(100_000_000).default(1),
  maxFen: z.int().min(1).max(100_000_000).default(200),
  sponsors: z.int().min(1).max(MOST_SPONSORS).exactOptional(),
}).refine(({ minFen, maxFen }) => minFen <= maxFen, { path: ["maxFen"], message: "is below minFen" });

/** Packets that are made while the host runs, as an operator orders them. */
export class Orders implements PacketSource {
  readonly route: PluginRoute;
  made = 0;
  madeFen = 0;
  isDraining = false;
  readonly #host: HostContext;
  readonly #sponsors: number;
  readonly #generators: Generator[] = [];
  /** Answers by idempotency key, with the order that they were given for. */
  readonly #answered = new Map<string, { order: string; answer: Record<string, unknown> }>();
  #minting = 0;
  /** 0 until the ledger is ready and the first packet is made. */
  #nextId = 0;

  /** @param sponsors how many an order's packets are spread over, if it doesn't say */
  constructor(host: HostContext, sponsors: number) {
    this.#host = host;
    this.#sponsors = sponsors;
    this.route = {
      method: "post",
      path: "/packets",
      summary: "Makes packets at a rate. The same Idempotency-Key with the same body makes nothing new",
      body: orderSchema,
      handle: ({ body, header }) =>
        this.#order(
          { sponsors: this.#sponsors, ...body as z.infer<typeof orderSchema> },
          header("idempotency-key"),
        ),
    };
  }

  release(nowMs: number, give: (packetId: number, amountFen: number, sponsor: number) => void): void {
    for (const generator of this.#generators) {
      this.#draw(generator, nowMs);
      generator.release(nowMs, give);
    }
  }

  nextDueMs(nowMs: number): number {
    return this.#generators.every(({ isDone }) => isDone) ? Infinity : nowMs;
  }

  get isDone(): boolean {
    return this.#generators.length > 0 && this.#minting === 0 &&
      this.#generators.every(({ isDone }) => isDone);
  }

  isOpen(): boolean {
    return true;
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
    if (this.isDraining) throw new RouteError(503, "the server drains: nothing new is made");
    if (!this.#host.isLedgerReady()) {
      throw new RouteError(503, "the ledger is still being read: try again once /ready says so");
    }
    const idsLeft = this.#idsLeft();
    if (order.total > idsLeft) {
      throw new RouteError(
        422,
        `this host has ${idsLeft} packet ids left: see --host-number in docs/ledger.md`,
      );
    }
    const nowMs = this.#host.monotonicMs();
    this.#generators.push(new Generator(order, nowMs, this.#host.random.fork()));
    const answer = { generation: this.#generators.length, ...order };
    if (key !== undefined) this.#answered.set(key, { order: text, answer });
    this.#host.log("packets ordered", { ...order });
    this.#host.wakeUp();
    return { ...answer, repeated: false };
  }

  /** How many packets may still be ordered, besides those that are. */
  #idsLeft(): number {
    const nextId = this.#nextId || this.#host.nextPacketId();
    const toDraw = this.#generators.reduce((sum, { undrawn }) => sum + undrawn, 0);
    return this.#host.lastPacketId + 1 - nextId - toDraw;
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
    this.made += batch.count;
    this.madeFen += batch.sumFen;
    this.#host.count("shakePacketsMade", batch.count);
    this.#host.count("shakeAmountMadeFen", batch.sumFen);
  }
}
