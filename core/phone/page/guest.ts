/// <reference lib="dom" />
/** Who this device is: its token lies in the device's storage, so that a second tab is the same guest. */
import type { PhoneStorage } from "../library/mod.ts";
import type { WonPacket } from "./party_news.ts";
import type { TextKey } from "./words.ts";

export interface Guest {
  readonly party: string;
  readonly user: number;
  readonly name: string;
  /** In hex. */
  readonly token: string;
}

const KEY = "redpkt.guest";

/** The device's storage; undefined where a browser allows none. */
export function deviceStorage():
  | (PhoneStorage & Pick<Storage, "getItem" | "setItem" | "removeItem">)
  | undefined {
  try {
    localStorage.setItem("redpkt.try", "");
    localStorage.removeItem("redpkt.try");
    return localStorage;
  } catch {
    return undefined;
  }
}

/** The guest that this device was let in as. */
export function readGuest(storage: Pick<Storage, "getItem"> | undefined): Guest | undefined {
  try {
    const { party, user, name, token } = JSON.parse(storage?.getItem(KEY) ?? "");
    const isWhole = typeof party === "string" && Number.isInteger(user) && typeof name === "string" &&
      /^[0-9a-f]{88}$/.test(token);
    return isWhole ? { party, user, name, token } : undefined;
  } catch {
    return undefined;
  }
}

export function keepGuest(storage: Pick<Storage, "setItem"> | undefined, guest: Guest): void {
  storage?.setItem(KEY, JSON.stringify(guest));
}

export function forgetGuest(storage: Pick<Storage, "removeItem"> | undefined): void {
  storage?.removeItem(KEY);
}

/** What the door says to who isn't let in, by its words. */
const REFUSALS: Readonly<Record<string, TextKey>> = {
  wrongCode: "door.wrongCode",
  wrongName: "door.wrongName",
  notListed: "door.notListed",
  taken: "door.taken",
  full: "door.full",
  tooMany: "door.tooMany",
  over: "door.over",
};

/** Asks to be let in; returns the guest, or what to say. */
export async function enter(name: string, code: string): Promise<Guest | TextKey> {
  try {
    const response = await fetch("/api/join", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, code }),
    });
    const answer = await response.json();
    if (response.ok) return answer as Guest;
    return REFUSALS[answer.refusal] ?? "door.unreachable";
  } catch {
    return "door.unreachable";
  }
}

/** What the ledger says that a guest has won; undefined if it can't be asked now. */
export async function askWins({ user, token }: Guest): Promise<readonly WonPacket[] | undefined> {
  try {
    const response = await fetch("/api/mine", { headers: { authorization: `Bearer ${user}.${token}` } });
    return response.ok ? (await response.json()).packets : undefined;
  } catch {
    return undefined;
  }
}
