import type { Random } from "../../base/random.ts";
import { userIdOf, type UserSlice } from "../../base/segment.ts";
import type { DialTarget } from "../../engine/common/engine.ts";
import type { DialedHost, DialedHosts } from "../../hosts/order/dialed_hosts.ts";
import { type Avoided, HostOrder } from "../../hosts/order/host_order.ts";
import { MAX_ATTEMPT } from "../schedule/backoff.ts";
import type { FleetUsers } from "../state/fleet_users.ts";
import type { Destinations } from "./destinations.ts";

export interface ListedHostsParts {
  readonly users: FleetUsers;
  readonly slice: UserSlice;
  readonly random: Random;
  readonly hosts: DialedHosts;
  /** Source addresses to bind in turn; empty: the kernel chooses. */
  readonly sources: readonly number[];
}

/** The longest wait for the host that a connection was just lost of. */
const SAME_HOST_MS = 1_000;
/** No wait of a fleet is longer: its timer wheel ends here. */
export const MAX_WAIT_MS = 600_000;
const NOBODY = -1;
/** Steps are a column of bytes. */
const MOST_STEPS = 240;

/**
 * Where users go by a host list. Who has lost their host tries it once more, then the next of its cluster, then another
 * cluster after two; each wait is drawn anew, so that nobody comes together with all others.
 */
export class ListedHosts implements Destinations {
  readonly maxWaitMs = MAX_WAIT_MS;
  readonly #parts: ListedHostsParts;
  #hosts: DialedHosts;
  #order: HostOrder<DialedHost>;
  /** By user: their step of the order, and the place that they are at or dial. */
  readonly #step: Uint8Array;
  readonly #place: Int16Array;
  /** By user: the place that they were told to leave, and whether that goes for its whole cluster. */
  readonly #avoided: Int16Array;
  readonly #isWholeCluster: Uint8Array;

  constructor(parts: ListedHostsParts) {
    const { users: { count }, hosts } = parts;
    this.#parts = parts;
    this.#hosts = hosts;
    this.#order = orderOf(hosts);
    this.#step = new Uint8Array(count);
    this.#place = new Int16Array(count).fill(NOBODY);
    this.#avoided = new Int16Array(count).fill(NOBODY);
    this.#isWholeCluster = new Uint8Array(count);
  }

  get moveMs(): number {
    return Math.min(MAX_WAIT_MS, this.#hosts.moveMs);
  }

  /** How long a user who is away stays there: half to three halves of what the list says. */
  backMs(): number {
    return Math.min(MAX_WAIT_MS, this.#hosts.backMs * (0.5 + this.#parts.random.float()));
  }

  target(user: number): DialTarget {
    this.#place[user] = this.#placeAt(user, this.#step[user]);
    return this.targetOf(this.#place[user], user);
  }

  again(user: number): number {
    const { users, random } = this.#parts;
    const attempt = users.attempt[user];
    users.attempt[user] = Math.min(MAX_ATTEMPT, attempt + 1);
    // The first time it may have been the connection alone.
    if (attempt > 0) this.#step[user] = (this.#step[user] + 1) % MOST_STEPS;
    const { moveMs } = this;
    const capMs = attempt === 0 ? Math.min(SAME_HOST_MS, moveMs) : attempt <= 2 ? moveMs / 2 : moveMs;
    return random.float() * capMs;
  }

  /** Where the user would be, were everything up. */
  homeOf(user: number): number {
    return this.#order.place(this.#idOf(user), 0);
  }

  /** Whether the user is elsewhere than at home. */
  isAway(user: number): boolean {
    return this.#place[user] !== this.homeOf(user);
  }

  isAt(user: number, place: number): boolean {
    return this.#place[user] === place;
  }

  /** Whether the user was told to leave where they are, or the list wants nobody there. */
  mustLeave(user: number): boolean {
    const place = this.#order.places[this.#place[user]];
    if (place?.state !== "up") return true;
    const avoided = this.#order.places[this.#avoided[user]];
    return place === avoided || (this.#isWholeCluster[user] === 1 && place.cluster === avoided?.cluster);
  }

  /** The user was told to leave the host where they are, or its whole cluster. */
  avoid(user: number, isWholeCluster: boolean): void {
    this.#avoided[user] = this.#place[user];
    this.#isWholeCluster[user] = isWholeCluster ? 1 : 0;
  }

  /** Where a user who leaves in good order goes, in the try `step`. */
  placeElsewhere(user: number, step: number): number {
    return this.#placeAt(user, step);
  }

  targetOf(place: number, user: number): DialTarget {
    const { targets } = this.#order.places[place].host;
    const { sources } = this.#parts;
    const source = sources.length === 0 ? 0 : sources[user % sources.length];
    return { ...targets[user % targets.length], source };
  }

  /** The user is at a place from now on, by the step that led there. */
  settle(user: number, place: number, step: number): void {
    this.#place[user] = place;
    this.#step[user] = step;
    if (place === this.homeOf(user)) this.#avoided[user] = NOBODY;
  }

  /** A newer list counts from now on. Users stay where they are until they are called. */
  renew(hosts: DialedHosts): void {
    const before = this.#order;
    this.#hosts = hosts;
    this.#order = orderOf(hosts);
    const moved = before.places.map(({ host }) => this.#order.placeNamed(host.name));
    for (let user = 0; user < this.#place.length; user++) {
      const place = this.#place[user];
      this.#place[user] = place < 0 ? NOBODY : moved[place];
      this.#step[user] = 0;
      this.#avoided[user] = NOBODY;
    }
  }

  #placeAt(user: number, step: number): number {
    const avoided: Avoided = { place: this.#avoided[user], isWholeCluster: this.#isWholeCluster[user] === 1 };
    return this.#order.place(this.#idOf(user), step, avoided);
  }

  #idOf(user: number): number {
    return userIdOf(this.#parts.slice, user);
  }
}

function orderOf({ clusters, networks }: DialedHosts): HostOrder<DialedHost> {
  return new HostOrder(clusters, { networks });
}
