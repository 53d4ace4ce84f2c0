import { setImmediate } from "node:timers";
import { after } from "./clock.ts";

/** The longest wait that a timer can hold; longer ones would fire at once. */
const MAX_TIMER_MS = 0x7fff_ffff;

/**
 * Keeps the event loop alive for `ms`, unless the returned function is called before. The runtime takes
 * `Atomics.waitAsync` for nothing under way and would end the program beneath it.
 */
export function holdEventLoop(ms: number): () => void {
  return after(Math.min(ms, MAX_TIMER_MS), () => {});
}

/** Resolves when the event loop has once looked for finished operations. A timer of 0 ms would take over 1 ms. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
