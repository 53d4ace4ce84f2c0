import { Bell } from "../shared/bell.ts";
import { onParentMessage, postToParent } from "../shared/thread.ts";
import type { Balances } from "./ledger.ts";
import { LedgerLoop } from "./ledger_loop.ts";
import { LedgerRing } from "./ledger_ring.ts";
import { MemoryLedger } from "./memory_ledger.ts";

/** What the ledger thread is started with. */
export interface LedgerInit {
  /** The thread's own bell, and a count that goes up with every turn. */
  readonly bell: SharedArrayBuffer;
  readonly heartbeat: SharedArrayBuffer;
  readonly clients: readonly { readonly ring: SharedArrayBuffer; readonly bell: SharedArrayBuffer }[];
}

/** Messages from the ledger thread to the main thread. */
export type LedgerReport =
  | { readonly type: "ready"; readonly nextPacketId: number }
  | { readonly type: "balances"; readonly balances: Balances };

/** Messages to the ledger thread; entries come through the rings. */
export type LedgerOrder = { readonly type: "balances" };

/** How long the thread sleeps at most, so that its heartbeat shows. */
const MAX_SLEEP_MS = 1_000;

/** The life of the ledger thread. */
export async function runLedgerWorker(init: LedgerInit): Promise<never> {
  const bell = new Bell(init.bell);
  const heartbeat = new Int32Array(init.heartbeat);
  const ledger = new MemoryLedger();
  const clients = init.clients.map(({ ring, bell }) => ({
    ring: new LedgerRing(ring),
    bell: new Bell(bell),
  }));
  const loop = new LedgerLoop(ledger, clients);
  const report = (message: LedgerReport) => postToParent(message);
  onParentMessage(() => report({ type: "balances", balances: ledger.balances() }));
  report({ type: "ready", nextPacketId: ledger.nextPacketId });
  for (;;) {
    bell.awake();
    Atomics.add(heartbeat, 0, 1);
    // After work it looks once more before it sleeps: entries come in bursts.
    if (loop.step() === 0) await bell.sleep(MAX_SLEEP_MS);
  }
}
