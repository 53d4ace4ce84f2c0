/**
 * Version 1 frames: the header of version 0 with a timestamp in milliseconds, then a body of u32 fields, all big-endian;
 * `docs/protocol.md` is the specification. Writers return the frame's size in bytes. This module has what all kinds of
 * frames share; their writers are in `version1_session.ts` and `version1_money.ts`.
 */
import { assert } from "../base/assert.ts";
import { Opcode1 } from "./codes.ts";
import { FrameTable, MAX_FRAME_BYTES } from "./frame_table.ts";

/** The protocol version that this program speaks besides 0. */
export const PROTOCOL_VERSION = 1;

export const HEADER1_BYTES = 12;
/** Offset of the timestamp, u64 unix milliseconds of the sender's clock. */
export const TIMESTAMP_AT = 4;

/** Most users that one send can name, so that the frame fits its maximum. */
export const MOST_RECIPIENTS = 1000;
/** Most bytes of a chat's text, in UTF-8; the frame that brings it to a member fits the room for a reply. */
export const MOST_CHAT_BYTES = 200;
/** Most claims that one detail result tells of. */
export const DETAILS_PER_FRAME = 25;

const SEND_BYTES = 36;
const CHAT_BYTES = 20;
const DETAIL_RESULT_BYTES = 44;

/** Sizes in bytes of each frame, header included: the least and the most. */
const SIZES: Readonly<Record<number, readonly [min: number, max: number]>> = {
  [Opcode1.login]: [64, 64],
  [Opcode1.ping]: [12, 12],
  [Opcode1.delivered]: [16, 16],
  [Opcode1.shake]: [16, 16],
  [Opcode1.open]: [16, 16],
  [Opcode1.send]: [SEND_BYTES, SEND_BYTES + 4 * MOST_RECIPIENTS],
  [Opcode1.claim]: [16, 16],
  [Opcode1.detail]: [20, 20],
  [Opcode1.balance]: [12, 12],
  [Opcode1.chat]: [CHAT_BYTES + 1, CHAT_BYTES + MOST_CHAT_BYTES],
  [Opcode1.loginResult]: [20, 20],
  [Opcode1.pong]: [20, 20],
  [Opcode1.close]: [20, 20],
  // With a greeting it has two fields more.
  [Opcode1.shakeResult]: [32, 40],
  [Opcode1.openResult]: [28, 28],
  [Opcode1.sendResult]: [36, 36],
  [Opcode1.claimResult]: [28, 28],
  [Opcode1.detailResult]: [DETAIL_RESULT_BYTES, DETAIL_RESULT_BYTES + 8 * DETAILS_PER_FRAME],
  [Opcode1.balanceResult]: [28, 28],
  [Opcode1.notice]: [44, 44],
  [Opcode1.expired]: [20, 20],
  [Opcode1.chatResult]: [24, 24],
  [Opcode1.chatMessage]: [CHAT_BYTES + 1, CHAT_BYTES + MOST_CHAT_BYTES],
};

/** The least and the most bytes of a frame, header included. */
export function frameBytes1(opcode: number): readonly [min: number, max: number] {
  return SIZES[opcode];
}

/** Bytes of a frame kind that has one size. */
export function fixedBytes1(opcode: number): number {
  return SIZES[opcode][0];
}

/** What a client accepts from a version 1 server. */
export function responseFrames1(): FrameTable {
  const table = new FrameTable();
  for (const opcode of Object.values(Opcode1)) {
    if ((opcode & 0x80) !== 0) table.allow(opcode, ...SIZES[opcode]);
  }
  return table;
}

/** Writes a header; returns `size`. */
export function writeHeader1(
  view: DataView,
  at: number,
  opcode: number,
  unixMs: number,
  size: number,
): number {
  view.setUint32(at, (size << 16) | opcode);
  writeU64(view, at + TIMESTAMP_AT, unixMs);
  return size;
}

/** Writes the header of a frame kind that has one size; returns that. */
export function writeFixedHeader1(view: DataView, at: number, opcode: number, unixMs: number): number {
  return writeHeader1(view, at, opcode, unixMs, SIZES[opcode][0]);
}

/** A whole number below 2^53, as the protocol's u64. */
export function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value / 0x1_0000_0000);
  view.setUint32(at + 4, value);
}

/** The protocol's u64 as a number; exact below 2^53. */
export function readU64(view: DataView, at: number): number {
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}

/** Size in bytes of a frame, as its header says. */
export function lengthOf(view: DataView, at: number): number {
  return view.getUint16(at);
}

assert(SEND_BYTES + 4 * MOST_RECIPIENTS <= MAX_FRAME_BYTES, "a send fits the largest frame");
