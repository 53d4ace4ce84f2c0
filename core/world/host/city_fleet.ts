import type { Random } from "../../base/random.ts";
import { Fleet } from "../../client/fleet/fleet.ts";
import type { FleetSettings } from "../../client/fleet/fleet_options.ts";
import { AWARD_MAILBOX_WORDS, AwardLog, awardsIn } from "../../client/state/award_log.ts";
import { fleetMetrics } from "../../client/state/metrics.ts";
import { Counters } from "../../counters/counters.ts";
import type { SimActor } from "../../engine/sim/agenda.ts";
import type { SimNetwork } from "../../engine/sim/network.ts";
import { SimEngine } from "../../engine/sim/sim.ts";
import { Mailbox, mailboxBytes } from "../../threads/mailbox.ts";
import { Waker } from "../../threads/waker.ts";
import type { Witness } from "../watch/witness.ts";

/** Awards that wait in one pass. */
const MAX_WAITING = 4_096;

export interface CityFleetParts {
  readonly network: SimNetwork;
  readonly address: number;
  readonly settings: FleetSettings;
  readonly random: Random;
  readonly witness: Witness;
}

/** The users of a city: the fleet of `redpkt client`, and what its users have seen. */
export class CityFleet implements SimActor {
  readonly counters = new Counters(fleetMetrics, 1);
  readonly #engine: SimEngine;
  readonly #fleet: Fleet;
  readonly #awards: Mailbox;
  readonly #settings: FleetSettings;
  readonly #witness: Witness;

  constructor({ network, address, settings, random, witness }: CityFleetParts) {
    this.#witness = witness;
    this.#settings = settings;
    const { clock } = network;
    this.#engine = new SimEngine({
      capacity: settings.slice.count,
      clock,
      waker: new Waker(),
      network,
      address,
    });
    this.#awards = new Mailbox(new SharedArrayBuffer(mailboxBytes(AWARD_MAILBOX_WORDS)));
    this.#fleet = new Fleet({
      ...settings,
      engine: this.#engine,
      clock,
      random,
      counters: this.counters,
      block: 0,
      awards: new AwardLog(this.#awards, MAX_WAITING),
    });
  }

  turn(): void {
    void this.#fleet.pass(0);
    this.#awards.drain((_kind, _set, _plugin, words, at, count) => {
      for (const seen of awardsIn(words, at, count)) if (seen.packetId !== 0) this.#witness.heard(seen);
    });
  }

  nextDueMs(): number {
    return Math.min(this.#fleet.nextDueMs(), this.#engine.nextDueMs());
  }

  get users(): number {
    return this.#settings.slice.count;
  }

  /** How many of them dial a host, always. */
  usersOf(address: number): number {
    const { slice: { count }, targets } = this.#settings;
    const at = targets.findIndex((target) => target.address === address);
    return at < 0 ? 0 : Math.floor((count - at + targets.length - 1) / targets.length);
  }

  total(name: string): number {
    return this.counters.total(name);
  }
}
