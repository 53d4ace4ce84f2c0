import { exists } from "../../base/exists.ts";
import { UserError } from "../../base/user_error.ts";
import { cleanName, codeKey, nameKey } from "./guest_name.ts";
import type { Invited } from "./guest_list.ts";

/** Why somebody isn't let in; the page has words for each. */
export type Refusal = "wrongCode" | "wrongName" | "notListed" | "taken" | "full";

/** Somebody who has come in. */
export interface Guest {
  readonly user: number;
  readonly name: string;
  readonly joinedMs: number;
  /** How many devices have come in as this guest. */
  readonly devices: number;
}

interface Arrival {
  readonly user: number;
  readonly name: string;
  readonly atMs: number;
  /** The host lets the guest come in once more, on another device. */
  readonly isRelease?: boolean;
}

export interface GuestsOptions {
  /** Where arrivals are kept, a line of JSON each. */
  readonly path: string;
  /** The party's code. */
  readonly code: string;
  /** Who may come in; absent: whoever knows the code. */
  readonly list?: readonly Invited[] | undefined;
  /** Most guests without a list. */
  readonly most: number;
}

/**
 * Who has come in, by the number that the ledger knows them by. An arrival is on the disk before the guest hears of it:
 * after a crash nobody else gets their number.
 */
export class Guests {
  readonly #options: GuestsOptions;
  readonly #file: Deno.FsFile;
  readonly #guests = new Map<number, Guest>();
  readonly #users = new Map<string, number>();
  /** Guests without a code of their own who may come in once more. */
  readonly #released = new Set<number>();
  #nextUser = 1;

  /** @throws UserError if what was kept can't be read */
  constructor(options: GuestsOptions) {
    this.#options = options;
    const wasThere = exists(options.path);
    this.#file = Deno.openSync(options.path, { read: true, write: true, create: true });
    try {
      if (wasThere) this.#read(Deno.readTextFileSync(options.path));
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  get all(): Iterable<Guest> {
    return this.#guests.values();
  }

  get count(): number {
    return this.#guests.size;
  }

  guest(user: number): Guest | undefined {
    return this.#guests.get(user);
  }

  /** Lets somebody in, or says why not. */
  join(givenName: string, givenCode: string, nowMs: number): Guest | Refusal {
    const code = codeKey(givenCode);
    const { list } = this.#options;
    if (list !== undefined) {
      const at = list.findIndex((invited) => invited.code !== undefined && invited.code === code);
      // Whoever shows the code of an invitation is its guest, on as many devices as they like.
      if (at >= 0) return this.#arrive(at + 1, list[at].name, nowMs);
    }
    if (code !== codeKey(this.#options.code)) return "wrongCode";
    const name = cleanName(givenName);
    if (name === undefined) return "wrongName";
    return list === undefined ? this.#joinAnew(name, nowMs) : this.#joinByName(list, name, nowMs);
  }

  /** Lets a guest without a code of their own come in once more, on another device. Returns whether there is one. */
  release(user: number, nowMs: number): boolean {
    const guest = this.#guests.get(user);
    if (guest === undefined) return false;
    this.#append({ user, name: guest.name, atMs: nowMs, isRelease: true });
    this.#released.add(user);
    return true;
  }

  close(): void {
    this.#file.close();
  }

  #joinByName(list: readonly Invited[], name: string, nowMs: number): Guest | Refusal {
    const at = list.findIndex((invited) => nameKey(invited.name) === nameKey(name));
    if (at < 0) return "notListed";
    const user = at + 1;
    if (list[at].code !== undefined) return "wrongCode";
    if (this.#guests.has(user) && !this.#released.delete(user)) return "taken";
    return this.#arrive(user, list[at].name, nowMs);
  }

  #joinAnew(name: string, nowMs: number): Guest | Refusal {
    if (this.#guests.size >= this.#options.most) return "full";
    let free = name;
    for (let again = 2; this.#users.has(nameKey(free)); again++) free = `${name} ${again}`;
    return this.#arrive(this.#nextUser, free, nowMs);
  }

  #arrive(user: number, name: string, atMs: number): Guest {
    const arrival = { user, name, atMs };
    this.#append(arrival);
    return this.#take(arrival);
  }

  #append(arrival: Arrival): void {
    const bytes = new TextEncoder().encode(`${JSON.stringify(arrival)}\n`);
    this.#file.seekSync(0, Deno.SeekMode.End);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#file.syncDataSync();
  }

  #take({ user, name, atMs }: Arrival): Guest {
    const before = this.#guests.get(user);
    const guest = {
      user,
      name,
      joinedMs: before?.joinedMs ?? atMs,
      devices: (before?.devices ?? 0) + 1,
    };
    this.#guests.set(user, guest);
    this.#users.set(nameKey(name), user);
    this.#released.delete(user);
    this.#nextUser = Math.max(this.#nextUser, user + 1);
    return guest;
  }

  #read(text: string): void {
    // A crash may have left the beginning of a line, of which nobody has heard: it goes.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    whole.split("\n").slice(0, -1).forEach((line, i) => {
      try {
        const arrival = JSON.parse(line) as Arrival;
        if (!Number.isInteger(arrival.user) || typeof arrival.name !== "string") throw new TypeError();
        if (arrival.isRelease) this.#released.add(arrival.user);
        else this.#take(arrival);
      } catch {
        throw new UserError(`${this.#options.path}:${i + 1}: can't be read. Restore it from a copy`);
      }
    });
    if (whole.length < text.length) this.#file.truncateSync(new TextEncoder().encode(whole).length);
  }
}
