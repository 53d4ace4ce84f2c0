import type { Random } from "../../base/random.ts";
import type { HostList } from "../../hosts/list/host_list.ts";

/** Where a phone connects. */
export interface Addresses {
  /** Where it is, or tries next. */
  readonly current: string;
  /**
   * The connection was lost, or not made; `attempt` counts those since a good one. Returns the longest wait in ms, if it
   * knows one.
   */
  lost(attempt: number): number | undefined;
  /** A login took so long. */
  reached(rttMs: number): void;
  /** The server tells the phone to leave it, or its whole cluster: where to. Asked again, the next one after that. */
  elsewhere(isWholeCluster: boolean): string;
  /** Where it belongs, if it is elsewhere; and how long it stays there. */
  home(): string | undefined;
  backMs(): number;
  /** It is logged in at an address that `elsewhere` or `home` has named. */
  arrived(address: string): void;
  /** A newer host list counts, where one is gone by. Returns whether the phone has to leave where it is. */
  renew?(list: HostList): boolean;
}

/** Makes the addresses of a user. */
export type AddressesOf = (user: number, random: Random) => Addresses;

/** Addresses that are all alike: one after the other, beginning with any. */
export class AnyAddress implements Addresses {
  readonly #addresses: readonly string[];
  #at: number;

  constructor(addresses: readonly string[], random: Random) {
    this.#addresses = addresses;
    this.#at = random.below(addresses.length);
  }

  get current(): string {
    return this.#addresses[this.#at];
  }

  lost(): undefined {
    this.elsewhere();
  }

  reached(): void {}

  elsewhere(): string {
    this.#at = (this.#at + 1) % this.#addresses.length;
    return this.current;
  }

  home(): undefined {}

  backMs(): number {
    return Infinity;
  }

  arrived(): void {}
}
