import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { backoffMs, type BackoffOptions } from "../../client/schedule/backoff.ts";
import { MoveScope } from "../../wire/codes.ts";
import { frames, PROTOCOL_VERSION } from "../../wire/v1/frames.ts";
import type { Addresses } from "../addresses/addresses.ts";
import type { FrameStream, IncomingFrames } from "./incoming_frames.ts";
import { frameBytes } from "./outgoing_frames.ts";
import type { KeptPass } from "./storage.ts";
import { readToken, type Token } from "./token.ts";
import type { Transport, Wire } from "../transport/transport.ts";

/** Where a phone stands. */
export type PhoneState =
  /** Not begun. */
  | { readonly is: "idle" }
  | { readonly is: "connecting" }
  /** Logged in. */
  | { readonly is: "ready" }
  /** There is no connection, for a close code if the server has told one; the next attempt is made in `retryMs`. */
  | { readonly is: "waiting"; readonly retryMs: number; readonly code: number }
  /** The server won't have this login, for a close code of `docs/protocol.md`. Nothing is tried until `connect`. */
  | { readonly is: "refused"; readonly code: number }
  | { readonly is: "closed" };

/** Waits of a connection, in ms. */
export interface LinkTimes {
  /** A connection must be logged in after this. */
  readonly loginMs: number;
  /** After so long without a word from the server it is asked whether it is there. */
  readonly quietMs: number;
  /** It answers that within this, or is asked once more; after three it is given up. */
  readonly pongMs: number;
  /** A connection that was good for so long hasn't failed: the next attempt is the first again. */
  readonly goodMs: number;
  readonly backoff: BackoffOptions;
}

export const DEFAULT_TIMES: LinkTimes = {
  loginMs: 15_000,
  quietMs: 25_000,
  pongMs: 8_000,
  goodMs: 10_000,
  backoff: { baseMs: 1_000, capMs: 15_000 },
};

/** Time that the link lives by. */
export interface LinkClock extends Clock {
  /** Calls `call` once after `ms`, unless the returned function is called before. */
  after(ms: number, call: () => void): () => void;
}

export interface LinkParts {
  readonly transport: Transport;
  readonly addresses: Addresses;
  readonly user: number;
  readonly token: () => Token | Promise<Token>;
  readonly clock: LinkClock;
  readonly random: Random;
  readonly times: LinkTimes;
  readonly incoming: IncomingFrames;
  /** What the user has won elsewhere, to be said behind the login. */
  readonly passes: () => readonly KeptPass[];
  /** Told of every change. */
  readonly changed: (state: PhoneState) => void;
  /** Told when the phone is logged in elsewhere, and was never without a server. */
  readonly moved: () => void;
  /** Told when there is no token, or an address is none. */
  readonly failed: (error: unknown) => void;
}

const MOST_PINGS = 3;
/** How long a connection that was left stays, for what is still on its way. */
const LINGER_MS = 2_000;
/** The longest wait before another try to leave a server that wants to be left. */
const LEAVE_AGAIN_MS = 2_000;

/** A connection, or one that is being made. */
interface Connection {
  readonly address: string;
  readonly frames: FrameStream;
  wire: Wire | undefined;
  loginSentMs: number;
  /** What the server's `close` has said. */
  closeCode: number;
  retryMs: number;
}

/**
 * A phone's connection: made, logged in, listened to, and made again elsewhere after it is lost, later each time. When a
 * server wants to be left, the phone logs in elsewhere first. It knows nothing of what is said over it.
 */
export class Link {
  state: PhoneState = { is: "idle" };
  readonly #parts: LinkParts;
  #now: Connection | undefined;
  /** A login elsewhere, while `#now` is still good. */
  #next: Connection | undefined;
  /** The one that is being heard. */
  #heard: Connection | undefined;
  #attempt = 0;
  #readyAtMs = 0;
  /** Server's time less the monotonic clock's. */
  #serverOffsetMs: number;
  #pings = 0;
  /** Cancels what is to happen to the connection next, and the phone's way elsewhere. */
  #cancel: () => void = () => {};
  #cancelMove: () => void = () => {};
  #isLeaving = false;

