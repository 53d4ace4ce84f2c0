/** How fetching a chunk went. */
export const Fetched = {
  /** It is there, and its hash is what the manifest says. */
  whole: 0,
  /** The depot says to come again. */
  later: 1,
  /** No answer, or none that can be used. */
  failed: 2,
  /** It came, and has another hash. */
  damaged: 3,
  /** Broken off since people are about to shake; what has come is kept. */
  brokenOff: 4,
} as const;
export type Fetched = typeof Fetched[keyof typeof Fetched];

/** Told once of each chunk that was begun; `retryS` with `later`. */
export type OnFetched = (user: number, chunk: number, outcome: Fetched, retryS: number) => void;

/** Where chunks come from. */
export interface ChunkSource {
  /** Begins to fetch, or returns false if so many are under way that one has to wait. */
  fetch(user: number, chunk: number, done: OnFetched): boolean;
  /** What came or is due in the meantime. */
  tick(nowMs: number, wallMs: number): void;
  /** Breaks off everything that is under way, at once. */
  breakOff(): void;
  /** How many are under way. */
  readonly underWay: number;
}
