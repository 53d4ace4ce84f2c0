import { SimNetwork, type SimNetworkOptions } from "../../core/engine/sim/network.ts";
import type { LedgerLimits } from "../../core/ledger/record/ledger.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { Random } from "../../core/base/random.ts";
import { SimClient } from "./sim_client.ts";
import { SimHost, type SimHostOptions } from "../../core/world/host/sim_host.ts";
import { SimKilled, SimStore } from "./sim_store.ts";

export interface DisasterOptions {
  readonly seed: number;
  readonly network: SimNetworkOptions;
  readonly limits: LedgerLimits;
  readonly host: Pick<SimHostOptions, "plugins" | "ringEntries">;
  readonly ledgerClass?: typeof StoredLedger;
  /** Orders given to a host that has just started. */
  readonly afterStart: (host: SimHost) => void;
}

/**
 * A host in virtual time whose disk outlives it: it dies in the middle of a commit or whenever a test says so, and starts
 * again on what was durable, each time with other numbers of workers and SETs.
 */
export class Disaster {
  readonly random: Random;
  readonly network: SimNetwork;
  readonly client: SimClient;
  readonly store: SimStore;
  /** How often the host was ended by the test itself. */
  restarts = 0;
  readonly #options: DisasterOptions;
  #host!: SimHost;

  constructor(options: DisasterOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.network = new SimNetwork(options.seed, options.network);
    this.client = new SimClient(this.network);
    this.store = new SimStore(this.random.fork());
  }

  /** For messages of assertions. */
  get where(): string {
    return `seed ${this.#options.seed}`;
  }

  /** Faults of disk and processes, and restarts. */
  get troubles(): number {
    return this.store.failures + this.store.kills + this.restarts;
  }

  async start(): Promise<void> {
    const { random, network, store } = this;
    const { seed, limits, host, ledgerClass = StoredLedger, afterStart } = this.#options;
    const { judge } = openJudge(store, undefined, limits);
    this.#host = new SimHost(network, {
      workers: 1 + random.below(3),
      setsPerWorker: 1 + random.below(4),
      seats: 60,
      seed,
      verdictMs: 200,
      ledger: new ledgerClass(judge, store, network.clock),
      ...host,
    });
    afterStart(this.#host);
    await this.pass(1);
  }

  async restart(): Promise<void> {
    this.restarts++;
    await this.#startAgain();
  }

  /** Lets time pass; a process that dies meanwhile is started again. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.network.clock.monotonicMs() + ms;
    this.network.at(untilMs, () => {});
    try {
      this.network.run([this.#host, this.client], () => this.network.clock.monotonicMs() >= untilMs);
    } catch (error) {
      if (!(error instanceof SimKilled)) throw error;
      await this.#startAgain();
    }
    for (let i = 0; i < 4; i++) await Promise.resolve();
  }

  async #startAgain(): Promise<void> {
    this.#host.kill();
    this.store.close();
    await this.start();
  }
}