  constructor(parts: LinkParts) {
    const { clock, incoming } = parts;
    this.#parts = parts;
    this.#serverOffsetMs = clock.wallMs() - clock.monotonicMs();
    incoming.on(frames.loginResult, (_values, serverMs) => this.#loggedIn(serverMs))
      .on(frames.close, ({ code, retryMs }) => Object.assign(this.#heard!, { closeCode: code, retryMs }))
      .on(frames.move, ({ withinMs, scope }) => {
        if (this.#heard === this.#now) this.leave(withinMs, scope === MoveScope.cluster);
      });
  }

  /** The server's time in unix ms, give or take half a round trip; this machine's before the first login. */
  get serverMs(): number {
    return this.#parts.clock.monotonicMs() + this.#serverOffsetMs;
  }

  /** Connects, unless that is under way. */
  start(): void {
    if (this.state.is === "idle" || this.state.is === "refused") this.#dial();
  }

  /** Ends for good. */
  close(): void {
    this.#drop();
    this.#set({ is: "closed" });
  }

  /** The machine may have slept, or changed its network: connects at once, or asks whether the connection lives. */
  wake(): void {
    if (this.state.is === "waiting") this.#dial();
    else if (this.state.is === "ready") {
      this.#pings = MOST_PINGS - 1;
      this.#ping();
    }
  }

  /** Goes elsewhere some time within so long. */
  leave(withinMs: number, isWholeCluster: boolean): void {
    if (this.state.is !== "ready" || this.#isLeaving) return;
    this.#isLeaving = true;
    const go = () => this.#move(this.#parts.addresses.elsewhere(isWholeCluster));
    this.#moveIn(this.#parts.random.float() * withinMs, go);
  }

  /** Sends a frame if the user is logged in; returns whether. */
  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.state.is !== "ready") return false;
    this.#now!.wire!.send(bytes);
    return true;
  }

  #dial(): void {
    const { times, addresses, failed } = this.#parts;
    this.#drop();
    this.#set({ is: "connecting" });
    this.#cancel = this.#after(times.loginMs, () => this.#lost(0));
    try {
      this.#now = this.#connection(addresses.current);
    } catch (error) {
      this.#lost(0);
      return failed(error);
    }
    void this.#open(this.#now);
  }

  #connection(address: string): Connection {
    const stream = this.#parts.incoming.stream();
    return { address, frames: stream, wire: undefined, loginSentMs: 0, closeCode: 0, retryMs: 0 };
  }

  async #open(made: Connection): Promise<void> {
    const { transport, token, failed } = this.#parts;
    try {
      const login = readToken(await token());
      if (!this.#isWanted(made)) return;
      made.wire = transport(made.address, {
        opened: () => this.#isWanted(made) && this.#login(made, login),
        received: (bytes) => this.#received(made, bytes),
        closed: (code) => this.#ended(made, code),
      });
    } catch (error) {
      // Where tokens come from may be out of reach for a while, as servers may.
      this.#ended(made, 0);
      failed(error);
    }
  }

  #isWanted(made: Connection): boolean {
    return made === this.#now || made === this.#next;
  }

