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

/** Codes with what they mean, as `docs/protocol.md` says it; that page's tables are these. */
type CodeTable = Readonly<Record<string, readonly [code: number, meaning: string]>>;

function codesOf<const T extends CodeTable>(table: T): { readonly [Name in keyof T]: T[Name][0] } {
  const codes = Object.entries(table).map(([name, [code]]) => [name, code]);
  return Object.fromEntries(codes) as { readonly [Name in keyof T]: T[Name][0] };
}

/**
 * The `result` field of version 1. 0: done. 1 to 99: decided, and asking again brings the same. 100 to 199: nothing was
 * decided, try again later. 200 to 299: the request itself is wrong, don't repeat it.
 */
export const RESULTS = {
  ok: [0, ""],
  nothing: [1, "this shake won nothing"],
  allGone: [2, "all packets, or all shares of this one, are gone"],
  alreadyClaimed: [3, "the user has their share already"],
  expired: [4, "the packet's time is over"],
  noMoney: [5, "the account holds less than the amount"],
  greeting: [6, "this shake won no packet, but brings what a sponsor shows"],
  overloaded: [100, "the host does what it can"],
  busy: [101, "the ledger or a mailbox is behind, or takes too long; a send may yet happen"],
  draining: [102, "the host is about to stop"],
  badAmount: [200, "0, or above the limit"],
  tooManyShares: [201, "none, more than the limit, more than fen, or more than recipients"],
  badMode: [202, ""],
  badRecipients: [203, "none, one twice, the sender themselves, or a group beside names"],
  unknownPacket: [204, ""],
  notRecipient: [205, "the packet isn't for this user"],
  unknownGroup: [206, ""],
  notMember: [207, "only members send to a group"],
  requestIdTaken: [208, "the user sent another packet with this request id"],
} as const;

export const Result = codesOf(RESULTS);
export type Result = typeof Result[keyof typeof Result];

/** Whether a version 1 result says that nothing was decided, and to try again later. */
export function isForLater(result: number): boolean {
  return result >= 100 && result < 200;
}

/** How a sent packet is split into shares. */
export const SendMode = { equal: 0, random: 1 } as const;

/** What a cue says of the wave that it names. */
export const CueState = {
  /** There is no cue: shake as if there had never been one. */
  none: 0,
  /** Shake from its start on, for its length. */
  planned: 1,
  /** Don't shake until another cue comes: the show stands still, or is over. */
  held: 2,
} as const;

/** What a user who is told to move leaves. */
export const MoveScope = {
  /** This host. */
  host: 0,
  /** Every host of its cluster. */
  cluster: 1,
} as const;
export type MoveScope = typeof MoveScope[keyof typeof MoveScope];

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
export const CLOSE_CODES = {
  hostFull: [100, "no place left; closed before a login"],
  draining: [101, "the host is about to stop"],
  slowReader: [102, "the peer doesn't read, and its queue is full; not told"],
  pluginFailed: [103, "a part of the host failed"],
  loginTimeout: [104, "no login in time after connecting"],
  idle: [105, "no frame for a long time"],
  tooManyLogins: [106, "the host is overloaded, or the user logs in too often"],
  serverLost: [107, "a gateway lost the user's server, reaches none, or has more for it than it takes"],
  frameTooShort: [200, "a length under the opcode's"],
  frameTooLong: [201, "a length over the opcode's"],
  unknownOpcode: [202, "an opcode that this server doesn't take"],
  loginExpected: [203, "the first frame was no login"],
  secondLogin: [204, "a login on a connection that is logged in"],
  wrongUser: [205, "a version 0 frame with another user's id"],
  unknownVersion: [206, "a login with a version other than 1"],
  version0Off: [207, "a version 0 login where that is off"],
  tokenKeyUnknown: [208, "a token of a key that the server doesn't have"],
  tokenForged: [209, "a token that wasn't made for this user, event and expiry"],
  tokenExpired: [210, "a token whose time is over, by the server's clock"],
  frameTimeout: [211, "a frame that was begun and not ended in time"],
  badMessage: [212, "to a gateway: a WebSocket message that isn't binary, or isn't whole frames"],
  badProxyHeader: [213, "a PROXY header that is wrong, missing, or from an address that may send none"],
  banned: [214, "the user is banned for a while; what they have stays theirs"],
} as const;

export const CloseCode = codesOf(CLOSE_CODES);
export type CloseCode = typeof CloseCode[keyof typeof CloseCode];

/** A WebSocket's close code is this plus a close code of this table: 4000 to 4999 are for applications. */
export const WEB_SOCKET_CODES = 4_000;

/** Lowest code that a plugin may use for its own reasons, and the first one past them. */
export const PLUGIN_CLOSE_CODES = { from: 300, to: 400 } as const;

const closeNames = new Map<number, string>(Object.entries(CloseCode).map(([name, code]) => [code, name]));

/** The metric label of a close code, such as `frameTooLong`. */
export function closeCodeName(code: number): string {
  return closeNames.get(code) ?? `plugin${code}`;
}
