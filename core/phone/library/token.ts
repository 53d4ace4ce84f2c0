import { readU64 } from "../../wire/u64.ts";
import { TOKEN_BYTES } from "../../wire/v1/frames.ts";

/** What a user logs in with: the bytes of a token, or the same in hex as `redpkt token` prints it. */
export type Token = Uint8Array | string;

/** The fields of a login that a token is. */
export interface TokenFields {
  readonly keyId: number;
  readonly expiresMs: number;
  readonly mac: Uint8Array;
}

/**
 * Reads a token.
 *
 * @throws TypeError if it has another size, or isn't hex
 */
export function readToken(token: Token): TokenFields {
  const bytes = typeof token === "string" ? fromHex(token) : token;
  if (bytes.length !== TOKEN_BYTES) {
    throw new TypeError(`a token has ${TOKEN_BYTES} bytes: give one that redpkt token has made`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { keyId: view.getUint32(0), expiresMs: readU64(view, 4), mac: bytes.subarray(12) };
}

/** Not every phone's browser has `Uint8Array.fromHex`. */
function fromHex(text: string): Uint8Array {
  const pairs = /^(?:[0-9a-f]{2})*$/i.test(text) ? text.match(/../g) ?? [] : [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}
