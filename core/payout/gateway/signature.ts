import { timingSafeEqual } from "node:crypto";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { UserError } from "../../base/user_error.ts";

/** Headers of a signed request. */
export const Header = {
  key: "idempotency-key",
  timestamp: "redpkt-timestamp",
  signature: "redpkt-signature",
} as const;

/** How far the clock of a request may be off, in ms: an older one may be somebody's who overheard it. */
export const MAX_CLOCK_OFF_MS = 300_000;

/** The least bytes of a key. */
const MIN_KEY_BYTES = 32;

/** What is signed: nothing of a request that matters can be another. */
export interface SignedRequest {
  readonly method: string;
  /** With what stands behind `?`, as it is sent. */
  readonly path: string;
  /** Wall time in ms, in decimal digits. */
  readonly timestamp: string;
  readonly body: string;
}

const encoder = new TextEncoder();
/** A key that is set up, which is half of the work; `clone` begins a signature. */
interface KeyedHmac {
  clone(): KeyedHmac;
  update(bytes: Uint8Array): KeyedHmac;
  digest(): Uint8Array;
}
const keyed = new WeakMap<Uint8Array, KeyedHmac>();

function keyedBy(key: Uint8Array): KeyedHmac {
  let made = keyed.get(key);
  if (made === undefined) keyed.set(key, made = hmac.create(sha256, key) as unknown as KeyedHmac);
  return made.clone();
}

/** Signs a request, as docs/gateway.md specifies it: HMAC-SHA256 in hexadecimal digits. */
export function signRequest(key: Uint8Array, { method, path, timestamp, body }: SignedRequest): string {
  return keyedBy(key).update(encoder.encode(`${method}\n${path}\n${timestamp}\n${body}`)).digest().toHex();
}

/** Whether a request was signed with this key, and lately. Returns what is wrong, or undefined. */
export function signatureProblem(
  key: Uint8Array,
  request: SignedRequest,
  signature: string,
  wallMs: number,
): string | undefined {
  if (!/^[0-9a-f]{64}$/.test(signature)) return `${Header.signature} must be 64 hexadecimal digits`;
  const wanted = signRequest(key, request);
  if (!timingSafeEqual(encoder.encode(signature), encoder.encode(wanted))) {
    return `${Header.signature} is not of this request, or was made with another key`;
  }
  const isLate = !/^\d{1,15}$/.test(request.timestamp) ||
    Math.abs(Number(request.timestamp) - wallMs) > MAX_CLOCK_OFF_MS;
  return isLate
    ? `${Header.timestamp} is more than ${MAX_CLOCK_OFF_MS / 1000} s away from the gateway's time`
    : undefined;
}

/**
 * Reads a key: at least 32 bytes in hexadecimal digits, on one line.
 *
 * @param flag what the file was given by, for messages
 * @throws UserError
 */
export function readGatewayKey(path: string, flag: string): Uint8Array {
  let text: string;
  try {
    text = Deno.readTextFileSync(path).trim();
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
    throw new UserError(`${flag} ${path}: cannot be read: ${why}. Make one: openssl rand -hex 32 > ${path}`);
  }
  if (!/^([0-9a-fA-F]{2})+$/.test(text) || text.length < MIN_KEY_BYTES * 2) {
    throw new UserError(
      `${flag} ${path}: must hold at least ${MIN_KEY_BYTES} bytes in hexadecimal digits. ` +
        `Make one: openssl rand -hex 32 > ${path}`,
    );
  }
  return Uint8Array.fromHex(text);
}
