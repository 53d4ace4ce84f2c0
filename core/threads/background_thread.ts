import { Waker } from "./waker.ts";

/** What a background thread says: that it has ended by its own order, or whatever its owner wants to hear. */
export type BackgroundReport = { readonly type: string };

/**
 * A thread that works beside the others and that nobody waits for, from the main thread's side. It is told once what to
 * do, with its waker in it; the order to stop is its only other message, and its last word is `stopped`.
 */
export class BackgroundThread<Report extends BackgroundReport> {
  readonly #thread: Worker;
  readonly #stopped = Promise.withResolvers<void>();

  /**
   * @param thread just started
   * @param init plain values and shared memory
   * @param onReport hears all but the last word
   */
  constructor(
    thread: Worker,
    init: Readonly<Record<string, unknown>>,
    onReport: (report: Exclude<Report, { type: "stopped" }>) => void,
  ) {
    this.#thread = thread;
    thread.onmessage = ({ data }: MessageEvent<Report>) => {
      if (data.type === "stopped") this.#stopped.resolve();
      else onReport(data as Exclude<Report, { type: "stopped" }>);
    };
    thread.postMessage({ ...init, waker: new Waker().words.buffer });
  }

  /** Resolves once it has ended. */
  async stop(): Promise<void> {
    this.#thread.postMessage("stop");
    await this.#stopped.promise;
  }
}
