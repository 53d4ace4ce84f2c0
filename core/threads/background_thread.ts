import { sleep } from "../base/clock.ts";
import { Waker } from "./waker.ts";

/** What a background thread says: that it has ended by its own order, or whatever its owner wants to hear. */
export type BackgroundReport = { readonly type: string };

/**
 * A thread that works beside the others and that nobody waits for, from the main thread's side. It is told once what to
 * do, with its waker in it; the order to stop is its only other message, and its last word is `stopped`.
 */
export class BackgroundThread<Report extends BackgroundReport> {
  readonly #thread: Worker;
  readonly #waker = new Waker();
  readonly #stopped = Promise.withResolvers<void>();

  /**
   * @param thread just started
   * @param init plain values and shared memory
   */
  constructor(
    thread: Worker,
    init: object,
    onReport: (report: Report) => void,
  ) {
    this.#thread = thread;
    thread.onmessage = ({ data }: MessageEvent<Report>) => {
      onReport(data);
      if (data.type === "stopped") this.#stopped.resolve();
    };
    thread.postMessage({ ...init, waker: this.#waker.words.buffer });
  }

  /** Resolves once it has ended, or after `maxMs`, if that is given: then it is left behind. */
  async stop(maxMs?: number): Promise<void> {
    this.#thread.postMessage("stop");
    this.#waker.wake();
    const { promise } = this.#stopped;
    await (maxMs === undefined ? promise : Promise.race([promise, sleep(maxMs)]));
  }
}
