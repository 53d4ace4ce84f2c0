import type { Random } from "../../base/random.ts";

/** A server behind a gateway. */
export interface ServerHost {
  /** IPv4 address as a number. */
  readonly address: number;
  readonly port: number;
}

/** How long a host that can't be reached is left alone, at first and at most, in ms. */
const BASE_MS = 250;
const CAP_MS = 5_000;
/** A host that is tried again is left to the one who tries it for so long, in ms. */
const TRIAL_MS = 3_000;

interface HostState {
  readonly host: ServerHost;
  readonly seed: number;
  failures: number;
  /** Not chosen before this, in monotonic ms. */
  untilMs: number;
}

/**
 * Which server a user goes to: the same one for the same user through every gateway, as long as it can be reached
 * (rendezvous hashing: if one is gone, only its users move). One that can't be reached is left out, and tried again by
 * one user at a time, later each time.
 */
export class ServerHosts {
  readonly #states: HostState[];
  readonly #random: Random;

  constructor(hosts: readonly ServerHost[], random: Random) {
    this.#random = random;
    this.#states = hosts.map((host) => ({
      host,
      seed: mixed(host.address ^ Math.imul(host.port, 0x9e37_79b1)),
      failures: 0,
      untilMs: 0,
    }));
  }

  get hosts(): readonly ServerHost[] {
    return this.#states.map(({ host }) => host);
  }

  /** Hosts that can be reached, as far as is known. */
  get up(): number {
    return this.#states.filter(({ failures }) => failures === 0).length;
  }

  isUp(index: number): boolean {
    return this.#states[index].failures === 0;
  }

  /** The user's host now, by its place in the list; -1 if none may be tried at present. */
  choose(user: number, nowMs: number): number {
    let best = -1;
    let bestScore = -1;
    for (const [i, { seed, untilMs }] of this.#states.entries()) {
      if (nowMs < untilMs) continue;
      const score = mixed(seed ^ user);
      if (score > bestScore) [best, bestScore] = [i, score];
    }
    // The first one who comes after a failure tries; the others wait for how that goes.
    if (best >= 0 && this.#states[best].failures > 0) this.#states[best].untilMs = nowMs + TRIAL_MS;
    return best;
  }

  /** A host was reached. */
  reached(index: number): void {
    this.#states[index].failures = 0;
    this.#states[index].untilMs = 0;
  }

  /** A host could not be reached. */
  failed(index: number, nowMs: number): void {
    const state = this.#states[index];
    const waitMs = Math.min(CAP_MS, BASE_MS * 2 ** state.failures);
    state.failures++;
    // Gateways that lost a host together don't try it together.
    state.untilMs = nowMs + waitMs * (0.5 + this.#random.float() / 2);
  }

  /** How long until any host may be tried, in ms. */
  waitMs(nowMs: number): number {
    return Math.max(0, Math.min(...this.#states.map(({ untilMs }) => untilMs)) - nowMs);
  }
}

/** Spreads a number over 32 bits, as murmur3 ends. */
function mixed(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
