import { setImmediate } from "node:timers";
import { every } from "./clock.ts";

/** The longest period that a timer can hold; longer ones would fire at once. */
const MAX_TIMER_MS = 0x7fff_ffff;

/**
 * Keeps the event loop alive until the returned function is called. The runtime takes `Atomics.waitAsync` for nothing
 * under way and would end the program beneath it. No time limit: a wait that times out comes back some ms after its
 * time, when a timer of the same length would already have let go.
 */
export function holdEventLoop(): () => void {
  return every(MAX_TIMER_MS, () => {});
}

/** Resolves when the event loop has once looked for finished operations. A timer of 0 ms would take over 1 ms. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
