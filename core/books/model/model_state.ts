import type { BooksEvent } from "../contract/event.ts";
import type { BooksAct, Hold } from "../account/holds.ts";
import type { Cursor, SeedHolder } from "../contract/intake.ts";
import type { Opening } from "../contract/openings.ts";
import type { Reissue, ReissuedRange } from "../account/reissues.ts";
import type { BooksAward } from "../account/statements.ts";

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
  /** By packet. */
  readonly awards: Map<number, ModelAward>;
  /** By user: sponsors of what they were given. */
  readonly holders: Map<number, readonly number[]>;
  /** Openings of packets that had been judged before. */
  readonly again: Opening[];
  readonly holds: Hold[];
  readonly revoked: { first: number; last: number }[];
  readonly acts: BooksAct[];
  readonly reissues: Reissue[];
  readonly reissued: (ReissuedRange & { readonly host: number })[];
}

/** An award with what only payment needs. */
export interface ModelAward extends BooksAward {
  readonly dueMs: number;
  readonly claims: number;
  /** It was once not known whether it was paid. */
  readonly hasDoubt: boolean;
}

/** Books of which nobody has said anything yet. */
export function emptyState(event: BooksEvent): ModelState {
  return {
    event,
    hosts: new Map(),
    rows: new Map(),
    bodies: new Map(),
    openings: [],
    claims: new Map(),
    awards: new Map(),
    holders: new Map(),
    again: [],
    holds: [],
    revoked: [],
    acts: [],
    reissues: [],
    reissued: [],
  };
}
