/** Version 1 frames of a connection's life: login, ping, delivered, close; and the shake with what it wins. */
import { Opcode1, Result } from "./codes.ts";
import { frameBytes1, PROTOCOL_VERSION, writeFixedHeader1, writeHeader1, writeU64 } from "./version1.ts";

/** Bytes of a token: key id u32, expiry u64 in unix ms, HMAC-SHA-256. */
export const TOKEN_BYTES = 44;

/** Offsets of the fields from the start of the frame. */
export const SessionField = {
  loginVersion: 12,
  loginUser: 16,
  loginToken: 20,
  resultUser: 12,
  resultVersion: 16,
  /** Pong: the ping's timestamp. */
  pingUnixMs: 12,
  deliveredPacketId: 12,
  closeCode: 12,
  closeRetryMs: 16,
  shakeRequestId: 12,
  shakeResult: 16,
  shakePacketId: 20,
  shakeAmount: 24,
  shakeRetryMs: 28,
  openPacketId: 12,
  openResult: 16,
  openAmount: 20,
  openRetryMs: 24,
  /** With the result `greeting` alone. */
  shakeSponsor: 32,
  shakeResource: 36,
} as const;

const [SHAKE_RESULT_BYTES, SHAKE_GREETING_BYTES] = frameBytes1(Opcode1.shakeResult);

/** `token` has {@linkcode TOKEN_BYTES}. */
export function writeLogin(
  view: DataView,
  at: number,
  unixMs: number,
  user: number,
  token: Uint8Array,
  version: number = PROTOCOL_VERSION,
): number {
  view.setUint32(at + SessionField.loginVersion, version);
  view.setUint32(at + SessionField.loginUser, user);
  for (let i = 0; i < TOKEN_BYTES; i++) view.setUint8(at + SessionField.loginToken + i, token[i]);
  return writeFixedHeader1(view, at, Opcode1.login, unixMs);
}

export function writeLoginResult(view: DataView, at: number, unixMs: number, user: number): number {
  view.setUint32(at + SessionField.resultUser, user);
  view.setUint32(at + SessionField.resultVersion, PROTOCOL_VERSION);
  return writeFixedHeader1(view, at, Opcode1.loginResult, unixMs);
}

export function writePing(view: DataView, at: number, unixMs: number): number {
  return writeFixedHeader1(view, at, Opcode1.ping, unixMs);
}

/** `pingUnixMs` is the timestamp of the ping. */
export function writePong(view: DataView, at: number, unixMs: number, pingUnixMs: number): number {
  writeU64(view, at + SessionField.pingUnixMs, pingUnixMs);
  return writeFixedHeader1(view, at, Opcode1.pong, unixMs);
}

export function writeDelivered(view: DataView, at: number, unixMs: number, packetId: number): number {
  view.setUint32(at + SessionField.deliveredPacketId, packetId);
  return writeFixedHeader1(view, at, Opcode1.delivered, unixMs);
}

/** `retryMs`: when to come again, in ms from now; 0 if that makes no sense. */
export function writeClose(
  view: DataView,
  at: number,
  unixMs: number,
  code: number,
  retryMs: number,
): number {
  view.setUint32(at + SessionField.closeCode, code);
  view.setUint32(at + SessionField.closeRetryMs, retryMs);
  return writeFixedHeader1(view, at, Opcode1.close, unixMs);
}

export function writeShake(view: DataView, at: number, unixMs: number, requestId: number): number {
  view.setUint32(at + SessionField.shakeRequestId, requestId);
  return writeFixedHeader1(view, at, Opcode1.shake, unixMs);
}

/** `packetId` and `amountFen` are 0 unless the result is `ok`; `retryMs` is 0 unless it says to try later. */
export function writeShakeResult(
  view: DataView,
  at: number,
  unixMs: number,
  requestId: number,
  result: number,
  packetId: number,
  amountFen: number,
  retryMs: number,
): number {
  view.setUint32(at + SessionField.shakeRequestId, requestId);
  view.setUint32(at + SessionField.shakeResult, result);
  view.setUint32(at + SessionField.shakePacketId, packetId);
  view.setUint32(at + SessionField.shakeAmount, amountFen);
  view.setUint32(at + SessionField.shakeRetryMs, retryMs);
  return writeHeader1(view, at, Opcode1.shakeResult, unixMs, SHAKE_RESULT_BYTES);
}

/** The result of a shake that brings a sponsor's greeting: what to show is a number that sponsor and app agreed on. */
export function writeShakeGreeting(
  view: DataView,
  at: number,
  unixMs: number,
  requestId: number,
  sponsor: number,
  resource: number,
): number {
  writeShakeResult(view, at, unixMs, requestId, Result.greeting, 0, 0, 0);
  view.setUint32(at + SessionField.shakeSponsor, sponsor);
  view.setUint32(at + SessionField.shakeResource, resource);
  return writeHeader1(view, at, Opcode1.shakeResult, unixMs, SHAKE_GREETING_BYTES);
}

/** Opens a packet that a shake has won. */
export function writeOpen(view: DataView, at: number, unixMs: number, packetId: number): number {
  view.setUint32(at + SessionField.openPacketId, packetId);
  return writeFixedHeader1(view, at, Opcode1.open, unixMs);
}

/** `amountFen` is 0 unless the result is `ok`; `retryMs` is 0 unless it says to try later. */
export function writeOpenResult(
  view: DataView,
  at: number,
  unixMs: number,
  packetId: number,
  result: number,
  amountFen: number,
  retryMs: number,
): number {
  view.setUint32(at + SessionField.openPacketId, packetId);
  view.setUint32(at + SessionField.openResult, result);
  view.setUint32(at + SessionField.openAmount, amountFen);
  view.setUint32(at + SessionField.openRetryMs, retryMs);
  return writeFixedHeader1(view, at, Opcode1.openResult, unixMs);
}
