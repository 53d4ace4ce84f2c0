/**
 * Every frame of version 1. A new one is a line here and a section in `docs/protocol.md`, which `deno task protocol`
 * begins.
 *
 * A client's opcodes are 0x0100 to 0x017f; the server's have 0x80 more: a request's answer is its opcode with that bit,
 * and what nobody asked for is 0x08 further on. Amounts are in fen, times in unix ms.
 */
import type { FrameTable } from "../frame_table.ts";
import { framesFrom, opcodesOf } from "../frame_codec.ts";
import { bytes, count, fromClient, fromServer, list, optional, u32, u64, utf8 } from "../schema.ts";

/** The protocol version that this program speaks besides 0. */
export const PROTOCOL_VERSION = 1;
/** Bytes of a token: a login's fields from `keyId` on. The MAC is an HMAC-SHA-256. */
export const TOKEN_BYTES = 44;
/** Most users that one send can name, so that the frame fits its maximum. */
export const MOST_RECIPIENTS = 1000;
/** Most bytes of a chat's text, in UTF-8; the frame that brings it to a member fits the room for a reply. */
export const MOST_CHAT_BYTES = 200;
/** Most claims that one detail result tells of. */
export const DETAILS_PER_FRAME = 25;
/** Most bytes of a depot's URL: with a cue and a policy before it, it still fits the room for a reply. */
export const MAX_DEPOT_URL_BYTES = 120;
/** Bytes of a SHA-256. */
export const HASH_BYTES = 32;

/** Most awards that one pass says. */
export const MOST_PASS_AWARDS = 16;

const text = utf8(MOST_CHAT_BYTES);
const users = list(MOST_RECIPIENTS);
const claims = list(DETAILS_PER_FRAME, "user", "amountFen");
const awards = list(MOST_PASS_AWARDS, "packetId", "amountFen", "sponsor", "host");

// deno-fmt-ignore
export const frames = {
  login: fromClient(0x0100, { version: u32, user: u32, keyId: u32, expiresMs: u64, mac: bytes(32) }),
  loginResult: fromServer(0x0180, { user: u32, version: u32 }),
  ping: fromClient(0x0101, {}),
  pong: fromServer(0x0181, { pingMs: u64 }),
  delivered: fromClient(0x0102, { packetId: u32 }),
  close: fromServer(0x0188, { code: u32, retryMs: u32 }),
  carry: fromClient(0x0103, { user: u32, keyId: u32, mac: bytes(32), count, awards }),
  pass: fromServer(0x018a, { user: u32, keyId: u32, mac: bytes(32), count, awards }),
  move: fromServer(0x0189, { withinMs: u32, scope: u32 }),
  shake: fromClient(0x0110, { requestId: u32 }),
  shakeResult: fromServer(0x0190, {
    requestId: u32, result: u32, packetId: u32, amountFen: u32, retryMs: u32, sponsor: optional, resource: optional,
  }),
  open: fromClient(0x0111, { packetId: u32 }),
  openResult: fromServer(0x0191, { packetId: u32, result: u32, amountFen: u32, retryMs: u32 }),
  send: fromClient(0x0120, {
    requestId: u32, amountFen: u32, shares: u32, mode: u32, group: u32, count, users,
  }),
  sendResult: fromServer(0x01a0, { requestId: u32, result: u32, packetId: u32, retryMs: u32, expiresMs: u64 }),
  notice: fromServer(0x01a8, {
    packetId: u32, sender: u32, amountFen: u32, shares: u32, mode: u32, group: u32, expiresMs: u64,
  }),
  claim: fromClient(0x0121, { packetId: u32 }),
  claimResult: fromServer(0x01a1, { packetId: u32, result: u32, amountFen: u32, retryMs: u32 }),
  detail: fromClient(0x0122, { packetId: u32, from: u32 }),
  detailResult: fromServer(0x01a2, {
    packetId: u32, result: u32, shares: u32, claimed: u32, luckiest: u32, luckiestFen: u32, first: u32, count, claims,
  }),
  balance: fromClient(0x0123, {}),
  balanceResult: fromServer(0x01a3, { result: u32, retryMs: u32, balanceFen: u64 }),
  expired: fromServer(0x01a9, { packetId: u32, returnedFen: u32 }),
  chat: fromClient(0x0130, { requestId: u32, group: u32, text }),
  chatResult: fromServer(0x01b0, { requestId: u32, result: u32, retryMs: u32 }),
  chatMessage: fromServer(0x01b8, { group: u32, sender: u32, text }),
  cue: fromServer(0x01c8, {
    epoch: u32, number: u32, state: u32, wave: u32, resource: u32, startMs: u64, lengthMs: u32,
  }),
  policy: fromServer(0x01c9, {
    epoch: u32, number: u32, minShakeMs: u32, jitterMs: u32, retryFirstMs: u32, retryMostMs: u32,
  }),
  resources: fromServer(0x01ca, {
    epoch: u32, number: u32, version: u32, sha256: bytes(HASH_BYTES), url: utf8(MAX_DEPOT_URL_BYTES, 0),
  }),
} as const;

export const Opcode1 = opcodesOf(frames);

/** What a client accepts from a version 1 server. */
export function responseFrames1(): FrameTable {
  return framesFrom("server", frames);
}
