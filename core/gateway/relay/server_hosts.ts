import type { Random } from "../../base/random.ts";
import type { DialedHost, DialedHosts, HostAddress } from "../../hosts/order/dialed_hosts.ts";
import { HostOrder } from "../../hosts/order/host_order.ts";

/** How long a host that can't be reached is left alone, at first and at most, in ms. */
const BASE_MS = 250;
const CAP_MS = 5_000;
/** A host that is tried again is left to the one who tries it for so long, in ms. */
const TRIAL_MS = 3_000;
/** A host that moves its users away is about to stop: it is tried again after this. */
const LEAVING_MS = 15_000;

interface HostState {
  host: DialedHost;
  failures: number;
  /** Not chosen before this, in monotonic ms. */
  untilMs: number;
}

/** Servers that no list names, as a list: all alike, in one cluster. */
export function listOfServers(servers: readonly HostAddress[]): DialedHosts {
  const named = (name: string) => ({ name, weight: 1, state: "up" as const });
  const hosts = servers.map((server) => ({
    ...named(`${server.address} ${server.ipv6} ${server.port}`),
    targets: [server],
  }));
  return {
    version: 0,
    moveMs: 0,
    backMs: 0,
    networks: [],
    clusters: [{ ...named("all"), city: "", network: "", hosts }],
  };
}

/**
 * Which server a user goes to: the same one for the same user through every gateway, as long as it can be reached, by the
 * order of the list. One that can't be reached is left out, and tried again by one user at a time, later each time.
 */
export class ServerHosts {
  readonly #random: Random;
  /** A host keeps its number whatever lists follow. */
  readonly #states: HostState[] = [];
  #order!: HostOrder<DialedHost>;
  /** By place in the order: the number of its host. */
  #numbers: readonly number[] = [];

  constructor(list: DialedHosts, random: Random) {
    this.#random = random;
    this.renew(list);
  }

  /** A newer list counts; what is known of a host stays known. */
  renew({ clusters, networks }: DialedHosts): void {
    this.#order = new HostOrder(clusters, { networks });
    this.#numbers = this.#order.places.map(({ host }) => this.#numberOf(host));
  }

  /** Hosts of the list. */
  get all(): readonly number[] {
    return this.#numbers;
  }

  /** Hosts that can be reached, as far as is known. */
  get up(): number {
    return this.#numbers.filter((number) => this.isUp(number)).length;
  }

  isUp(number: number): boolean {
    return this.#states[number].failures === 0;
  }

  /** Where a host is; for one with several addresses, each has its part of the users. */
  addressOf(number: number, user = 0): HostAddress {
    const { targets } = this.#states[number].host;
    return targets[user % targets.length];
  }

  /** The number of the user's host now; -1 if none may be tried at present. */
  choose(user: number, nowMs: number): number {
    const found = this.#choose(user, nowMs);
    // The first one who comes after a failure tries; the others wait for how that goes.
    if (found >= 0 && this.#states[found].failures > 0) this.#states[found].untilMs = nowMs + TRIAL_MS;
    return found;
  }

  /** A host was reached. */
  reached(number: number): void {
    this.#states[number].failures = 0;
    this.#states[number].untilMs = 0;
  }

  /** A host could not be reached. */
  failed(number: number, nowMs: number): void {
    const state = this.#states[number];
    const waitMs = Math.min(CAP_MS, BASE_MS * 2 ** state.failures);
    state.failures++;
    // Gateways that lost a host together don't try it together.
    state.untilMs = nowMs + waitMs * (0.5 + this.#random.float() / 2);
  }

  /** A host tells its users to go elsewhere: nobody is brought there for a while. */
  leaves(number: number, nowMs: number): void {
    const state = this.#states[number];
    state.untilMs = Math.max(state.untilMs, nowMs + LEAVING_MS);
  }

  /** How long until any host may be tried, in ms. */
  waitMs(nowMs: number): number {
    return Math.max(0, Math.min(...this.#numbers.map((number) => this.#states[number].untilMs)) - nowMs);
  }

  #choose(user: number, nowMs: number): number {
    const { clusters } = this.#order;
    // Enough steps to come by every host, however uneven the clusters are.
    const steps = 2 * clusters.length * Math.ceil(Math.max(...clusters.map(({ hosts }) => hosts.length)) / 2);
    for (let step = 0; step < steps; step++) {
      const place = this.#order.place(user, step);
      if (place < 0) return -1;
      const number = this.#numbers[place];
      if (nowMs >= this.#states[number].untilMs) return number;
    }
    return -1;
  }

  #numberOf(host: DialedHost): number {
    const known = this.#states.findIndex((state) => state.host.name === host.name);
    if (known < 0) return this.#states.push({ host, failures: 0, untilMs: 0 }) - 1;
    this.#states[known].host = host;
    return known;
  }
}
