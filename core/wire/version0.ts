/**
 * Version 0 frames: 12 bytes of header (`length u16`, `opcode u16`, `timestamp u64` in unix seconds), then a body of
 * u32 fields, all big-endian. Writers return the frame's size in bytes, so that a reply is `return writeX(...)`.
 * Reading is by the offsets below, from the bytes as they lie.
 */
import { FrameTable } from "./frame_table.ts";
import { Opcode } from "./codes.ts";

export const HEADER_BYTES = 12;

/** Size in bytes of each version 0 frame, header included, by opcode. */
export const FRAME_BYTES: readonly number[] = [16, 20, 16, 28, 36, 20, 20];

/** Offsets of the body's fields from the start of the frame. */
export const Field = {
  opcode: 2,
  timestamp: 4,
  /** LoginRequest, LoginResponse, ShakeRequest, ShakeResponse, ClaimRequest */
  userId: 12,
  /** LoginResponse, ShakeResponse */
  result: 16,
  shakePacketId: 20,
  shakeAmount: 24,
  noticePacketId: 12,
  noticeAmount: 16,
  noticeCount: 20,
  noticeUsers: 24,
  claimPacketId: 16,
  claimedPacketId: 12,
  claimedAmount: 16,
} as const;

/** What a server accepts from a version 0 client. */
export function requestFrames(): FrameTable {
  const table = new FrameTable();
  for (const opcode of [Opcode.loginRequest, Opcode.shakeRequest, Opcode.claimRequest]) {
    table.allow(opcode, FRAME_BYTES[opcode]);
  }
  return table;
}

/** What a client accepts from a version 0 server. */
export function responseFrames(): FrameTable {
  const table = new FrameTable();
  for (
    const opcode of [Opcode.loginResponse, Opcode.shakeResponse, Opcode.sendNotice, Opcode.claimResponse]
  ) {
    table.allow(opcode, FRAME_BYTES[opcode]);
  }
  return table;
}

function header(view: DataView, at: number, opcode: number, unixSeconds: number): number {
  const size = FRAME_BYTES[opcode];
  view.setUint32(at, (size << 16) | opcode);
  // Seconds fit 32 bits until 2106; the upper half of the field is kept right beyond that.
  view.setUint32(at + 4, unixSeconds / 0x1_0000_0000);
  view.setUint32(at + 8, unixSeconds);
  return size;
}

export function writeLoginRequest(view: DataView, at: number, unixSeconds: number, userId: number): number {
  view.setUint32(at + Field.userId, userId);
  return header(view, at, Opcode.loginRequest, unixSeconds);
}

export function writeLoginResponse(
  view: DataView,
  at: number,
  unixSeconds: number,
  userId: number,
  result: number,
): number {
  view.setUint32(at + Field.userId, userId);
  view.setUint32(at + Field.result, result);
  return header(view, at, Opcode.loginResponse, unixSeconds);
}

export function writeShakeRequest(view: DataView, at: number, unixSeconds: number, userId: number): number {
  view.setUint32(at + Field.userId, userId);
  return header(view, at, Opcode.shakeRequest, unixSeconds);
}

/** `amountFen` is in fen; `packetId` and `amountFen` are 0 unless the result is `won`. */
export function writeShakeResponse(
  view: DataView,
  at: number,
  unixSeconds: number,
  userId: number,
  result: number,
  packetId: number,
  amountFen: number,
): number {
  view.setUint32(at + Field.userId, userId);
  view.setUint32(at + Field.result, result);
  view.setUint32(at + Field.shakePacketId, packetId);
  view.setUint32(at + Field.shakeAmount, amountFen);
  return header(view, at, Opcode.shakeResponse, unixSeconds);
}

/** Names the addressee first, then up to two others, 0 for none; the count is of the ids named. */
export function writeSendNotice(
  view: DataView,
  at: number,
  unixSeconds: number,
  packetId: number,
  amountFen: number,
  addressee: number,
  second = 0,
  third = 0,
): number {
  view.setUint32(at + Field.noticePacketId, packetId);
  view.setUint32(at + Field.noticeAmount, amountFen);
  view.setUint32(at + Field.noticeCount, 1 + (second === 0 ? 0 : 1) + (third === 0 ? 0 : 1));
  view.setUint32(at + Field.noticeUsers, addressee);
  view.setUint32(at + Field.noticeUsers + 4, second);
  view.setUint32(at + Field.noticeUsers + 8, third);
  return header(view, at, Opcode.sendNotice, unixSeconds);
}

export function writeClaimRequest(
  view: DataView,
  at: number,
  unixSeconds: number,
  userId: number,
  packetId: number,
): number {
  view.setUint32(at + Field.userId, userId);
  view.setUint32(at + Field.claimPacketId, packetId);
  return header(view, at, Opcode.claimRequest, unixSeconds);
}

/** An amount of 0 fen means nothing left, or not yours. */
export function writeClaimResponse(
  view: DataView,
  at: number,
  unixSeconds: number,
  packetId: number,
  amountFen: number,
): number {
  view.setUint32(at + Field.claimedPacketId, packetId);
  view.setUint32(at + Field.claimedAmount, amountFen);
  return header(view, at, Opcode.claimResponse, unixSeconds);
}
