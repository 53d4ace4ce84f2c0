import { score, seedOf } from "./rendezvous.ts";

/** Whether users go there. */
export const PLACE_STATES = ["up", "drain", "out"] as const;
export type PlaceState = typeof PLACE_STATES[number];

/** What a list says of a host, as far as the order goes. */
export interface RankedHost {
  readonly name: string;
  /** Above 0: a host of weight 2 has twice the users. */
  readonly weight: number;
  /** `drain`: nobody goes there while another is up; `out`: nobody goes there. */
  readonly state: PlaceState;
}

export interface RankedCluster<H extends RankedHost = RankedHost> extends RankedHost {
  readonly city: string;
  /** Whose network it is in; empty for none. */
  readonly network: string;
  readonly hosts: readonly H[];
}

/** One host of a list, and where it stands. */
export interface Place<H extends RankedHost = RankedHost> {
  readonly cluster: number;
  readonly host: H;
  /** The worse of the host's and the cluster's. */
  readonly state: PlaceState;
}

/** What is known of where a client stands. */
export interface Standpoint {
  /** Names of its networks, the best one first. */
  readonly networks?: readonly string[] | undefined;
  /** The shortest round trip that it has seen to a cluster, in ms; undefined: it has seen none. */
  readonly rttMs?: ((cluster: string) => number | undefined) | undefined;
}

/** A host, or a whole cluster, where a user was told not to be. */
export interface Avoided {
  /** A place of the order; -1 for none. */
  readonly place: number;
  readonly isWholeCluster: boolean;
}

export const NOTHING_AVOIDED: Avoided = { place: -1, isWholeCluster: false };
/** So many hosts of a cluster are tried before the next cluster. */
const TRIES_A_CLUSTER = 2;
/** Round trips that differ by less are as good as each other. */
const RTT_CLASS_MS = 20;
/** Clusters where nobody should go stand behind all others. */
const DRAIN_RANK = 1e6;

/**
 * In which order a user tries hosts. Clusters first: those of the client's own network, then the nearer ones, then by
 * rendezvous; within a cluster by rendezvous. Two hosts of a cluster are tried, then the next cluster.
 */
export class HostOrder<H extends RankedHost = RankedHost> {
  /** All hosts, cluster by cluster. */
  readonly places: readonly Place<H>[];
  readonly clusters: readonly RankedCluster<H>[];
  readonly #standpoint: Standpoint;
  readonly #clusterSeeds: readonly number[];
  readonly #hostSeeds: readonly number[];
  /** By cluster: its first place. */
  readonly #firsts: readonly number[];
  readonly #clusterScores: Float64Array;
  readonly #hostScores: Float64Array;

