/**
 * Version 0 frames: the header with a timestamp in unix seconds, then a body of u32 fields, all big-endian. Writers return
 * the frame's size in bytes, so that a reply is `return writeX(...)`. Reading is by the offsets of {@linkcode Field}, from
 * the bytes as they lie.
 */
import type { FrameTable } from "./frame_table.ts";
import { Opcode } from "./codes.ts";
import { framesFrom, positionalWriter } from "./frame_codec.ts";
import { fromClient, fromServer, TIMESTAMP_AT, u32 } from "./schema.ts";

// deno-fmt-ignore
export const frames0 = {
  loginRequest: fromClient(Opcode.loginRequest, { userId: u32 }),
  loginResponse: fromServer(Opcode.loginResponse, { userId: u32, result: u32 }),
  shakeRequest: fromClient(Opcode.shakeRequest, { userId: u32 }),
  shakeResponse: fromServer(Opcode.shakeResponse, { userId: u32, result: u32, packetId: u32, amountFen: u32 }),
  sendNotice: fromServer(Opcode.sendNotice, {
    packetId: u32, amountFen: u32, count: u32, first: u32, second: u32, third: u32,
  }),
  claimRequest: fromClient(Opcode.claimRequest, { userId: u32, packetId: u32 }),
  claimResponse: fromServer(Opcode.claimResponse, { packetId: u32, amountFen: u32 }),
} as const;

/** Size in bytes of each version 0 frame, header included, by opcode. */
export const FRAME_BYTES: readonly number[] = Object.values(frames0).map(({ bytes }) => bytes[0]);

const { loginRequest, shakeResponse, sendNotice, claimRequest, claimResponse } = frames0;

/** Offsets of the body's fields from the start of the frame. */
export const Field = {
  opcode: 2,
  timestamp: TIMESTAMP_AT,
  /** LoginRequest, LoginResponse, ShakeRequest, ShakeResponse, ClaimRequest */
  userId: loginRequest.at.userId,
  /** LoginResponse, ShakeResponse */
  result: shakeResponse.at.result,
  shakePacketId: shakeResponse.at.packetId,
  shakeAmount: shakeResponse.at.amountFen,
  noticePacketId: sendNotice.at.packetId,
  noticeAmount: sendNotice.at.amountFen,
  noticeCount: sendNotice.at.count,
  noticeUsers: sendNotice.at.first,
  claimPacketId: claimRequest.at.packetId,
  claimedPacketId: claimResponse.at.packetId,
  claimedAmount: claimResponse.at.amountFen,
} as const;

/** What a server accepts from a version 0 client. */
export function requestFrames(): FrameTable {
  return framesFrom("client", frames0);
}

/** What a client accepts from a version 0 server. */
export function responseFrames(): FrameTable {
  return framesFrom("server", frames0);
}

export const writeLoginRequest = positionalWriter(loginRequest, "userId");
export const writeLoginResponse = positionalWriter(frames0.loginResponse, "userId", "result");
export const writeShakeRequest = positionalWriter(frames0.shakeRequest, "userId");
/** `packetId` and `amountFen` are 0 unless the result is `won`. */
export const writeShakeResponse = positionalWriter(
  shakeResponse,
  "userId",
  "result",
  "packetId",
  "amountFen",
);
export const writeClaimRequest = positionalWriter(claimRequest, "userId", "packetId");
/** An amount of 0 fen means nothing left, or not yours. */
export const writeClaimResponse = positionalWriter(claimResponse, "packetId", "amountFen");
const writeNotice = positionalWriter(
  sendNotice,
  "packetId",
  "amountFen",
  "count",
  "first",
  "second",
  "third",
);

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
  const count = 1 + (second === 0 ? 0 : 1) + (third === 0 ? 0 : 1);
  return writeNotice(view, at, unixSeconds, packetId, amountFen, count, addressee, second, third);
}
