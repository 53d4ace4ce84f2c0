import { signalEventfd } from "../os/posix.ts";
import { holdEventLoop } from "../base/event_loop.ts";

const SLEEPING = 0;
const WAKES = 1;
const DESCRIPTOR = 2;

/** Bytes of shared memory that a waker takes. */
export const WAKER_BYTES = 12;

/**
 * Wakes a sleeping thread from another one, and costs next to nothing while it is awake. Three 32-bit words of shared
 * memory: whether its owner sleeps, how often it was woken, and the owner's eventfd if it waits in the kernel.
 *
 * No wake is lost: whoever wakes counts up first and then looks whether the owner sleeps; the owner says that it sleeps
 * first and then looks whether the count has changed since it last began to look for work.
 */
export class Waker {
  readonly words: Int32Array<SharedArrayBuffer>;
  #seen = 0;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(WAKER_BYTES)) {
    this.words = new Int32Array(memory);
  }

  /** For the owner, once, before anybody wakes it: the eventfd that its engine waits on. */
  useDescriptor(fd: number): void {
    Atomics.store(this.words, DESCRIPTOR, fd);
  }

  /** Any thread: there is work for the owner. Put the work where it is found before this. */
  wake(): void {
    Atomics.add(this.words, WAKES, 1);
    if (Atomics.load(this.words, SLEEPING) === 0) return;
    const fd = Atomics.load(this.words, DESCRIPTOR);
    if (fd > 0) signalEventfd(fd);
    else Atomics.notify(this.words, WAKES);
  }

  /** Owner: awake, and about to look for work. */
  awake(): void {
    Atomics.store(this.words, SLEEPING, 0);
    this.#seen = Atomics.load(this.words, WAKES);
  }

  /** Owner: nothing found. True if it may sleep now; false if somebody called `wake` since `awake`. */
  maySleep(): boolean {
    Atomics.store(this.words, SLEEPING, 1);
    return Atomics.load(this.words, WAKES) === this.#seen;
  }

  /** Owner without an eventfd: blocks the thread until a wake or the end of the time. */
  sleepBlocking(maxMs: number): void {
    if (this.maySleep()) Atomics.wait(this.words, WAKES, this.#seen, maxMs);
  }

  /** Owner without an eventfd: resolves at a wake or at the end of the time. */
  async sleep(maxMs: number): Promise<void> {
    if (!this.maySleep()) return;
    const waiting = Atomics.waitAsync(this.words, WAKES, this.#seen, maxMs);
    if (!waiting.async) return;
    const letGo = holdEventLoop();
    await waiting.value;
    letGo();
  }
}
