import type { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { lengthOf, writeFrame } from "../wire/frame_codec.ts";
import { frames } from "../wire/v1/frames.ts";
import type { TokenKey, TokenRules } from "./token_keys.ts";

const PREFIX = new TextEncoder().encode("redpkt pass 1");
const USER_AT = PREFIX.length;
const COUNT_AT = USER_AT + 4;
const AWARDS_AT = COUNT_AT + 4;
const AWARD_BYTES = 16;
const { carry } = frames;
const MOST_AWARD_BYTES = carry.bytes[1] - carry.at.awards;

/** What is wrong with a pass. */
export type PassFault = "damaged" | "ofOther" | "unknownKey" | "forged";

/**
 * Makes and checks passes, as `docs/protocol.md` specifies them: what a user has won, in words that no client can change.
 * They are made with the keys of tokens; what is signed begins with another text.
 */
export class Passes {
  readonly #keys: Map<number, TokenKey>;
  readonly #first: TokenKey;
  /** What is signed: the awards are followed by the event's name. */
  readonly #message: Uint8Array;
  readonly #view: DataView;
  readonly #event: Uint8Array;

  /** @param rules with at least one key */
  constructor({ keys, event }: TokenRules) {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#first = keys[0];
    this.#event = new TextEncoder().encode(event);
    this.#message = new Uint8Array(AWARDS_AT + MOST_AWARD_BYTES + this.#event.length);
    this.#message.set(PREFIX);
    this.#view = new DataView(this.#message.buffer);
  }

  /** Writes the frame `pass` about these awards, four words each; returns its size. */
  write(view: DataView, at: number, unixMs: number, user: number, awards: Uint32Array): number {
    const size = awards.length * 4;
    for (let i = 0; i < awards.length; i++) this.#view.setUint32(AWARDS_AT + 4 * i, awards[i]);
    const mac = this.#sign(this.#first, user, size);
    return writeFrame(frames.pass, view, at, unixMs, { user, keyId: this.#first.id, mac, awards });
  }

  /** What is wrong with the frame `carry` at `view[at]` of a user's connection; undefined: it is their pass. */
  check(view: DataView, at: number, user: number): PassFault | undefined {
    const size = lengthOf(view, at) - carry.at.awards;
    const count = view.getUint32(at + carry.at.count);
    if (count === 0 || size !== count * AWARD_BYTES) return "damaged";
    if (view.getUint32(at + carry.at.user) !== user) return "ofOther";
    const key = this.#keys.get(view.getUint32(at + carry.at.keyId));
    if (key === undefined) return "unknownKey";
    this.#message.set(bytesAt(view, at + carry.at.awards, size), AWARDS_AT);
    const mac = bytesAt(view, at + carry.at.mac, carry.at.count - carry.at.mac);
    return timingSafeEqual(this.#sign(key, user, size), mac) ? undefined : "forged";
  }

  /** @param size bytes of the awards, which are in place */
  #sign(key: TokenKey, user: number, size: number): Buffer {
    this.#view.setUint32(USER_AT, user);
    this.#view.setUint32(COUNT_AT, size / AWARD_BYTES);
    this.#message.set(this.#event, AWARDS_AT + size);
    const signed = this.#message.subarray(0, AWARDS_AT + size + this.#event.length);
    return createHmac("sha256", key.secret).update(signed).digest();
  }
}

function bytesAt(view: DataView, at: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, size);
}
