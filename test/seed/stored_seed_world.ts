import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { Random } from "../../core/base/random.ts";
import { SimStore } from "../sim/sim_store.ts";
import { SeedWorld } from "./seed_world.ts";

/** A host with tickets whose ledger is on a disk that a test can break. */
export class StoredSeedWorld extends SeedWorld {
  // Made by `start`, which the parent's constructor calls.
  declare store: SimStore;

  override start(): void {
    this.store ??= new SimStore(new Random(1));
    this.store.close();
    const { judge } = openJudge(this.store, undefined, NO_LIMITS);
    super.start({ ledger: new StoredLedger(judge, this.store, this.network.clock) });
  }

  restart(): void {
    this.kill();
    this.start();
  }
}
