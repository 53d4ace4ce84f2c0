/** The worker's own side of a thread; its types are not in scope on the main thread. */
interface WorkerScope {
  readonly name: string;
  postMessage(message: unknown): void;
  close(): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

/** This thread's worker scope, or undefined on the main thread. */
function scope(): WorkerScope | undefined {
  const isWorker = "WorkerGlobalScope" in globalThis;
  return isWorker ? globalThis as unknown as WorkerScope : undefined;
}

/** What this thread was started as, such as `access` or `ledger`; undefined on the main thread. */
export function threadRole(): string | undefined {
  return scope()?.name;
}

/** In a worker: sends to whoever started it. */
export function postToParent(message: unknown): void {
  scope()!.postMessage(message);
}

/** In a worker: calls `read` with every later message. */
export function onParentMessage(read: (message: unknown) => void): void {
  scope()!.onmessage = ({ data }) => read(data);
}

/** In a worker: resolves with the first message, which says what to do. */
export function firstParentMessage(): Promise<unknown> {
  return new Promise((resolve) => onParentMessage(resolve));
}

/** In a worker: ends the thread once it has nothing left to do. */
export function closeThread(): void {
  scope()!.close();
}
