import {
  type HostContext,
  type PacketSource,
  type PluginControl,
  type PluginRoute,
  RouteError,
  type ShowDocument,
  type SponsorResource,
} from "../../../core/plugin/plugin.ts";
import {
  MAX_LEASED,
  MAX_RESOURCES,
  MESSAGE_WORDS,
  PACKET_WORDS,
  RESOURCE_WORDS,
  ShakeMessage,
} from "../common/messages.ts";
import type { ShakeConfig } from "../common/config.ts";
import { BanOpenings } from "./ban_openings.ts";
import { Demand } from "./demand.ts";
import { GreetingDealer } from "./greeting_dealer.ts";
import { OpensElsewhere } from "./opens_elsewhere.ts";
import { Orders } from "./orders.ts";
import { PacketQueue } from "../common/packet_queue.ts";

/** How often packets are released and dealt while there are any: each time wakes the main thread, for 150 us. */
const DEAL_MS = 8;
/** How often it looks whether there are packets again. */
const IDLE_MS = 100;

/** The half of `shake` on the main thread: deals the packets and greetings that are due to the SETs whose users shake. */
export class ShakeHost implements PluginControl {
  readonly routes: readonly PluginRoute[];
  readonly #host: HostContext;
  readonly #orders: Orders;
  /** The plugin whose packets are given away; our own orders if there is none. */
  readonly #wanted: string;
  #source: PacketSource | undefined;
  readonly #pool = new PacketQueue();
  readonly #demand: Demand;
  readonly #greetings: GreetingDealer;
  readonly #openings: BanOpenings;
  readonly #elsewhere: OpensElsewhere;
  /** By SET: what it was told of "all gone". */
  readonly #toldGone: Uint8Array;
  /** By SET: how many sponsors it knows what to show for. */
  readonly #toldResources: Uint16Array;
  /** By SET: packets sent there less those that came back. Less those drawn, it bounds what the SET holds. */
  readonly #sent: Float64Array;
  readonly #words = new Int32Array(MESSAGE_WORDS);
  /** Packets that the source has handed over, and those of them that can't be won any more. */
  #released = 0;
  #closed = 0;
  #nextDealMs = 0;
  #isDraining = false;

  constructor(host: HostContext, config: ShakeConfig) {
    this.#host = host;
    this.#wanted = config.packets;
    const orders = this.#orders = new Orders(host, config.sponsors);
    this.#demand = new Demand(host, ["shakeWon", "shakeNothing", "shakeAllGone", "shakeGreeted"]);
    this.#greetings = new GreetingDealer(host);
    this.#openings = new BanOpenings(host);
    this.#elsewhere = new OpensElsewhere(host);
    this.#toldGone = new Uint8Array(host.setCount);
    this.#toldResources = new Uint16Array(host.setCount);
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
    }, {
      method: "get",
      path: "/greetings",
      summary: "Every greeting: how many were released, are waiting, and were given, since the start",
      handle: () => this.#greetings.describe(),
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
      isHeld: !this.#host.mayRelease(),
    };
  }

  onMessage(set: number, words: Int32Array, at: number, count: number): void {
    if (words[at] === ShakeMessage.giveBackGreetings) return this.#greetings.takeBack(words, at, count);
    if (words[at] === ShakeMessage.openElsewhere) return this.#elsewhere.open(set, words, at + 1);
    if (words[at] !== ShakeMessage.giveBack) return;
    this.#sent[set] -= (count - 1) / PACKET_WORDS;
    for (let i = at + 1; i < at + count; i += PACKET_WORDS) {
      this.#pool.push(words[i] >>> 0, words[i + 1] >>> 0, words[i + 2]);
    }
  }

  onDrain(): void {
    this.#isDraining = true;
  }

  onShow(show: ShowDocument): void {
    this.#openings.take(show);
    this.#host.wakeUp();
  }

  onTick(nowMs: number): number {
    return this.#elsewhere.tell() ? this.#deal(nowMs) : Math.min(nowMs + DEAL_MS, this.#deal(nowMs));
  }

  #deal(nowMs: number): number {
    this.#demand.measure(nowMs);
    const source = this.#packets();
    if (!this.#isDraining) {
      this.#greetings.begin(source.greetings ?? []);
      source.release(nowMs, this.#take, this.#greetings.offer);
      this.#greetings.end(nowMs);
      // Between two deals packets gather: a message for each that comes back would fill the SETs' mailboxes.
      if (nowMs >= this.#nextDealMs) {
        this.#nextDealMs = nowMs + DEAL_MS;
        // What was released by a wrong clock and nobody has won is held too.
        if (this.#host.mayRelease() && this.#frontIsOpen(source)) {
          this.#demand.deal(this.#pool.size, (set, wanted) => this.#lease(source, set, wanted));
        }
        this.#greetings.deal();
      }
    }
    this.#tellGone();
    this.#tellResources(source.resources ?? []);
    const openMs = this.#openings.tick(nowMs);
    this.#host.gauge("shakePacketsInPool", this.#pool.size);
    this.#host.gauge("shakePacketsLeased", this.#leasedInAll());
    return Math.min(openMs, this.#nextMs(source, nowMs));
  }

  #nextMs(source: PacketSource, nowMs: number): number {
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

  /** Gives packets to a SET, at most so many. Returns how many. */
  #lease(source: PacketSource, set: number, wanted: number): number {
    const most = Math.min(wanted, this.#pool.size, MAX_LEASED - this.#leased(set));
    let count = 0;
    let size = 1;
    for (; count < most && this.#frontIsOpen(source); count++, size += PACKET_WORDS) {
      this.#words[size] = this.#pool.frontId;
      this.#words[size + 1] = this.#pool.frontAmountFen;
      this.#words[size + 2] = this.#pool.frontSponsor;
      this.#pool.shift();
    }
    if (count === 0) return 0;
    this.#words[0] = ShakeMessage.lease;
    if (this.#host.post(set, this.#words, size)) {
      this.#sent[set] += count;
      return count;
    }
    for (let i = 1; i < size; i += PACKET_WORDS) {
      this.#pool.push(this.#words[i] >>> 0, this.#words[i + 1] >>> 0, this.#words[i + 2]);
    }
    return 0;
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

  /** Tells every SET what wins show; what a mailbox can't take comes later. */
  #tellResources(all: readonly SponsorResource[]): void {
    for (let set = 0; set < this.#toldResources.length; set++) {
      const told = this.#toldResources[set];
      if (told === all.length) continue;
      const some = all.slice(told, told + MAX_RESOURCES);
      this.#words[0] = ShakeMessage.resources;
      some.forEach(({ sponsor, resource }, i) => {
        this.#words[1 + RESOURCE_WORDS * i] = sponsor;
        this.#words[2 + RESOURCE_WORDS * i] = resource;
      });
      const isTold = this.#host.post(set, this.#words, 1 + RESOURCE_WORDS * some.length);
      if (isTold) this.#toldResources[set] += some.length;
    }
  }
}
