import {
  type HostContext,
  type PacketSource,
  type PluginControl,
  type PluginRoute,
  RouteError,
} from "../../core/plugin/plugin.ts";
import { MESSAGE_WORDS, MOST_LEASED, PACKET_WORDS, ShakeMessage } from "./messages.ts";
import type { ShakeConfig } from "./config.ts";
import { Orders } from "./orders.ts";
import { PacketQueue } from "./packet_queue.ts";

/** How often packets are released and dealt while there are any. */
const DEAL_MS = 5;
/** Half-life of what counts as recent demand: a SET whose users shook in the last seconds gets packets. */
const DEMAND_HALF_LIFE_MS = 2_000;
/** Demand below this is nobody. A single shake stays above it for about 13 s. */
const LEAST_DEMAND = 0.01;
/** How often it looks whether there are packets again. */
const IDLE_MS = 100;

/** The half of `shake` on the main thread: deals the packets that are due to the SETs whose users shake. */
export class ShakeHost implements PluginControl {
  readonly routes: readonly PluginRoute[];
  readonly #host: HostContext;
  readonly #orders: Orders;
  /** The plugin whose packets are given away; our own orders if there is none. */
  readonly #wanted: string;
  #source: PacketSource | undefined;
  readonly #pool = new PacketQueue();
  /** By SET: shakes seen so far, recent demand, a share of packets owed to it, and what it was told of "all gone". */
  readonly #seenShakes: Float64Array;
  readonly #demand: Float64Array;
  readonly #credit: Float64Array;
  readonly #toldGone: Uint8Array;
  /** By SET: packets sent there less those that came back. Less those drawn, it bounds what the SET holds. */
  readonly #sent: Float64Array;
  readonly #words = new Int32Array(MESSAGE_WORDS);
  /** Packets that the source has handed over, and those of them that can't be won any more. */
  #released = 0;
  #closed = 0;
  #lastTickMs = 0;
  #nextDealMs = 0;
  #isDraining = false;

  constructor(host: HostContext, config: ShakeConfig) {
    this.#host = host;
    this.#wanted = config.packets;
    const orders = this.#orders = new Orders(host, config.sponsors);
    this.#seenShakes = new Float64Array(host.setCount);
    this.#demand = new Float64Array(host.setCount);
    this.#credit = new Float64Array(host.setCount);
    this.#toldGone = new Uint8Array(host.setCount);
    this.#sent = new Float64Array(host.setCount);
    this.routes = [{
      ...orders.route,
      handle: (request) => {
        if (this.#packets() === orders) return orders.route.handle(request);
        throw new RouteError(409, "this host gives away what was made in advance: nothing is made here");
      },
    }, {
      method: "get",
      path: "/packets",
      summary: "How many packets were made, are waiting, and were won",
      handle: () => this.status(),
    }];
  }

  status(): Record<string, unknown> {
    return {
      made: this.#host.total("shakePacketsMade"),
      madeFen: this.#host.total("shakeAmountMadeFen"),
      released: this.#released,
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
    this.#isDraining = this.#orders.isDraining = true;
  }

  onTick(nowMs: number): number {
    this.#measureDemand(nowMs);
    const source = this.#packets();
    if (!this.#isDraining) {
      source.release(nowMs, this.#take);
      // Between two deals packets gather: a message for each that comes back would fill the SETs' mailboxes.
      if (nowMs >= this.#nextDealMs) {
        this.#nextDealMs = nowMs + DEAL_MS;
        this.#deal(source);
      }
    }
    this.#tellGone();
    this.#host.gauge("shakePacketsInPool", this.#pool.size);
    this.#host.gauge("shakePacketsLeased", this.#leasedInAll());
    const isQuiet = this.#released - this.#closed === this.#host.total("shakeWon") &&
      this.#toldGone.every((told) => told === (this.#isGone() ? 1 : 0));
    if (!isQuiet) return nowMs + DEAL_MS;
    if (source === this.#orders) return source.nextDueMs(nowMs) === Infinity ? Infinity : nowMs + DEAL_MS;
    return Math.max(nowMs + DEAL_MS, Math.min(nowMs + IDLE_MS, source.nextDueMs(nowMs)));
  }

  /** Another plugin's packets, or those that are ordered here. Known once all plugins have begun. */
  #packets(): PacketSource {
    if (this.#source !== undefined) return this.#source;
    const other = this.#wanted === "generator"
      ? undefined
      : this.#host.packetSource(this.#wanted === "auto" ? undefined : this.#wanted);
    return this.#source = other ?? this.#orders;
  }

  readonly #take = (packetId: number, amountFen: number, sponsor: number): void => {
    this.#released++;
    this.#pool.push(packetId, amountFen, sponsor);
    this.#host.packetDue(packetId, amountFen, sponsor);
    if (this.#source === this.#orders) return;
    this.#host.count("shakePacketsMade", 1);
    this.#host.count("shakeAmountMadeFen", amountFen);
  };

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
  #deal(source: PacketSource): void {
    if (!this.#frontIsOpen(source)) return;
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
      if (whole > 0) this.#lease(source, set, whole);
      if (largest < 0 || this.#credit[set] > this.#credit[largest]) largest = set;
    }
    // Fractions of a packet add up over time; whoever is owed most has the last one now.
    if (this.#pool.size > 0 && largest >= 0) this.#lease(source, largest, 1);
  }

  #wants(set: number): boolean {
    return this.#demand[set] >= LEAST_DEMAND && this.#host.usersOf(set) > 0;
  }

  #lease(source: PacketSource, set: number, wanted: number): void {
    const most = Math.min(wanted, this.#pool.size, MOST_LEASED - this.#leased(set));
    let count = 0;
    let size = 1;
    for (; count < most && this.#frontIsOpen(source); count++, size += PACKET_WORDS) {
      this.#words[size] = this.#pool.frontId;
      this.#words[size + 1] = this.#pool.frontAmountFen;
      this.#words[size + 2] = this.#pool.frontSponsor;
      this.#pool.shift();
    }
    if (count === 0) return;
    this.#words[0] = ShakeMessage.lease;
    if (this.#host.post(set, this.#words, size)) {
      this.#credit[set] -= count;
      this.#sent[set] += count;
      return;
    }
    for (let i = 1; i < size; i += PACKET_WORDS) {
      this.#pool.push(this.#words[i] >>> 0, this.#words[i + 1] >>> 0, this.#words[i + 2]);
    }
  }

  /** Drops packets that can't be won any more. False if there is no other. */
  #frontIsOpen(source: PacketSource): boolean {
    while (this.#pool.size > 0 && !source.isOpen(this.#pool.frontId)) {
      this.#pool.shift();
      this.#closed++;
    }
    return this.#pool.size > 0;
  }

  /** Packets in a SET's hands or on the way there; drawn ones are read late, so at least as many as there are. */
  #leased(set: number): number {
    return this.#sent[set] - this.#host.valueOf(set, "shakePacketsDrawn");
  }

  #leasedInAll(): number {
    return this.#sent.reduce((sum, sent) => sum + sent, 0) - this.#host.total("shakePacketsDrawn");
  }

  /** Everything has been won that could be, and nothing is to come. */
  #isGone(): boolean {
    return this.#packets().isDone && this.#released - this.#closed === this.#host.total("shakeWon");
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
