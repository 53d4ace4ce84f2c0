import type { Random } from "../../base/random.ts";
import { isForLater } from "../../wire/codes.ts";
import type { LinkClock } from "./link.ts";

/** What a server says to a request. */
interface Answer {
  readonly result: number;
  /** When to ask again, if the result says so. */
  readonly retryMs?: number;
}

interface Request {
  /** Writes it: anew each time, as it may want another name. */
  readonly bytes: () => Uint8Array<ArrayBuffer>;
  readonly promise: Promise<Answer>;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  cancel: () => void;
}

/** The phone was closed before an answer came. What was asked for may have happened. */
export class PhoneClosed extends Error {
  override name = "PhoneClosed";
}

/** The server closed the connection for what was asked, or for the login: asking again brings the same. */
export class PhoneRefused extends Error {
  override name = "PhoneRefused";
  /** The close code, as in `docs/protocol.md`. */
  readonly code: number;

  constructor(code: number) {
    super(`the server closed the connection for close code ${code}`);
    this.code = code;
  }
}

/** How long a request waits at least that the server wants to hear again later, in ms. */
const LEAST_RETRY_MS = 200;
/** A server that is overloaded drops frames without a word: a request is said again after this, in ms. */
const SAY_AGAIN_MS = 10_000;

/**
 * Requests that the server takes twice for one: opens, claims, sends, queries. Each is sent until it is answered, over
 * lost connections and while the server says to try later. The same one asked twice is one.
 */
export class Requests {
  readonly #clock: LinkClock;
  readonly #random: Random;
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => boolean;
  readonly #open = new Map<string, Request>();

  /** @param send sends a frame if there is a connection, and returns whether */
  constructor(clock: LinkClock, random: Random, send: (bytes: Uint8Array<ArrayBuffer>) => boolean) {
    this.#clock = clock;
    this.#random = random;
    this.#send = send;
  }

  /** Asks, and returns the answer. `key` says which answer it is. */
  ask(key: string, bytes: () => Uint8Array<ArrayBuffer>): Promise<Answer> {
    const open = this.#open.get(key);
    if (open !== undefined) return open.promise;
    let resolve!: (answer: Answer) => void;
    let reject!: (error: Error) => void;
    const promise = new Promise<Answer>((yes, no) => [resolve, reject] = [yes, no]);
    const request = { bytes, promise, resolve, reject, cancel: () => {} };
    this.#open.set(key, request);
    this.#say(request);
    return promise;
  }

  /** The server has answered; false if nobody has asked. */
  answered(key: string, answer: Answer): boolean {
    const request = this.#open.get(key);
    if (request === undefined) return false;
    request.cancel();
    if (isForLater(answer.result)) {
      const waitMs = Math.max(LEAST_RETRY_MS, answer.retryMs ?? 0) * (1 + this.#random.float());
      request.cancel = this.#clock.after(waitMs, () => this.#say(request));
      return true;
    }
    this.#open.delete(key);
    request.resolve(answer);
    return true;
  }

  /** A connection is there: says all again that is without an answer. */
  sayAgain(): void {
    for (const request of this.#open.values()) this.#say(request);
  }

  /** Nobody will answer any more, for this reason. */
  end(reason: Error): void {
    for (const { cancel, reject } of this.#open.values()) {
      cancel();
      reject(reason);
    }
    this.#open.clear();
  }

  #say(request: Request): void {
    request.cancel();
    const isSent = this.#send(request.bytes());
    request.cancel = isSent ? this.#clock.after(SAY_AGAIN_MS, () => this.#say(request)) : () => {};
  }
}
