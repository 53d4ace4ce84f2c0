import { after, systemClock } from "../../base/clock.ts";
import { Random, systemSeed } from "../../base/random.ts";
import { Result, SendMode } from "../../wire/codes.ts";
import type { ReadValues, Values } from "../../wire/frame_codec.ts";
import type { Fields, Frame } from "../../wire/schema.ts";
import { frames, TOKEN_BYTES } from "../../wire/v1/frames.ts";
import type { HostList } from "../../hosts/list/host_list.ts";
import { type Addresses, type AddressesOf, AnyAddress } from "../addresses/addresses.ts";
import { Listeners, type PhoneEvents } from "./events.ts";
import { IncomingFrames } from "./incoming_frames.ts";
import { DEFAULT_TIMES, isRefusal, Link, type LinkClock, type LinkTimes, type PhoneState } from "./link.ts";
import {
  type ChatOutcome,
  type ClaimOutcome,
  type Detail,
  type OpenOutcome,
  type Packet,
  resultName,
  type SendOrder,
  type SendOutcome,
  type ShakeOutcome,
  type Share,
} from "./outcomes.ts";
import { frameBytes } from "./outgoing_frames.ts";
import { PhoneClosed, PhoneRefused, Requests } from "./requests.ts";
import type { Resources } from "./resources.ts";
import { SaidOnce } from "./said_once.ts";
import { ServerFrames } from "./server_frames.ts";
import { type Cue, ShowOrders } from "./show_orders.ts";
import type { PhoneStorage } from "./storage.ts";
import { Told } from "./told.ts";
import { readToken, type Token } from "./token.ts";
import type { Transport } from "../transport/transport.ts";
import { webSocket } from "../transport/web_socket.ts";

/** What a phone is made with. */
export interface PhoneOptions {
  /**
   * Where servers or gateways are: addresses, of which one after the other is tried, beginning with any; or by a host list,
   * see `byHostList` of the entry `client/hosts`.
   */
  readonly to: string | readonly string[] | AddressesOf;
  /** Number of the user. */
  readonly user: number;
  /** What the user logs in with, or where a fresh one comes from; left out where servers check none. */
  readonly token?: Token | (() => Token | Promise<Token>);
  /** How bytes travel; WebSockets if absent. */
  readonly transport?: Transport;
  /** Where what was told is kept, such as `localStorage`. Without it a restart tells anew what isn't open. */
  readonly storage?: PhoneStorage;
  /** Under which key; another one for each event. `redpkt/USER` if absent. */
  readonly storageKey?: string;
  /** How long a shake waits for its answer, in ms. */
  readonly answerMs?: number;
  /** Waits of the connection that differ from {@linkcode DEFAULT_TIMES}. */
  readonly times?: Partial<LinkTimes>;
  /** For tests and simulations. */
  readonly clock?: LinkClock;
  readonly random?: Random;
}

const DEFAULT_ANSWER_MS = 10_000;
const UNCHECKED_TOKEN = new Uint8Array(TOKEN_BYTES);

/**
 * One user's connection to an event. It connects again by itself whatever happens, tells each packet once, and says
 * again what may be said twice. Everything it hears goes to listeners; everything it does returns a promise.
 */
export class Phone {
  readonly #link: Link;
  readonly #told: Told;
  readonly #shakes: SaidOnce<ShakeOutcome>;
  readonly #chats: SaidOnce<ChatOutcome>;
  readonly #requests: Requests;
  readonly #listeners = new Listeners();
  readonly #clock: LinkClock;
  readonly #random: Random;
  readonly #show: ShowOrders;
  readonly #addresses: Addresses;
  #loading: Promise<void> | undefined;

