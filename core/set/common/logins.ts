import type { Tokens } from "../../token/token.ts";
import { CloseCode, FIRST_VERSION_1_OPCODE, LoginResult, Opcode, PLUGIN_OPCODES } from "../../wire/codes.ts";
import { Field, writeLoginResponse } from "../../wire/version0.ts";
import { writeFrame } from "../../wire/frame_codec.ts";
import { frames, Opcode1, PROTOCOL_VERSION } from "../../wire/v1/frames.ts";
import { writeLoginResult } from "../../wire/v1/writers.ts";

/** When a peer that was closed for a reason of 100 to 199 should come again, in ms. */
const RETRY_MS = 2_000;

/** Who may log in. */
export interface LoginRules {
  /** Whether peers of version 0, who have no token, may. */
  readonly allowsVersion0: boolean;
  /** What version 1's tokens are checked with; undefined: they aren't. */
  readonly tokens: Tokens | undefined;
}

/** The protocol version that a first frame asks for, or -1 if it is no login. */
export function versionOfLogin(opcode: number): number {
  if (opcode === Opcode.loginRequest) return 0;
  return opcode === Opcode1.login ? PROTOCOL_VERSION : -1;
}

/** The user that a login of this version names. */
export function userOfLogin(version: number, view: DataView, at: number): number {
  return view.getUint32(at + (version === 0 ? Field.userId : frames.login.at.user));
}

/** Whether the login at `view[at]` is good. Returns 0 or the code to close with. */
export function checkLogin(
  rules: LoginRules,
  version: number,
  view: DataView,
  at: number,
  unixMs: number,
): number {
  if (version === 0) return rules.allowsVersion0 ? 0 : CloseCode.version0Off;
  if (view.getUint32(at + frames.login.at.version) !== PROTOCOL_VERSION) return CloseCode.unknownVersion;
  const user = userOfLogin(version, view, at);
  return rules.tokens?.check(view, at + frames.login.at.keyId, user, unixMs) ?? 0;
}

/** Answers a good login. Returns the size in bytes. */
export function writeLoginAnswer(
  version: number,
  view: DataView,
  at: number,
  unixMs: number,
  user: number,
): number {
  return version === 0
    ? writeLoginResponse(view, at, Math.floor(unixMs / 1000), user, LoginResult.ok)
    : writeLoginResult(view, at, unixMs, user, PROTOCOL_VERSION);
}

/** Tells a version 0 user to come again later. Returns the size in bytes. */
export function writeLoginRefusal(view: DataView, at: number, unixMs: number, user: number): number {
  return writeLoginResponse(view, at, Math.floor(unixMs / 1000), user, LoginResult.overloaded);
}

/** The last frame of a version 1 connection. Returns the size in bytes. */
export function writeLastFrame(view: DataView, at: number, unixMs: number, code: number): number {
  return writeFrame(frames.close, view, at, unixMs, { code, retryMs: code < 200 ? RETRY_MS : 0 });
}

/** Whether a connection of this version may send frames of this opcode; plugins' own are of either. */
export function isOfVersion(version: number, opcode: number): boolean {
  return opcode >= PLUGIN_OPCODES.from || (opcode >= FIRST_VERSION_1_OPCODE) === (version !== 0);
}
