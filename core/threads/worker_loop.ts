import { nextTurn } from "../base/event_loop.ts";
import { Foreground, type Priority } from "../os/foreground.ts";

/** What a thread does over and over: a pass takes what came and does what is due, then sleeps. */
export interface WorkerLoop {
  /** It has obeyed the order to stop. */
  readonly isStopped: boolean;
  /** When the last pass woke, in monotonic ms. */
  readonly nowMs: number;
  pass(): void | Promise<void>;
}

/**
 * Turns a loop until it has stopped.
 *
 * @param yieldMs how often a busy loop lets the runtime do its own work, such as ending finalized objects
 * @param onPriority told after each pass whether the thread runs before all others: 1 or 0
 */
export async function runLoop(
  loop: WorkerLoop,
  priority: Priority,
  yieldMs: number,
  onPriority: (isFirst: number) => void,
): Promise<void> {
  const foreground = new Foreground(priority);
  let yieldAtMs = 0;
  while (!loop.isStopped) {
    const passing = loop.pass();
    foreground.look(loop.nowMs);
    onPriority(Number(foreground.isFirst));
    if (passing !== undefined) await passing;
    else if (loop.nowMs >= yieldAtMs) {
      await nextTurn();
      yieldAtMs = loop.nowMs + yieldMs;
    }
  }
}
