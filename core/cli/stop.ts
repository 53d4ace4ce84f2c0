import { after } from "../base/clock.ts";
import { ExitCode } from "../base/user_error.ts";
import type { Host } from "./host.ts";

/** Whether a command that goes on and on is to end, and its way of waiting. */
export class Stop {
  #isStopped = false;
  readonly #stopped = Promise.withResolvers<void>();

  get isStopped(): boolean {
    return this.#isStopped;
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopped.resolve();
  }

  /** Resolves after so long, or when it is to end. */
  async wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = after(ms, resolve);
    await Promise.race([promise, this.#stopped.promise]);
    cancel();
  }
}

/** Stops at the first signal, and ends the process at the second; until the returned function is called. */
export function stopOnSignal(host: Pick<Host, "onStopSignal" | "exit">, stop: Stop): () => void {
  return host.onStopSignal(() => {
    if (stop.isStopped) host.exit(ExitCode.interrupted);
    stop.stop();
  });
}
