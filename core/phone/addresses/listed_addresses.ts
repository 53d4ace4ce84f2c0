import type { Random } from "../../base/random.ts";
import type { HostList, ListedHost } from "../../hosts/list/host_list.ts";
import { type Avoided, HostOrder, NOTHING_AVOIDED } from "../../hosts/order/host_order.ts";
import type { Addresses, AddressesOf } from "./addresses.ts";

/** What a phone knows besides the list. */
export interface ListedOptions {
  /** Networks that the phone is in, whose clusters come first. */
  readonly networks?: readonly string[];
  /** Where a host is, as the transport has it; its gateway if absent. */
  readonly addressOf?: (host: ListedHost) => string;
}

/** Phones go by a host list: home, elsewhere when home is lost, and home again. */
export function byHostList(list: HostList, options: ListedOptions = {}): AddressesOf {
  const { networks = [], addressOf = ({ gateway }) => gateway } = options;
  return (user, random) => new ListedAddresses(list, user, networks, addressOf, random);
}

/** The longest wait for the host that a connection was just lost of. */
const SAME_HOST_MS = 1_000;

/** Addresses by a host list: home, then the next of its cluster, then another cluster. */
export class ListedAddresses implements Addresses {
  readonly #user: number;
  readonly #networks: readonly string[];
  readonly #addressOf: (host: ListedHost) => string;
  readonly #random: Random;
  /** By cluster: the shortest round trip. */
  readonly #rttMs = new Map<string, number>();
  #list: HostList;
  #order: HostOrder<ListedHost>;
  #place: number;
  #step = 0;
  #avoided: Avoided = NOTHING_AVOIDED;

  constructor(
    list: HostList,
    user: number,
    networks: readonly string[],
    addressOf: (host: ListedHost) => string,
    random: Random,
  ) {
    this.#user = user;
    this.#networks = networks;
    this.#addressOf = addressOf;
    this.#random = random;
    this.#list = list;
    this.#order = this.#orderOf(list);
    this.#place = this.#order.place(user, 0);
  }

  /** A newer list counts; one that isn't newer changes nothing. Returns whether the phone has to leave where it is. */
  renew(list: HostList): boolean {
    if (list.version <= this.#list.version) return false;
    const before = this.#order.places[this.#place]?.host.name ?? "";
    this.#list = list;
    this.#order = this.#orderOf(list);
    this.#step = 0;
    this.#avoided = NOTHING_AVOIDED;
    this.#place = this.#order.placeNamed(before);
    return this.#order.places[this.#place]?.state !== "up";
  }

  get current(): string {
    return this.#addressAt(this.#place);
  }

  lost(attempt: number): number {
    // The first time it may have been the connection alone.
    if (attempt > 0) this.#step++;
    this.#place = this.#order.place(this.#user, this.#step, this.#avoided);
    const moveMs = this.#list.moveS * 1000;
    return attempt === 0 ? Math.min(SAME_HOST_MS, moveMs) : attempt <= 2 ? moveMs / 2 : moveMs;
  }

  reached(rttMs: number): void {
    const { name } = this.#list.clusters[this.#order.places[this.#place].cluster];
    this.#rttMs.set(name, Math.min(rttMs, this.#rttMs.get(name) ?? Infinity));
  }

  elsewhere(isWholeCluster: boolean): string {
    if (this.#avoided.place === this.#place) this.#step++;
    else {
      this.#avoided = { place: this.#place, isWholeCluster };
      this.#step = 0;
    }
    return this.#addressAt(this.#order.place(this.#user, this.#step, this.#avoided));
  }

  home(): string | undefined {
    const home = this.#order.place(this.#user, 0);
    return home === this.#place ? undefined : this.#addressAt(home);
  }

  backMs(): number {
    return this.#list.backS * 1000 * (0.5 + this.#random.float());
  }

  arrived(address: string): void {
    const isHome = address === this.home();
    this.#place = isHome
      ? this.#order.place(this.#user, 0)
      : this.#order.place(this.#user, this.#step, this.#avoided);
    if (!isHome) return;
    this.#step = 0;
    this.#avoided = NOTHING_AVOIDED;
  }

  #addressAt(place: number): string {
    const host = this.#order.places[place]?.host;
    if (host === undefined) throw new Error("the host list has no host that takes users");
    return this.#addressOf(host);
  }

  #orderOf({ clusters }: HostList): HostOrder<ListedHost> {
    return new HostOrder(clusters, {
      networks: this.#networks,
      rttMs: (cluster) => this.#rttMs.get(cluster),
    });
  }
}
