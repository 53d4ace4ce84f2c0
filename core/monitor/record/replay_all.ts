import type { OnStage } from "../../cli/progress.ts";
import type { ManualClock } from "../../base/clock.ts";
import type { MoneyView } from "../money/money_view.ts";
import type { MoneyWatch } from "../money/money_watch.ts";
import type { MonitorCore } from "../collect/monitor_core.ts";
import type { Replay } from "./replay.ts";
import { GRACE_MS } from "../timeline/timeline.ts";

/** How a record is put into a core, a piece at a time. */
export interface ReplayPace {
  /** Called before each batch with the ms that lay between it and the one before. */
  pause(ms: number): Promise<void>;
  /** Whether nobody wants the rest any more. */
  isStopped(): boolean;
  readonly onStage?: OnStage;
  /** Where it is shown where the money was. */
  readonly money?: MoneyWatch;
}

/**
 * Puts a record into a core, on a clock that goes as the record does.
 *
 * @param clock the core's own, behind the record's beginning
 * @returns how many snapshots there were
 */
export async function replayInTime(
  replay: Replay,
  core: MonitorCore,
  clock: ManualClock,
  { pause, isStopped, onStage, money }: ReplayPace,
): Promise<number> {
  const steps = replaySteps(replay, core, clock, onStage, money);
  while (true) {
    const { value, done } = steps.next();
    if (done) return value.count;
    await pause(value.pauseMs);
    if (isStopped()) return value.count;
  }
}

/** The same, all at once. */
export function replayAll(replay: Replay, core: MonitorCore, clock: ManualClock, onStage?: OnStage): number {
  const steps = replaySteps(replay, core, clock, onStage);
  while (true) {
    const { value, done } = steps.next();
    if (done) return value.count;
  }
}

interface ReplayStep {
  readonly pauseMs: number;
  /** Snapshots so far. */
  readonly count: number;
}

function* replaySteps(
  replay: Replay,
  core: MonitorCore,
  clock: ManualClock,
  onStage: OnStage = () => {},
  money?: MoneyWatch,
): Generator<ReplayStep, ReplayStep, void> {
  let [count, lastSecond] = [0, 0];
  const inAll = replay.batchCount;
  const marks = replay.marks();
  core.declare(replay.charts());
  /** Marks show when their time comes; the rest at the end. */
  function mark(untilMs: number): void {
    while (marks.length > 0 && marks[0].atMs <= untilMs) core.marks.add(marks.shift()!);
  }
  const views = replay.money();
  let view: MoneyView | undefined = money === undefined ? undefined : views.next().value ?? undefined;
  function showMoney(untilMs: number): void {
    for (; view !== undefined && view.atMs <= untilMs; view = views.next().value ?? undefined) {
      money!.show(view);
    }
  }
  for (const { atMs, snapshots } of replay.batches()) {
    const aheadMs = atMs - clock.wallMs();
    if (count > 0) yield { pauseMs: Math.max(0, aheadMs), count };
    if (aheadMs > 0) clock.advance(aheadMs);
    for (const [target, snapshot] of snapshots) {
      core.replay(target, snapshot);
      lastSecond = Math.max(lastSecond, snapshot.second);
    }
    mark(atMs);
    showMoney(atMs);
    core.tick();
    count += snapshots.length;
    onStage(replay.path, 1, inAll, "seconds");
  }
  // What the grace would have waited for doesn't come any more.
  clock.advance(Math.max(0, (lastSecond + 1) * 1000 + GRACE_MS - clock.wallMs()));
  core.tick();
  mark(Infinity);
  showMoney(Infinity);
  return { pauseMs: 0, count };
}
