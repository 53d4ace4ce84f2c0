/**
 * Writers of the frames that come by the million: they allocate nothing. `unixMs` is their timestamp. Every other frame is
 * written with `writeFrame` from named values.
 */
import { assert } from "../../base/assert.ts";
import { Result } from "../codes.ts";
import { positionalWriter, writeHeader } from "../frame_codec.ts";
import { frames, PROTOCOL_VERSION, TOKEN_BYTES } from "./frames.ts";

export const writeLoginResult = positionalWriter(frames.loginResult, "user", "version");
export const writePing = positionalWriter(frames.ping);
/** `pingMs` is the timestamp of the ping. */
export const writePong = positionalWriter(frames.pong, "pingMs");
export const writeDelivered = positionalWriter(frames.delivered, "packetId");
/** Asks a user to be elsewhere within so long; `scope` is one of `MoveScope`. */
export const writeMove = positionalWriter(frames.move, "withinMs", "scope");
export const writeShake = positionalWriter(frames.shake, "requestId");
/** `packetId` and `amountFen` are 0 unless the result is `ok`; `retryMs` is 0 unless it says to try later. */
export const writeShakeResult = positionalWriter(
  frames.shakeResult,
  "requestId",
  "result",
  "packetId",
  "amountFen",
  "retryMs",
);
const writeWholeShakeResult = positionalWriter(
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
export const writeOpen = positionalWriter(frames.open, "packetId");
/** `amountFen` is 0 unless the result is `ok`; `retryMs` is 0 unless it says to try later. */
export const writeOpenResult = positionalWriter(
  frames.openResult,
  "packetId",
  "result",
  "amountFen",
  "retryMs",
);
export const writeClaim = positionalWriter(frames.claim, "packetId");
/** The amount is the user's share if the result is `ok` or `alreadyClaimed`, otherwise 0. */
export const writeClaimResult = positionalWriter(
  frames.claimResult,
  "packetId",
  "result",
  "amountFen",
  "retryMs",
);
/** A packet to a group tells each of its members. */
export const writeNotice = positionalWriter(
  frames.notice,
  "packetId",
  "sender",
  "amountFen",
  "shares",
  "mode",
  "group",
  "expiresMs",
);
export const writeChatResult = positionalWriter(frames.chatResult, "requestId", "result", "retryMs");
/** `startMs` and `lengthMs` are 0 unless the state is `planned`. */
export const writeCue = positionalWriter(
  frames.cue,
  "epoch",
  "number",
  "state",
  "wave",
  "resource",
  "startMs",
  "lengthMs",
);
export const writePolicy = positionalWriter(
  frames.policy,
  "epoch",
  "number",
  "minShakeMs",
  "jitterMs",
  "retryFirstMs",
  "retryMostMs",
);

/** The result of a shake that wins: whose packet it is, and what to show for it; 0 where nothing was agreed on. */
export function writeShakeWon(
  view: DataView,
  at: number,
  unixMs: number,
  requestId: number,
  packetId: number,
  amountFen: number,
  sponsor: number,
  resource: number,
): number {
  return writeWholeShakeResult(
    view,
    at,
    unixMs,
    requestId,
    Result.ok,
    packetId,
    amountFen,
    0,
    sponsor,
    resource,
  );
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
  return writeWholeShakeResult(view, at, unixMs, requestId, Result.greeting, 0, 0, 0, sponsor, resource);
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
