import { systemClock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { Random, systemSeed } from "../../base/random.ts";
import type { CounterPlace } from "../../counters/counters.ts";
import { LedgerBoard } from "../../ledger/ring/ledger_board.ts";
import { Background } from "../../os/background.ts";
import { closeThread, onParentMessage, postToParent } from "../../threads/thread.ts";
import { Waker } from "../../threads/waker.ts";
import { openBooks } from "../open/open_books.ts";
import { TruthSource } from "./ledger_source.ts";
import type { UplinkHost } from "./uplink.ts";
import { type UplinkReport, UplinkRunner } from "./uplink_runner.ts";

/** What the uplink's thread is started with. */
export interface UplinkInit extends UplinkHost {
  readonly url: string;
  /** The ledger's directory. */
  readonly directory: string;
  /** The hash of the seed file that is given away, if one is. */
  readonly seedHash: string | undefined;
  readonly waker: SharedArrayBuffer;
  readonly ledgerBoard: SharedArrayBuffer;
  readonly counters: CounterPlace;
}

/** The life of the uplink's thread. Its message to end is the only one, and comes after the ledger's last row. */
export async function runUplinkWorker(init: UplinkInit): Promise<void> {
  const waker = new Waker(init.waker);
  const background = new Background();
  const worker = new UplinkRunner({
    ...init,
    openSource: () => TruthSource.beside(init.directory),
    openBooks: () => openBooks(init.url),
    board: new LedgerBoard(init.ledgerBoard),
    clock: systemClock,
    random: new Random(systemSeed()),
    report: (message: UplinkReport) => postToParent(message),
    setUrgent: (isUrgent) => background.isUrgent = isUrgent,
  });
  onParentMessage(() => {
    worker.hurry();
    waker.wake();
  });
  for (;;) {
    waker.awake();
    const restMs = await worker.turn();
    if (restMs === undefined) break;
    // Books in a file never wait: without a turn of the event loop nobody could end this.
    if (restMs === 0) await nextTurn();
    else await waker.sleep(restMs);
  }
  await worker.close();
  closeThread();
}
