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

/**
 * Version 1 frame kinds. A client's are 0x0100 to 0x017f; the server's have 0x80 more: a request's answer is its opcode
 * with that bit, and what nobody asked for is 0x08 further on.
 */
export const Opcode1 = {
  login: 0x0100,
  ping: 0x0101,
  delivered: 0x0102,
  shake: 0x0110,
  open: 0x0111,
  send: 0x0120,
  claim: 0x0121,
  detail: 0x0122,
  balance: 0x0123,
  chat: 0x0130,
  loginResult: 0x0180,
  pong: 0x0181,
  close: 0x0188,
  shakeResult: 0x0190,
  openResult: 0x0191,
  sendResult: 0x01a0,
  claimResult: 0x01a1,
  detailResult: 0x01a2,
  balanceResult: 0x01a3,
  notice: 0x01a8,
  expired: 0x01a9,
  chatResult: 0x01b0,
  chatMessage: 0x01b8,
} as const;

/**
 * The `result` field of version 1. 0: done. 1 to 99: decided, and asking again brings the same. 100 to 199: nothing was
 * decided, try again later. 200 to 299: the request itself is wrong, don't repeat it.
 */
export const Result = {
  ok: 0,
  /** A shake that won nothing this time. */
  nothing: 1,
  /** All packets, or all shares of one, are gone. */
  allGone: 2,
  /** This user has his share already; the amount is told again. */
  alreadyClaimed: 3,
  expired: 4,
  noMoney: 5,
  /** A shake that won no packet, but brings what a sponsor shows. */
  greeting: 6,
  overloaded: 100,
  busy: 101,
  draining: 102,
  badAmount: 200,
  tooManyShares: 201,
  badMode: 202,
  badRecipients: 203,
  unknownPacket: 204,
  notRecipient: 205,
  unknownGroup: 206,
  notMember: 207,
  requestIdTaken: 208,
} as const;
export type Result = typeof Result[keyof typeof Result];

/** How a sent packet is split into shares. */
export const SendMode = { equal: 0, random: 1 } as const;

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
export const LoginResult = {
  ok: 0,
  /** The host is overloaded, or the user tries too often: come again later. */
  overloaded: 17,
} as const;

/**
 * Why this side closed a connection. 100 to 199: try again later. 200 to 299: the peer broke the protocol, don't try
 * the same again. 300 to 399: a plugin's own reasons. The names are the labels in the metrics.
 */
export const CloseCode = {
  hostFull: 100,
  draining: 101,
  slowReader: 102,
  pluginFailed: 103,
  loginTimeout: 104,
  idle: 105,
  tooManyLogins: 106,
  frameTooShort: 200,
  frameTooLong: 201,
  unknownOpcode: 202,
  loginExpected: 203,
  secondLogin: 204,
  wrongUser: 205,
  unknownVersion: 206,
  version0Off: 207,
  tokenKeyUnknown: 208,
  tokenForged: 209,
  tokenExpired: 210,
  frameTimeout: 211,
} as const;

export type CloseCode = typeof CloseCode[keyof typeof CloseCode];

/** Lowest code that a plugin may use for its own reasons, and the first one past them. */
export const PLUGIN_CLOSE_CODES = { from: 300, to: 400 } as const;

const closeNames = new Map<number, string>(Object.entries(CloseCode).map(([name, code]) => [code, name]));

/** The metric label of a close code, such as `frameTooLong`. */
export function closeCodeName(code: number): string {
  return closeNames.get(code) ?? `plugin${code}`;
}
