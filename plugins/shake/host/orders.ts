import {
  type HostContext,
  type PacketSource,
  type PlacedOrder,
  type PluginRoute,
  refusalName,
  RouteError,
  Verdict,
  z,
} from "../../../core/plugin/plugin.ts";
import { batchFor, type PacketPlan } from "./batches.ts";
import { MAX_SPONSORS } from "../common/config.ts";
import { Generator, type NewBatch, OtherPackets } from "./generator.ts";

/** How far ahead of its release a packet is entered into the ledger. */
const MINT_AHEAD_MS = 1_000;

const ROUTE = "POST /packets";

const orderSchema = z.strictObject({
  ratePerS: z.int().min(1).max(1_000_000),
  total: z.int().min(1).max(1_000_000_000),
  minFen: z.int().min(1).max(100_000_000).default(1),
  maxFen: z.int().min(1).max(100_000_000).default(200),
  sponsors: z.int().min(1).max(MAX_SPONSORS).exactOptional(),
}).refine(({ minFen, maxFen }) => minFen <= maxFen, { path: ["maxFen"], message: "is below minFen" });

/** An order that is being carried out. */
interface Run {
  readonly order: PlacedOrder;
  readonly generator: Generator;
  made: number;
  madeFen: number;
}

/** Packets that are made while the host runs, as operators order them; what an earlier run has left undone is resumed. */
export class Orders implements PacketSource {
  readonly route: PluginRoute;
  readonly #host: HostContext;
  readonly #sponsors: number;
  readonly #runs: Run[] = [];
  #hasResumed = false;
  /** Packets of orders that are being entered into the ledger. */
  #placing = 0;
  /** 0 until the first packet is made. */
  #nextId = 0;

  /** @param sponsors how many an order's packets are spread over, if it doesn't say */
  constructor(host: HostContext, sponsors: number) {
    this.#host = host;
    this.#sponsors = sponsors;
    this.route = {
      method: "post",
      path: "/packets",
      summary: "Makes packets at a rate, also over a restart",
      body: orderSchema,
      isOrder: true,
      handle: ({ body, header }) =>
        this.#place(body as z.infer<typeof orderSchema>, header("idempotency-key")),
    };
  }

  release(nowMs: number, give: (packetId: number, amountFen: number, sponsor: number) => void): void {
    this.#resume();
    // The tapes stand still: what an order has left comes at its rate once the clock is right again.
    if (!this.#host.mayRelease()) return;
    for (const run of this.#runs) {
      this.#draw(run, nowMs);
      run.generator.release(nowMs, give);
      if (run.order.state === "running" && run.generator.isDone) run.order.finish();
    }
  }

  nextDueMs(nowMs: number): number {
    return this.#hasResumed && this.#runs.every(({ generator }) => generator.isDone) ? Infinity : nowMs;
  }

  get isDone(): boolean {
    return this.#runs.length > 0 && this.#runs.every(({ generator }) => generator.isDone);
  }

  isOpen(): boolean {
    return true;
  }

  async #place(body: z.infer<typeof orderSchema>, key: string | undefined): Promise<unknown> {
    let placing = 0;
    try {
      const { order, isRepeated } = await this.#host.placeOrder({ route: ROUTE, key, body }, () => {
        const { ratePerS, total, minFen, maxFen, sponsors = this.#sponsors } = body;
        this.#resume();
        const idsLeft = this.#idsLeft();
        if (total > idsLeft) {
          throw new RouteError(
            422,
            `this host has ${idsLeft} packet ids left: see --host-number in docs/ledger.md`,
          );
        }
        placing = total;
        this.#placing += placing;
        const batch = batchFor(ratePerS);
        const seed = this.#host.random.uint32();
        const plan: PacketPlan = { ratePerS, total, minFen, maxFen, sponsors, batch, seed };
        return { fixed: plan, packets: total };
      });
      if (!isRepeated) {
        this.#resume();
        this.#begin(order);
        this.#host.wakeUp();
      }
      const { ratePerS, total, minFen, maxFen, sponsors } = order.fixed as PacketPlan;
      return {
        order: order.number,
        ...{ ratePerS, total, minFen, maxFen, sponsors },
        repeated: isRepeated,
        held: !this.#host.mayRelease(),
      };
    } finally {
      this.#placing -= placing;
    }
  }

  /** How many packets may still be ordered, besides all that are. What users send may take some of these ids first. */
  #idsLeft(): number {
    const nextId = this.#nextId || this.#host.nextPacketId();
    const unmade = this.#runs.reduce((sum, { generator }) => sum + generator.unmade, this.#placing);
    return Math.max(0, this.#host.lastPacketId + 1 - nextId - unmade);
  }

  /** Goes on with what was ordered before this start, once the ledger tells of it. */
  #resume(): void {
    if (this.#hasResumed || !this.#host.isLedgerReady()) return;
    this.#hasResumed = true;
    for (const order of this.#host.orders()) if (order.before !== undefined) this.#begin(order);
  }

  #begin(order: PlacedOrder): void {
    const plan = order.fixed as PacketPlan;
    const { before } = order;
    const generator = new Generator(plan, this.#host.monotonicMs(), this.#host.randomOf, before);
    const run = { order, generator, made: before?.made ?? 0, madeFen: before?.madeFen ?? 0 };
    order.progress = () => ({ total: plan.total, made: run.made, madeFen: run.madeFen });
    this.#runs.push(run);
  }

  #draw(run: Run, nowMs: number): void {
    if (run.order.state === "stopped") run.generator.stop();
    try {
      for (;;) {
        const batch = run.generator.draw(nowMs, MINT_AHEAD_MS);
        if (batch === undefined) return;
        void this.#mint(run, batch);
      }
    } catch (error) {
      if (!(error instanceof OtherPackets)) throw error;
      run.generator.stop();
      run.order.fail(error.message);
    }
  }

  /** Enters a batch into the ledger; it can be released once that is durable. */
  async #mint(run: Run, batch: NewBatch): Promise<void> {
    const firstId = this.#nextId || this.#host.nextPacketId();
    const count = batch.amountsFen.length;
    this.#nextId = firstId + count;
    const of = { order: run.order.number, part: batch.part };
    const { verdict, detail } = await this.#host.mint(firstId, count, batch.sumFen, batch.sponsor, of);
    if (verdict !== Verdict.done) {
      run.generator.drop();
      run.order.fail(
        `the ledger refuses packets ${firstId} to ${firstId + count - 1} (${refusalName(detail)})`,
      );
      return;
    }
    run.generator.add(batch, firstId);
    run.made += count;
    run.madeFen += batch.sumFen;
    this.#host.count("shakePacketsMade", count);
    this.#host.count("shakeAmountMadeFen", batch.sumFen);
  }
}
