import { type CounterPlace, Counters } from "../../counters/counters.ts";
import { Waker } from "../../threads/waker.ts";
import { Background } from "../../os/background.ts";
import { collectGarbage } from "../../os/collect_garbage.ts";
import { closeThread, onParentMessage, postToParent } from "../../threads/thread.ts";
import { systemClock } from "../../base/clock.ts";
import { isDatabaseDamage } from "../../base/database_damage.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { Projection } from "../projection/projection.ts";
import { Projector } from "../projection/projector.ts";
import type { LedgerSync } from "../store/sqlite_store.ts";

/** What the projector's thread is started with. */
export interface ProjectorInit {
  readonly directory: string;
  readonly sync: LedgerSync;
  readonly waker: SharedArrayBuffer;
  readonly counters: CounterPlace;
}

/** Messages from the projector's thread. */
export type ProjectorReport =
  | { readonly type: "stopped" }
  /** It can't go on: awards are as safe as before, but questions get old answers. */
  | { readonly type: "failing"; readonly reason: string };

/** How often it looks for new rows. */
const LOOK_MS = 250;
/**
 * Between its pieces of work it rests, for as long as a bulk took, and thrice as long as what can wait longer: without
 * idle moments on its core, the kernel would let those that somebody waits for share the other cores.
 */
const REST_PER_BULK = 1;
const REST_PER_TIDY = 3;
/** With rows that are older than this it no longer waits until nobody else wants its core, nor rests. */
const URGENT_LAG_MS = 1_000;
/** How long a failing projection is left alone. */
const REST_MS = 5_000;

const report = (message: ProjectorReport) => postToParent(message);

/** The life of the projector's thread. Its message to end is the only one. */
export async function runProjectorWorker(init: ProjectorInit): Promise<void> {
  const background = new Background();
  const waker = new Waker(init.waker);
  let isStopped = false;
  onParentMessage(() => {
    isStopped = true;
    waker.wake();
  });
  const counters = Counters.at(init.counters);
  const { layout } = counters;
  const values = counters.block(init.counters.block);
  const rowsHandle = layout.handle("projectionRows");
  const lagRows = layout.handle("projectionLagRows");
  const lagMs = layout.handle("projectionLagMs");
  const checkpoints = layout.handle("projectionCheckpoints");
  let projector: Projector | undefined;
  let told = "";
  let hasCollected = false;
  let nextLookMs = 0;
  for (;;) {
    waker.awake();
    const startMs = systemClock.monotonicMs();
    let restMs = 0;
    let restPerWork = REST_PER_BULK;
    try {
      projector ??= new Projector(init.directory, systemClock, { sync: init.sync });
      let lag = 0;
      if (isStopped || startMs >= nextLookMs) {
        const hurryIfLate = () => background.isUrgent = isStopped || projector!.lagMs() >= URGENT_LAG_MS;
        hurryIfLate();
        const turn = projector.turn(hurryIfLate);
        projector.emptyLog();
        values[rowsHandle] = projector.seq;
        values[lagRows] = turn.lagRows;
        values[lagMs] = lag = turn.lagMs;
        if (turn.lagRows === 0) nextLookMs = startMs + LOOK_MS;
        if (turn.lagRows === 0 && isStopped) {
          projector.finish();
          break;
        }
      } else if (projector.tidy()) {
        restPerWork = REST_PER_TIDY;
      } else {
        restMs = nextLookMs - startMs;
        if (!hasCollected) collectGarbage();
        hasCollected = true;
      }
      values[checkpoints] = projector.checkpoints;
      told = "";
      if (restMs === 0 && lag < URGENT_LAG_MS) {
        restMs = Math.ceil((systemClock.monotonicMs() - startMs) * restPerWork);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // Said once, not every few seconds while nothing changes.
      if (reason !== told) report({ type: "failing", reason });
      told = reason;
      if (isStopped) break;
      projector?.close();
      projector = undefined;
      if (isDatabaseDamage(error)) Projection.setAside(init.directory, systemClock.wallMs());
      restMs = REST_MS;
    }
    if (isStopped || restMs === 0) await nextTurn();
    else await waker.sleep(restMs);
  }
  projector?.close();
  report({ type: "stopped" });
  closeThread();
}
