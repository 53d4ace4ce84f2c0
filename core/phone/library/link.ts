import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { backoffMs, type BackoffOptions } from "../../client/schedule/backoff.ts";
import { frames, PROTOCOL_VERSION } from "../../wire/v1/frames.ts";
import type { IncomingFrames } from "./incoming_frames.ts";
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
  readonly addresses: readonly string[];
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
  /** Told when there is no token, or an address is none. */
  readonly failed: (error: unknown) => void;
}

const MOST_PINGS = 3;

/**
 * A phone's connection: made, logged in, listened to, and made again elsewhere after it is lost, later each time. It
 * knows nothing of what is said over it.
 */
export class Link {
  state: PhoneState = { is: "idle" };
  readonly #parts: LinkParts;
  #wire: Wire | undefined;
  /** Counts connections, so that what an old one still says is left out. */
  #turn = 0;
  #attempt = 0;
  #address: number;
  #readyAtMs = 0;
  #loginSentMs = 0;
  /** Server's time less the monotonic clock's. */
  #serverOffsetMs: number;
  #pings = 0;
  #cancel: () => void = () => {};
  /** What the server's `close`, or the transport's own, has said. */
  #closeCode = 0;
  #retryMs = 0;

  constructor(parts: LinkParts) {
    const { clock, incoming, addresses, random } = parts;
    this.#parts = parts;
    this.#address = random.below(addresses.length);
    this.#serverOffsetMs = clock.wallMs() - clock.monotonicMs();
    incoming.on(frames.loginResult, (_values, serverMs) => this.#loggedIn(serverMs))
      .on(frames.close, ({ code, retryMs }) => {
        this.#closeCode = code;
        this.#retryMs = retryMs;
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

  /** Sends a frame if the user is logged in; returns whether. */
  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.state.is !== "ready") return false;
    this.#wire!.send(bytes);
    return true;
  }

  async #dial(): Promise<void> {
    const { transport, addresses, token, times, incoming, failed } = this.#parts;
    this.#drop();
    const turn = this.#turn;
    this.#closeCode = 0;
    this.#retryMs = 0;
    this.#set({ is: "connecting" });
    this.#cancel = this.#after(times.loginMs, () => this.#lost(0));
    incoming.begin();
    try {
      const login = readToken(await token());
      if (turn !== this.#turn) return;
      const address = addresses[this.#address++ % addresses.length];
      const isNow = () => turn === this.#turn;
      this.#wire = transport(address, {
        opened: () => isNow() && this.#login(login),
        received: (bytes) => isNow() && this.#received(bytes),
        closed: (code) => isNow() && this.#lost(code),
      });
    } catch (error) {
      // Where tokens come from may be out of reach for a while, as servers may.
      if (turn === this.#turn) this.#lost(0);
      failed(error);
    }
  }

  #login(token: ReturnType<typeof readToken>): void {
    const { user, clock, passes } = this.#parts;
    this.#loginSentMs = clock.monotonicMs();
    const unixMs = Math.floor(clock.wallMs());
    this.#wire!.send(frameBytes(frames.login, unixMs, { version: PROTOCOL_VERSION, user, ...token }));
    for (const { keyId, mac, awards } of passes()) {
      const values = { user, keyId, mac: Uint8Array.from(mac), awards };
      this.#wire!.send(frameBytes(frames.carry, unixMs, values));
    }
  }

  #loggedIn(serverMs: number): void {
    if (this.state.is !== "connecting") return;
    const { clock } = this.#parts;
    this.#readyAtMs = clock.monotonicMs();
    this.#serverOffsetMs = serverMs - (this.#loginSentMs + this.#readyAtMs) / 2;
    this.#set({ is: "ready" });
  }

  #received(bytes: Uint8Array<ArrayBuffer>): void {
    const turn = this.#turn;
    this.#pings = 0;
    const isGood = this.#parts.incoming.take(bytes);
    if (turn !== this.#turn) return;
    if (!isGood) return this.#lost(0);
    if (this.state.is === "ready") this.#listen();
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
    this.#wire?.send(frameBytes(frames.ping, Math.floor(clock.wallMs()), {}));
    // A server that is overloaded leaves pings unanswered, so one isn't enough.
    this.#cancel = this.#after(times.pongMs, () => this.#pings < MOST_PINGS ? this.#ping() : this.#lost(0));
  }

  /** The connection is gone, or never was. */
  #lost(transportCode: number): void {
    const { random, times, clock } = this.#parts;
    const code = this.#closeCode || transportCode;
    const wasReady = this.state.is === "ready";
    const wasGood = wasReady && clock.monotonicMs() - this.#readyAtMs >= times.goodMs;
    this.#drop();
    // After a good login it was something else that the server won't have.
    if (isRefusal(code) && !wasReady) return this.#set({ is: "refused", code });
    if (wasGood) this.#attempt = 0;
    // Everybody was told the same `retryMs`: they come back spread over as much again.
    const askedMs = this.#retryMs === 0 ? 0 : this.#retryMs * (1 + random.float());
    const waitMs = Math.max(askedMs, backoffMs(random, this.#attempt++, times.backoff));
    this.#cancel = this.#after(waitMs, () => this.#dial());
    this.#set({ is: "waiting", retryMs: waitMs, code });
  }

  /** Ends the connection, and what waits for it. */
  #drop(): void {
    this.#turn++;
    this.#cancel();
    this.#cancel = () => {};
    this.#wire?.close();
    this.#wire = undefined;
    this.#pings = 0;
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
