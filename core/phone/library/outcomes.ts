/** What users hear of, and what becomes of what they do. Results have the names of `docs/protocol.md`. */
import { isForLater, Result, type RESULTS } from "../../wire/codes.ts";

/** A packet that a shake has won. The money is the user's once it is open. */
export interface Packet {
  readonly packetId: number;
  readonly amountFen: number;
  /** When the server told of it first, in unix ms. */
  readonly wonMs: number;
  readonly isOpen: boolean;
  /** Whose it is, and what the app shows for it: a number that it agreed on with the sponsor; 0 for none. */
  readonly sponsor: number;
  readonly resource: number;
}

/** The user's share of a packet that somebody sent. */
export interface Share {
  readonly packetId: number;
  readonly amountFen: number;
}

/** Somebody sent a packet to this user: they can claim a share of it. */
export interface Notice {
  readonly packetId: number;
  /** The sending user; 0 is the host itself. */
  readonly sender: number;
  readonly amountFen: number;
  readonly shares: number;
  readonly mode: SendModeName;
  /** 0 unless it was sent to a group. */
  readonly group: number;
  readonly expiresMs: number;
}

export type SendModeName = "equal" | "random";

/** A packet to send: to users by name, or to the members of a group. */
export interface SendOrder {
  readonly amountFen: number;
  readonly shares: number;
  readonly mode: SendModeName;
  readonly users?: readonly number[];
  readonly group?: number;
  /**
   * Names the order: the same again is the same packet. Give one that is kept, and an order survives a restart of the
   * program; without it the library draws one.
   */
  readonly requestId?: number;
}

/** Name of a result, such as `allGone`; `code` and the number for one that this library is too old to know. */
export type ResultName = keyof typeof RESULTS | `code${number}`;

/** What a shake comes to. */
export type ShakeOutcome =
  /** Won. The same packet is told by the event `packet`, once. */
  | { readonly result: "ok"; readonly packet: Packet }
  /** No money, but something to show: `resource` is a number that the app agreed on with the sponsor. */
  | { readonly result: "greeting"; readonly sponsor: number; readonly resource: number }
  | { readonly result: "nothing" | "allGone" }
  /** Not sent: by the show's cue nobody shakes now. `retryMs` is `Infinity` where it hasn't said when. */
  | { readonly result: "notNow"; readonly retryMs: number }
  /** Nothing was decided, or the user shakes too often. Shakes before `retryMs` come to the same without being sent. */
  | { readonly result: "later"; readonly retryMs: number }
  /** Sent, and no answer came. If it has won, the event `packet` tells of it after the next login. */
  | { readonly result: "unknown" }
  /** Not sent: there is no connection. */
  | { readonly result: "offline" };

/** What opening a packet comes to; the amount is 0 unless `ok`. */
export interface OpenOutcome {
  readonly result: ResultName;
  readonly amountFen: number;
}

/** What sending a packet comes to; packet and time are 0 unless `ok`. */
export interface SendOutcome {
  readonly result: ResultName;
  readonly packetId: number;
  readonly expiresMs: number;
}

/** What a claim comes to; the amount is 0 unless `ok` or `alreadyClaimed`. */
export interface ClaimOutcome {
  readonly result: ResultName;
  readonly amountFen: number;
}

/** Who got what of a sent packet. */
export interface Detail {
  readonly result: ResultName;
  readonly shares: number;
  readonly claimed: number;
  /** The user with the largest share once all are claimed; else 0. */
  readonly luckiest: number;
  readonly luckiestFen: number;
  readonly first: number;
  readonly claims: readonly { readonly user: number; readonly amountFen: number }[];
}

/** What a chat comes to. It is never repeated. */
export type ChatOutcome = { readonly result: ResultName | "unknown" | "offline"; readonly retryMs: number };

const names = new Map<number, ResultName>(
  Object.entries(Result).map(([name, code]) => [code, name as keyof typeof RESULTS]),
);

/** The name of a result's number. */
export function resultName(code: number): ResultName {
  return names.get(code) ?? `code${code}`;
}

/** What a shake's result comes to, if it isn't a packet. */
export function shakeOutcome(
  { result, retryMs, sponsor = 0, resource = 0 }: {
    readonly result: number;
    readonly retryMs: number;
    readonly sponsor?: number;
    readonly resource?: number;
  },
): ShakeOutcome {
  if (result === Result.greeting) return { result: "greeting", sponsor, resource };
  if (isForLater(result)) return { result: "later", retryMs };
  return { result: result === Result.allGone ? "allGone" : "nothing" };
}
