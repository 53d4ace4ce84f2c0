import { MessageKind } from "./message_reader.ts";

const FINAL = 0x80;
const LONGEST_SHORT = 125;
const SIZE_16 = 126;
/** A reason may not be longer, beside the code. */
const MOST_REASON_BYTES = 120;

/** A whole binary message of two parts, one behind the other. */
export function binaryMessage(one: Uint8Array, other: Uint8Array): Uint8Array {
  const size = one.length + other.length;
  const headerBytes = size <= LONGEST_SHORT ? 2 : 4;
  const bytes = new Uint8Array(headerBytes + size);
  bytes[0] = FINAL | MessageKind.binary;
  if (headerBytes === 2) bytes[1] = size;
  else {
    bytes[1] = SIZE_16;
    bytes[2] = size >>> 8;
    bytes[3] = size;
  }
  bytes.set(one, headerBytes);
  if (other.length > 0) bytes.set(other, headerBytes + one.length);
  return bytes;
}

/** The answer to a ping. */
export function pongMessage(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + payload.length);
  bytes[0] = FINAL | MessageKind.pong;
  bytes[1] = payload.length;
  bytes.set(payload, 2);
  return bytes;
}

/** The end of a connection, with why. */
export function closeMessage(code: number, reason = ""): Uint8Array {
  const text = new TextEncoder().encode(reason).subarray(0, MOST_REASON_BYTES);
  const bytes = new Uint8Array(4 + text.length);
  bytes[0] = FINAL | MessageKind.close;
  bytes[1] = 2 + text.length;
  bytes[2] = code >>> 8;
  bytes[3] = code;
  bytes.set(text, 4);
  return bytes;
}
