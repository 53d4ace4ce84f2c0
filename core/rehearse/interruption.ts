import type { Host } from "../cli/host.ts";
import { ExitCode } from "../base/user_error.ts";
import { RehearsalBroken } from "./run.ts";

/** Ctrl-C and SIGTERM during a rehearsal: the first breaks it off and lets its processes end, the second ends it at once. */
export class Interruption implements Disposable {
  readonly #abort = new AbortController();
  readonly #forget: () => void;

  constructor(host: Host) {
    this.#forget = host.onStopSignal((signal) => {
      if (this.signal.aborted) host.exit(ExitCode.interrupted);
      this.#abort.abort(new RehearsalBroken(`ended by ${signal}`, ExitCode.interrupted));
    });
  }

  /** Aborted by the first, with a `RehearsalBroken` for its reason. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** From now on a signal does what it does to any process. */
  [Symbol.dispose](): void {
    this.#forget();
  }
}