  /** @throws TypeError if the token is none */
  constructor(options: PhoneOptions) {
    const { user, token = UNCHECKED_TOKEN, storage, storageKey = `redpkt/${user}` } = options;
    if (typeof token !== "function") readToken(token);
    this.#clock = options.clock ?? { ...systemClock, after };
    this.#random = options.random ?? new Random(systemSeed());
    this.#show = new ShowOrders(this.#random);
    const failed = (error: unknown) => this.#listeners.tell("failed", error);
    this.#told = new Told(storage, storageKey, failed);
    const incoming = new IncomingFrames();
    const { answerMs = DEFAULT_ANSWER_MS } = options;
    this.#shakes = new SaidOnce<ShakeOutcome>(this.#clock, answerMs, 0, {
      offline: { result: "offline" },
      unknown: { result: "unknown" },
    });
    this.#chats = new SaidOnce<ChatOutcome>(this.#clock, answerMs, this.#random.uint32(), {
      offline: { result: "offline", retryMs: 0 },
      unknown: { result: "unknown", retryMs: 0 },
    });
    this.#addresses = this.#addressesOf(options);
    this.#link = new Link({
      transport: options.transport ?? webSocket(),
      addresses: this.#addresses,
      user,
      token: typeof token === "function" ? token : () => token,
      clock: this.#clock,
      random: this.#random,
      times: { ...DEFAULT_TIMES, ...options.times },
      incoming,
      passes: () => this.#told.passes,
      changed: (state) => this.#changed(state),
      moved: () => this.#ready(),
      failed,
    });
    this.#requests = new Requests(this.#clock, this.#random, (bytes) => this.#link.send(bytes));
    new ServerFrames({
      incoming,
      told: this.#told,
      shakes: this.#shakes,
      requests: this.#requests,
      chats: this.#chats,
      listeners: this.#listeners,
      show: this.#show,
      clock: this.#clock,
      send: (bytes) => this.#link.send(bytes),
    });
  }

  get state(): PhoneState {
    return this.#link.state;
  }

  /** Every packet that the user has won, as far as this phone knows. */
  get packets(): readonly Packet[] {
    return this.#told.packets;
  }

  /** Every share of a sent packet that the user has, as far as this phone knows. */
  get shares(): readonly Share[] {
    return this.#told.shares;
  }

  /** When the event's show wants users to shake; `none` until it says so. */
  get cue(): Cue {
    return this.#show.cue;
  }

  /** What the show wants phones to fetch in idle time, and where; see `fetchManifest`. */
  get resources(): Resources | undefined {
    return this.#show.resources;
  }

  /** Whether people shake, or are about to: then an app fetches nothing, and breaks off what is under way. */
  get isShaking(): boolean {
    return this.#show.isShaking(this.serverMs);
  }

  /** The server's time in unix ms, give or take half a round trip: what all phones agree on. */
  get serverMs(): number {
    return this.#link.serverMs;
  }

  /** Listens to an event; the returned function ends it. */
  on<Name extends keyof PhoneEvents>(name: Name, listener: (event: PhoneEvents[Name]) => void): () => void {
    return this.#listeners.add(name, listener);
  }

  /** Connects, and stays connected. Resolves when what was kept is read; the event `state` tells the rest. */
  async connect(): Promise<void> {
    this.#loading ??= this.#told.load();
    await this.#loading;
    this.#link.start();
  }

  /** Says that the machine may have slept or changed its network: a dead connection is noticed within seconds. */
  wake(): void {
    this.#link.wake();
  }

  /** A newer host list counts from now on, if the phone goes by one; what isn't newer changes nothing. */
  hosts(list: HostList): void {
    if (this.#addresses.renew?.(list) === true) this.#link.leave(list.moveS * 1000, false);
  }

  /** Ends the connection for good. Requests without an answer are rejected with {@linkcode PhoneClosed}. */
  close(): void {
    this.#link.close();
    this.#requests.end(new PhoneClosed("the phone was closed before an answer came"));
  }

  /** Shakes once. Never rejects; shows what it came to. */
  async shake(): Promise<ShakeOutcome> {
    const cueWaitMs = this.#show.cueWaitMs(this.serverMs);
    if (cueWaitMs > 0) return { result: "notNow", retryMs: cueWaitMs };
    const retryMs = this.#show.restMs(this.#clock.monotonicMs());
    if (retryMs > 0) return { result: "later", retryMs };
    const outcome = await this.#shakes.say((requestId) => {
      const isSent = this.#say(frames.shake, { requestId });
      if (isSent) this.#show.shook(this.#clock.monotonicMs());
      return isSent;
    });
    this.#show.answered(
      this.#clock.monotonicMs(),
      outcome.result === "later" ? outcome.retryMs : undefined,
    );
    return outcome;
  }

  /** Opens a packet that a shake has won: the money is the user's from then on. */
  async open(packetId: number): Promise<OpenOutcome> {
    const key = `open ${packetId}`;
    const { result, amountFen } = await this.#ask(frames.open, { packetId }, key, frames.openResult);
    return { result: resultName(result), amountFen };
  }

  /** Sends a packet to users or a group. */
  async send(order: SendOrder): Promise<SendOutcome> {
    const { amountFen, shares, mode, users = [], group = 0 } = order;
    for (;;) {
      const requestId = order.requestId ?? this.#random.uint32();
      const values = { requestId, amountFen, shares, mode: SendMode[mode], group, users };
      const answer = await this.#ask(frames.send, values, `send ${requestId}`, frames.sendResult);
      const { result, packetId, expiresMs } = answer;
      // Another packet of an earlier run has the id that was drawn: this one was not sent.
      if (result === Result.requestIdTaken && order.requestId === undefined) continue;
      return { result: resultName(result), packetId, expiresMs };
    }
  }

  /** Wants a share of a packet that a notice told of. */
  async claim(packetId: number): Promise<ClaimOutcome> {
    const key = `claim ${packetId}`;
    const { result, amountFen } = await this.#ask(frames.claim, { packetId }, key, frames.claimResult);
    return { result: resultName(result), amountFen };
  }

  /** Asks who got what of a sent packet: at most 25 claims, from the claim `from` on. */
  async detail(packetId: number, from = 0): Promise<Detail> {
    const key = `detail ${packetId} ${from}`;
    const answer = await this.#ask(frames.detail, { packetId, from }, key, frames.detailResult);
    const { result, shares, claimed, luckiest, luckiestFen, first, claims } = answer;
    return {
      result: resultName(result),
      ...{ shares, claimed, luckiest, luckiestFen, first },
      claims: Array.from({ length: claims.length / 2 }, (_, i) => ({
        user: claims[2 * i],
        amountFen: claims[2 * i + 1],
      })),
    };
  }

  /** Asks how much money is the user's, in fen. */
  async balance(): Promise<number> {
    const answer = await this.#ask(frames.balance, {}, "balance", frames.balanceResult);
    return answer.balanceFen;
  }

  /** Says a text to a group. */
  chat(group: number, text: string): Promise<ChatOutcome> {
    return this.#chats.say((requestId) => this.#say(frames.chat, { requestId, group, text }));
  }

  #changed(state: PhoneState): void {
    if (state.is === "ready") this.#ready();
    else {
      this.#shakes.lost();
      this.#chats.lost();
      if ("code" in state && isRefusal(state.code)) this.#requests.end(new PhoneRefused(state.code));
    }
    this.#listeners.tell("state", state);
  }

  /** The phone is logged in, perhaps elsewhere than before. */
  #ready(): void {
    this.#show.loggedIn();
    this.#requests.sayAgain();
  }

  #addressesOf({ to, user }: PhoneOptions): Addresses {
    if (typeof to === "function") return to(user, this.#random);
    return new AnyAddress(typeof to === "string" ? [to] : to, this.#random);
  }

  #say<F extends Fields>(frame: Frame<F>, values: Values<F>): boolean {
    return this.#link.send(frameBytes(frame, Math.floor(this.#clock.wallMs()), values));
  }

  /** Asks until it is answered; `key` is what the answer is known by. */
  #ask<F extends Fields, A extends Fields>(
    frame: Frame<F>,
    values: Values<F>,
    key: string,
    _answer: Frame<A>,
  ): Promise<ReadValues<A>> {
    const bytes = () => frameBytes(frame, Math.floor(this.#clock.wallMs()), values);
    return this.#requests.ask(key, bytes) as Promise<unknown> as Promise<ReadValues<A>>;
  }
}
