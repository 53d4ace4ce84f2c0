import type { ManualClock } from "../time/clock.ts";
import type { MonitorCore } from "./monitor_core.ts";
import type { Replay } from "./replay.ts";
import { GRACE_MS } from "./timeline.ts";

/**
 * Puts a record into a core, on a clock that goes as the record does.
 *
 * @param clock the core's own, behind the record's beginning
 * @param pause called before each batch with the ms that lay between it and the one before
 * @returns how many snapshots there were
 */
export async function replayInTime(
  replay: Replay,
  core: MonitorCore,
  clock: ManualClock,
  pause: (ms: number) => Promise<void>,
): Promise<number> {
  const steps = replaySteps(replay, core, clock);
  while (true) {
    const { value, done } = steps.next();
    if (done) return value;
    await pause(value);
  }
}

/** The same, all at once. */
export function replayAll(replay: Replay, core: MonitorCore, clock: ManualClock): number {
  const steps = replaySteps(replay, core, clock);
  while (true) {
    const { value, done } = steps.next();
    if (done) return value;
  }
}

function* replaySteps(
  replay: Replay,
  core: MonitorCore,
  clock: ManualClock,
): Generator<number, number, void> {
  let [count, lastSecond] = [0, 0];
  for (const { atMs, snapshots } of replay.batches()) {
    const aheadMs = atMs - clock.wallMs();
    if (count > 0) yield Math.max(0, aheadMs);
    if (aheadMs > 0) clock.advance(aheadMs);
    for (const [target, snapshot] of snapshots) {
      core.replay(target, snapshot);
      lastSecond = Math.max(lastSecond, snapshot.second);
    }
    core.tick();
    count += snapshots.length;
  }
  // What the grace would have waited for doesn't come any more.
  clock.advance(Math.max(0, (lastSecond + 1) * 1000 + GRACE_MS - clock.wallMs()));
  core.tick();
  for (const mark of replay.marks()) core.marks.add(mark);
  return count;
}
