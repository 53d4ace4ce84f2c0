import type { BooksEvent } from "../contract/event.ts";
import type { Cursor, SeedHolder } from "../contract/intake.ts";
import type { Opening } from "../contract/openings.ts";

/** All that books in memory hold, as plain values: a copy of it is an older state to fall back to. */
export interface ModelState {
  readonly event: BooksEvent;
  readonly hosts: Map<number, Cursor>;
  /** By host, in order: eight numbers a row. */
  readonly rows: Map<number, number[][]>;
  readonly bodies: Map<number, [seq: number, words: Uint32Array][]>;
  /** What waits to be settled, in no order. */
  readonly openings: Opening[];
  readonly claims: Map<string, SeedHolder>;
}

/** Books of which nobody has said anything yet. */
export function emptyState(event: BooksEvent): ModelState {
  return { event, hosts: new Map(), rows: new Map(), bodies: new Map(), openings: [], claims: new Map() };
}