  constructor(clusters: readonly RankedCluster<H>[], standpoint: Standpoint = {}) {
    this.clusters = clusters;
    this.#standpoint = standpoint;
    this.places = clusters.flatMap(({ state, hosts }, cluster) =>
      hosts.map((host) => ({ cluster, host, state: worse(state, host.state) }))
    );
    this.#clusterSeeds = clusters.map(({ name }) => seedOf(`cluster ${name}`));
    this.#hostSeeds = this.places.map(({ host }) => seedOf(`host ${host.name}`));
    let first = 0;
    this.#firsts = clusters.map(({ hosts }) => {
      first += hosts.length;
      return first - hosts.length;
    });
    this.#clusterScores = new Float64Array(clusters.length);
    this.#hostScores = new Float64Array(Math.max(0, ...clusters.map(({ hosts }) => hosts.length)));
  }

  /**
   * The place that a user tries in step `step` from 0, which is their home; -1 if the list has nobody who takes users.
   * Steps go on without end, round and round.
   */
  place(user: number, step: number, avoided: Avoided = NOTHING_AVOIDED): number {
    const found = this.#find(user, step, avoided);
    return found < 0 && avoided.place >= 0 ? this.#find(user, step, NOTHING_AVOIDED) : found;
  }

  /** The place of a host; -1 if there is none of this name. */
  placeNamed(name: string): number {
    return this.places.findIndex(({ host }) => host.name === name);
  }

  #find(user: number, step: number, avoided: Avoided): number {
    const count = this.#rankClusters(user, avoided);
    if (count === 0) return -1;
    const turn = Math.floor(step / TRIES_A_CLUSTER);
    const cluster = nthSmallest(this.#clusterScores, turn % count);
    const depth = TRIES_A_CLUSTER * Math.floor(turn / count) + step % TRIES_A_CLUSTER;
    const hosts = this.#rankHosts(user, cluster, avoided);
    return this.#firsts[cluster] + nthSmallest(this.#hostScores, depth % hosts);
  }

  /** Scores every cluster, `Infinity` where nobody can go; returns how many are left. */
  #rankClusters(user: number, avoided: Avoided): number {
    const { networks = [], rttMs } = this.#standpoint;
    const known = this.clusters.map(({ name }) => rttMs?.(name));
    // A cluster that was never seen is no reason to leave a good one, nor to stay at a bad one.
    const nearest = Math.min(...known.map((ms) => ms ?? Infinity));
    let count = 0;
    for (const [i, { network, weight }] of this.clusters.entries()) {
      const best = this.#bestState(i, avoided);
      if (best === "out") {
        this.#clusterScores[i] = Infinity;
        continue;
      }
      count++;
      const at = networks.indexOf(network);
      const near = nearest === Infinity ? 0 : Math.floor((known[i] ?? nearest) / RTT_CLASS_MS);
      // A rank is worth more than any score: those are below 1 once they are squeezed.
      const drawn = score(this.#clusterSeeds[i], user, weight);
      this.#clusterScores[i] = (best === "drain" ? DRAIN_RANK : 0) +
        (at < 0 ? networks.length : at) * 1000 + Math.min(999, near) + drawn / (1 + drawn);
    }
    return count;
  }

  #rankHosts(user: number, cluster: number, avoided: Avoided): number {
    const { hosts } = this.clusters[cluster];
    const best = this.#bestState(cluster, avoided);
    let count = 0;
    this.#hostScores.fill(Infinity);
    for (let i = 0; i < hosts.length; i++) {
      const place = this.#firsts[cluster] + i;
      if (this.#stateOf(place, avoided) !== best) continue;
      count++;
      this.#hostScores[i] = score(this.#hostSeeds[place], user, hosts[i].weight);
    }
    return count;
  }

  /** The best state that a host of a cluster has: hosts that are drained don't count beside one that is up. */
  #bestState(cluster: number, avoided: Avoided): PlaceState {
    let best: PlaceState = "out";
    for (let i = 0; i < this.clusters[cluster].hosts.length && best !== "up"; i++) {
      const state = this.#stateOf(this.#firsts[cluster] + i, avoided);
      if (state !== "out") best = state;
    }
    return best;
  }

  #stateOf(place: number, avoided: Avoided): PlaceState {
    const { cluster, state } = this.places[place];
    if (avoided.place < 0) return state;
    const isAvoided = avoided.isWholeCluster
      ? cluster === this.places[avoided.place].cluster
      : place === avoided.place;
    return isAvoided ? "out" : state;
  }
}

function worse(a: PlaceState, b: PlaceState): PlaceState {
  return PLACE_STATES[Math.max(PLACE_STATES.indexOf(a), PLACE_STATES.indexOf(b))];
}

/** Where the number stands that has `n` smaller ones before it. The lists are short, and `n` is nearly always 0 or 1. */
function nthSmallest(numbers: Float64Array, n: number): number {
  let at = -1;
  for (let found = 0; found <= n; found++) {
    let next = -1;
    for (let i = 0; i < numbers.length; i++) {
      const isAfter = at < 0 || numbers[i] > numbers[at] || (numbers[i] === numbers[at] && i > at);
      if (isAfter && (next < 0 || numbers[i] < numbers[next])) next = i;
    }
    at = next;
  }
  return at;
}
