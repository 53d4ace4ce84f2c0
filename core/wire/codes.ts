/**
 * Every code that crosses the wire or names why a connection ended. Version 0 is the public Go prototype's protocol,
 * byte for byte; version 1 opcodes start at 0x0100.
 */

/** Version 0 frame kinds. */
export const Opcode = {
  loginRequest: 0,
  loginResponse: 1,
  shakeRequest: 2,
  shakeResponse: 3,
  sendNotice: 4,
  claimRequest: 5,
  claimResponse: 6,
} as const;

/** Opcodes from here on are version 1's; a version 0 peer never sees one. */
export const FIRST_VERSION_1_OPCODE = 0x0100;

/** Opcodes that plugins which don't come with the program may use, and the first one past them. */
export const PLUGIN_OPCODES = { from: 0x0200, to: 0x0400 } as const;

/** The `result` field of a ShakeResponse. */
export const ShakeResult = {
  won: 14,
  nothing: 15,
  allGone: 16,
  overloaded: 17,
} as const;

/** The `result` field of a LoginResponse. */
export const LoginResult = { ok: 0 } as const;

/**
 * Why this side closed a connection. 100 to 199: try again later. 200 to 299: the peer broke the protocol, don't try
 * the same again. 300 to 399: a plugin's own reasons. The names are the labels in the metrics.
 */
export const CloseCode = {
  hostFull: 100,
  draining: 101,
  slowReader: 102,
  pluginFailed: 103,
  frameTooShort: 200,
  frameTooLong: 201,
  unknownOpcode: 202,
  loginExpected: 203,
  secondLogin: 204,
  wrongUser: 205,
} as const;

export type CloseCode = typeof CloseCode[keyof typeof CloseCode];

/** Lowest code that a plugin may use for its own reasons, and the first one past them. */
export const PLUGIN_CLOSE_CODES = { from: 300, to: 400 } as const;

const closeNames = new Map<number, string>(Object.entries(CloseCode).map(([name, code]) => [code, name]));

/** The metric label of a close code, such as `frameTooLong`. */
export function closeCodeName(code: number): string {
  return closeNames.get(code) ?? `plugin${code}`;
}
