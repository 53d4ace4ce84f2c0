/** Version 1 frames of a connection's life: login, ping, delivered, close; and the shake. */
import { Opcode1 } from "./codes.ts";
import { fixedBytes1, PROTOCOL_VERSION, writeHeader1, writeU64 } from "./version1.ts";

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
} as const;

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
  return writeHeader1(view, at, Opcode1.login, unixMs, fixedBytes1(Opcode1.login));
}

export function writeLoginResult(view: DataView, at: number, unixMs: number, user: number): number {
  view.setUint32(at + SessionField.resultUser, user);
  view.setUint32(at + SessionField.resultVersion, PROTOCOL_VERSION);
  return writeHeader1(view, at, Opcode1.loginResult, unixMs, fixedBytes1(Opcode1.loginResult));
}

export function writePing(view: DataView, at: number, unixMs: number): number {
  return writeHeader1(view, at, Opcode1.ping, unixMs, fixedBytes1(Opcode1.ping));
}

/** `pingUnixMs` is the timestamp of the ping. */
export function writePong(view: DataView, at: number, unixMs: number, pingUnixMs: number): number {
  writeU64(view, at + SessionField.pingUnixMs, pingUnixMs);
  return writeHeader1(view, at, Opcode1.pong, unixMs, fixedBytes1(Opcode1.pong));
}

export function writeDelivered(view: DataView, at: number, unixMs: number, packetId: number): number {
  view.setUint32(at + SessionField.deliveredPacketId, packetId);
  return writeHeader1(view, at, Opcode1.delivered, unixMs, fixedBytes1(Opcode1.delivered));
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
  return writeHeader1(view, at, Opcode1.close, unixMs, fixedBytes1(Opcode1.close));
}

export function writeShake(view: DataView, at: number, unixMs: number, requestId: number): number {
  view.setUint32(at + SessionField.shakeRequestId, requestId);
  return writeHeader1(view, at, Opcode1.shake, unixMs, fixedBytes1(Opcode1.shake));
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
  return writeHeader1(view, at, Opcode1.shakeResult, unixMs, fixedBytes1(Opcode1.shakeResult));
}