  #login(made: Connection, token: ReturnType<typeof readToken>): void {
    const { user, clock, passes } = this.#parts;
    made.loginSentMs = clock.monotonicMs();
    const unixMs = Math.floor(clock.wallMs());
    made.wire!.send(frameBytes(frames.login, unixMs, { version: PROTOCOL_VERSION, user, ...token }));
    for (const { keyId, mac, awards } of passes()) {
      const values = { user, keyId, mac: Uint8Array.from(mac), awards };
      made.wire!.send(frameBytes(frames.carry, unixMs, values));
    }
  }

  #loggedIn(serverMs: number): void {
    const { clock, addresses, moved } = this.#parts;
    const made = this.#heard!;
    if (made !== this.#next && (made !== this.#now || this.state.is !== "connecting")) return;
    const nowMs = clock.monotonicMs();
    if (made === this.#next) this.#switch(made);
    this.#readyAtMs = nowMs;
    this.#serverOffsetMs = serverMs - (made.loginSentMs + nowMs) / 2;
    this.#isLeaving = false;
    addresses.reached(nowMs - made.loginSentMs);
    if (addresses.home() !== undefined) this.#moveIn(addresses.backMs(), () => this.#move(addresses.home()));
    if (this.state.is === "ready") moved();
    else this.#set({ is: "ready" });
  }

  /** The login elsewhere is good: what was asked over the old connection is still answered there. */
  #switch(made: Connection): void {
    const old = this.#now!;
    this.#now = made;
    this.#next = undefined;
    this.#cancelMove();
    this.#parts.addresses.arrived(made.address);
    this.#pings = 0;
    this.#after(LINGER_MS, () => this.#end(old));
  }

  #moveIn(ms: number, go: () => void): void {
    this.#cancelMove();
    this.#cancelMove = ms === Infinity ? () => {} : this.#after(ms, go);
  }

  /** Logs in elsewhere. */
  #move(address: string | undefined): void {
    if (this.state.is !== "ready" || address === undefined) return;
    const made = this.#next = this.#connection(address);
    this.#moveIn(this.#parts.times.loginMs, () => this.#ended(made, 0));
    void this.#open(made);
  }

  /** It didn't work elsewhere: another place, or home some time later. */
  #moveFailed(): void {
    const { addresses, random } = this.#parts;
    const again = random.float() * LEAVE_AGAIN_MS;
    if (this.#isLeaving) this.#moveIn(again, () => this.#move(addresses.elsewhere(false)));
    else this.#moveIn(addresses.backMs(), () => this.#move(addresses.home()));
  }

  #received(made: Connection, bytes: Uint8Array<ArrayBuffer>): void {
    if (made === this.#now) this.#pings = 0;
    this.#heard = made;
    const isGood = made.frames.take(bytes);
    this.#heard = undefined;
    if (!isGood) return this.#ended(made, 0);
    if (made === this.#now && this.state.is === "ready") this.#listen();
  }

  /** Asks whether the server is there once it has said nothing for long. */
  #listen(): void {
    this.#cancel();
    this.#cancel = this.#after(this.#parts.times.quietMs, () => this.#ping());
  }

  #ping(): void {
    const { clock, times } = this.#parts;
    this.#cancel();
    this.#pings++;
    this.#now?.wire?.send(frameBytes(frames.ping, Math.floor(clock.wallMs()), {}));
    // A server that is overloaded leaves pings unanswered, so one isn't enough.
    this.#cancel = this.#after(times.pongMs, () => this.#pings < MOST_PINGS ? this.#ping() : this.#lost(0));
  }

  /** A connection has ended, or is of no use. */
  #ended(made: Connection, transportCode: number): void {
    this.#end(made);
    if (made === this.#next) {
      this.#next = undefined;
      this.#moveFailed();
    } else if (made === this.#now) this.#lost(transportCode);
  }

  /** The connection is gone, or never was. */
  #lost(transportCode: number): void {
    const { random, times, clock, addresses } = this.#parts;
    const code = (this.#now?.closeCode ?? 0) || transportCode;
    const retryMs = this.#now?.retryMs ?? 0;
    const wasReady = this.state.is === "ready";
    const wasGood = wasReady && clock.monotonicMs() - this.#readyAtMs >= times.goodMs;
    this.#drop();
    // After a good login it was something else that the server won't have.
    if (isRefusal(code) && !wasReady) return this.#set({ is: "refused", code });
    if (wasGood) this.#attempt = 0;
    // Everybody was told the same `retryMs`: they come back spread over as much again.
    const askedMs = retryMs === 0 ? 0 : retryMs * (1 + random.float());
    const mostMs = addresses.lost(this.#attempt);
    const drawnMs = mostMs === undefined
      ? backoffMs(random, this.#attempt, times.backoff)
      : random.float() * mostMs;
    this.#attempt++;
    const waitMs = Math.max(askedMs, drawnMs);
    this.#cancel = this.#after(waitMs, () => this.#dial());
    this.#set({ is: "waiting", retryMs: waitMs, code });
  }

  /** Ends all connections, and what waits for them. */
  #drop(): void {
    this.#cancel();
    this.#cancelMove();
    this.#cancel = this.#cancelMove = () => {};
    this.#end(this.#now);
    this.#end(this.#next);
    this.#now = this.#next = undefined;
    this.#isLeaving = false;
    this.#pings = 0;
  }

  #end(made: Connection | undefined): void {
    made?.frames.end();
    made?.wire?.close();
  }

  #after(ms: number, call: () => void): () => void {
    return this.#parts.clock.after(ms, call);
  }

  #set(state: PhoneState): void {
    this.state = state;
    this.#parts.changed(state);
  }
}

/** Whether a close code says not to try the same again. */
export function isRefusal(code: number): boolean {
  return code >= 200 && code < 300;
}
