/**
 * Writers of the frames that come by the million: they allocate nothing. `unixMs` is their timestamp. Every other frame is
 * written with `writeFrame` from named values.
 */
import { assert } from "../../base/assert.ts";
import { Result } from "../codes.ts";
import { wordsWriter, writeHeader } from "../frame_codec.ts";
import { writeU64 } from "../u64.ts";
import { frames, PROTOCOL_VERSION, TOKEN_BYTES } from "./frames.ts";

export const writeLoginResult = wordsWriter(frames.loginResult, "user", "version");
export const writePing = wordsWriter(frames.ping);
export const writeDelivered = wordsWriter(frames.delivered, "packetId");
export const writeShake = wordsWriter(frames.shake, "requestId");
/** `packetId` and `amountFen` are 0 unless the result is `ok`; `retryMs` is 0 unless it says to try later. */
export const writeShakeResult = wordsWriter(
  frames.shakeResult,
  "requestId",
  "result",
  "packetId",
  "amountFen",
  "retryMs",
);
const writeWholeShakeResult = wordsWriter(
  frames.shakeResult,
  "requestId",
  "result",
  "packetId",
  "amountFen",
  "retryMs",
  "sponsor",
  "resource",
);
/** Opens a packet that a shake has won. */
export const writeOpen = wordsWriter(frames.open, "packetId");
/** `amountFen` is 0 unless the result is `ok`; `retryMs` is 0 unless it says to try later. */
export const writeOpenResult = wordsWriter(frames.openResult, "packetId", "result", "amountFen", "retryMs");
export const writeClaim = wordsWriter(frames.claim, "packetId");
/** The amount is the user's share if the result is `ok` or `alreadyClaimed`, otherwise 0. */
export const writeClaimResult = wordsWriter(frames.claimResult, "packetId", "result", "amountFen", "retryMs");
export const writeChatResult = wordsWriter(frames.chatResult, "requestId", "result", "retryMs");

/** The result of a shake that brings a sponsor's greeting: what to show is a number that sponsor and app agreed on. */
export function writeShakeGreeting(
  view: DataView,
  at: number,
  unixMs: number,
  requestId: number,
  sponsor: number,
  resource: number,
): number {
  return writeWholeShakeResult(view, at, unixMs, requestId, Result.greeting, 0, 0, 0, sponsor, resource);
}

/** `pingMs` is the timestamp of the ping. */
export function writePong(view: DataView, at: number, unixMs: number, pingMs: number): number {
  writeU64(view, at + frames.pong.at.pingMs, pingMs);
  return writeHeader(frames.pong, view, at, unixMs);
}

/** A packet to a group tells each of its members. */
export function writeNotice(
  view: DataView,
  at: number,
  unixMs: number,
  packetId: number,
  sender: number,
  amountFen: number,
  shares: number,
  mode: number,
  group: number,
  expiresMs: number,
): number {
  const field = frames.notice.at;
  view.setUint32(at + field.packetId, packetId);
  view.setUint32(at + field.sender, sender);
  view.setUint32(at + field.amountFen, amountFen);
  view.setUint32(at + field.shares, shares);
  view.setUint32(at + field.mode, mode);
  view.setUint32(at + field.group, group);
  writeU64(view, at + field.expiresMs, expiresMs);
  return writeHeader(frames.notice, view, at, unixMs);
}

/** `token` has {@linkcode TOKEN_BYTES}. */
export function writeLogin(
  view: DataView,
  at: number,
  unixMs: number,
  user: number,
  token: Uint8Array,
  version: number = PROTOCOL_VERSION,
): number {
  const { login } = frames;
  view.setUint32(at + login.at.version, version);
  view.setUint32(at + login.at.user, user);
  for (let i = 0; i < TOKEN_BYTES; i++) view.setUint8(at + login.at.keyId + i, token[i]);
  return writeHeader(login, view, at, unixMs);
}

assert(frames.login.bytes[0] - frames.login.at.keyId === TOKEN_BYTES, "a login ends with its token");
