import type { Counters } from "../../counters/counters.ts";
import type { Engine } from "../../engine/common/engine.ts";
import type { HoldingsBoard } from "../../ledger/ring/holdings_board.ts";
import type { LedgerRing } from "../../ledger/ring/ledger_ring.ts";
import type { AnyPlugin } from "../../plugin/plugin.ts";
import type { Passes } from "../../token/pass.ts";
import type { FrameCursor } from "../../wire/frame_cursor.ts";
import type { FrameTable } from "../../wire/frame_table.ts";
import type { Connections } from "./connections.ts";
import type { LoginRules } from "./logins.ts";
import type { VerdictWatch } from "./verdict_watch.ts";

/** The loop around the SETs of one worker, as a SET sees it. */
export interface SetHost {
  readonly engine: Engine;
  readonly connections: Connections;
  readonly cursor: FrameCursor;
  /** What the cursor accepts; the plugins add their frames. */
  readonly frames: FrameTable;
  readonly ring: LedgerRing;
  readonly watch: VerdictWatch;
  /** What users have won, beside the ring's verdicts; undefined if users get no passes. */
  readonly holdings: HoldingsBoard | undefined;
  /** Makes and checks passes; undefined if there are no keys for it. */
  readonly passes: Passes | undefined;
  /** Whether the ledger takes awards now. */
  readonly canAward: boolean;
  readonly counters: Counters;
  readonly plugins: readonly { readonly plugin: AnyPlugin; readonly config: unknown }[];
  /** Readings of the present pass. */
  readonly nowMs: number;
  readonly unixMs: number;
  /** The same in whole seconds. */
  readonly unixSeconds: number;
  /** See `EventTime`. */
  readonly eventMs: number;
  readonly logins: LoginRules;
  /** The pass's `secondOf`. */
  readonly second: number;
  // Readings of the present `onBytes`, the same for each of its frames.
  /** How long its new bytes have waited to be read, at most. */
  readonly waitedMs: number;
  /** For how long all of it but the last was left unread on purpose, and the last; 0 if it wasn't. */
  readonly leftMs: number;
  readonly lastLeftMs: number;
  /** A SET wants its loop to read so many connections a pass at most. */
  readLess(local: number, perPass: number): boolean;
  /** A plugin wants to be called at this monotonic time. */
  tickBy(monotonicMs: number): void;
  /** Words to a plugin's half on the main thread. */
  postToHost(set: number, plugin: number, words: Int32Array, count: number): boolean;
  /** Words to a plugin's instance in any SET. */
  postToSet(set: number, plugin: number, words: Int32Array, count: number): boolean;
  /** A plugin has thrown; it is disabled in this SET. */
  pluginFailed(set: number, plugin: number, error: unknown): void;
}

/** Where a SET stands. */
export interface SetPlace {
  /** Its number on the host, and how many SETs there are. */
  readonly index: number;
  readonly setCount: number;
  /** Its number within its worker. */
  readonly local: number;
  /** Most connections. */
  readonly seats: number;
}
