import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { CloseCode } from "../wire/codes.ts";
import { readU64, writeU64 } from "../wire/u64.ts";
import { TOKEN_BYTES } from "../wire/v1/frames.ts";
import type { TokenKey, TokenRules } from "./token_keys.ts";

const PREFIX = new TextEncoder().encode("redpkt token 1");
const USER_AT = PREFIX.length;
const EXPIRES_AT = USER_AT + 4;
const EVENT_AT = EXPIRES_AT + 8;

/** Offsets in a token. */
const KEY_ID_AT = 0;
const TOKEN_EXPIRES_AT = 4;
const MAC_AT = 12;

/** Makes and checks tokens, as `docs/protocol.md` specifies them. Synchronous: a login waits for nobody. */
export class Tokens {
  readonly #keys: Map<number, TokenKey>;
  readonly #first: TokenKey;
  /** What is signed, but for user and expiry. */
  readonly #message: Uint8Array;
  readonly #view: DataView;
  readonly #mac = Buffer.alloc(TOKEN_BYTES - MAC_AT);

  /** @param rules with at least one key */
  constructor({ keys, event }: TokenRules) {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#first = keys[0];
    const name = new TextEncoder().encode(event);
    this.#message = new Uint8Array(EVENT_AT + name.length);
    this.#message.set(PREFIX);
    this.#message.set(name, EVENT_AT);
    this.#view = new DataView(this.#message.buffer);
  }

  /** A token for a user until a wall time in unix ms, made with the first key. */
  make(user: number, expiresMs: number): Uint8Array {
    const token = new Uint8Array(TOKEN_BYTES);
    const view = new DataView(token.buffer);
    view.setUint32(KEY_ID_AT, this.#first.id);
    writeU64(view, TOKEN_EXPIRES_AT, expiresMs);
    token.set(this.#sign(this.#first, user, expiresMs), MAC_AT);
    return token;
  }

  /**
   * Checks the token at `view[at]`.
   *
   * @returns 0, or the code to close with
   */
  check(view: DataView, at: number, user: number, unixMs: number): number {
    const key = this.#keys.get(view.getUint32(at + KEY_ID_AT));
    if (key === undefined) return CloseCode.tokenKeyUnknown;
    // The expiry is signed as it lies, whatever it is: a number past 2^53 must not be rounded into another token.
    const expiresMs = readU64(view, at + TOKEN_EXPIRES_AT);
    if (!Number.isSafeInteger(expiresMs)) return CloseCode.tokenForged;
    for (let i = 0; i < this.#mac.length; i++) this.#mac[i] = view.getUint8(at + MAC_AT + i);
    // In constant time: how much of it was right is nobody's business.
    if (!timingSafeEqual(this.#sign(key, user, expiresMs), this.#mac)) return CloseCode.tokenForged;
    return unixMs < expiresMs ? 0 : CloseCode.tokenExpired;
  }

  #sign(key: TokenKey, user: number, expiresMs: number): Buffer {
    this.#view.setUint32(USER_AT, user);
    writeU64(this.#view, EXPIRES_AT, expiresMs);
    return createHmac("sha256", key.secret).update(this.#message).digest();
  }
}
