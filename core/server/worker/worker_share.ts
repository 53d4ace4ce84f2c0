/** What one worker gets of a host. */
export interface WorkerShare {
  readonly worker: number;
  /** Most connections. */
  readonly capacity: number;
  /** Number on the host of its first SET, and how many it has. */
  readonly firstSet: number;
  readonly sets: number;
}

/** Shares a host's connections over its workers, and cuts each share into SETs of at most `seats` connections. */
export function shareOut(capacity: number, workers: number, seats: number): WorkerShare[] {
  const shares: WorkerShare[] = [];
  let firstSet = 0;
  for (let worker = 0; worker < workers; worker++) {
    const share = Math.floor(capacity / workers) + (worker < capacity % workers ? 1 : 0);
    const sets = Math.ceil(share / seats);
    shares.push({ worker, capacity: share, firstSet, sets });
    firstSet += sets;
  }
  return shares;
}
