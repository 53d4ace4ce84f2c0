import type { Clock } from "../../base/clock.ts";
import type { Block, Cursor, Fence, Intake, SeedHolder } from "../contract/intake.ts";
import type { LedgerSource } from "./ledger_source.ts";

/** Rows of a block: with more a row costs hardly less. */
export const ROWS_PER_BLOCK = 1_000;
/** How long a row waits at most for others to go with it. */
const GATHER_MS = 1_000;
/** How often the ledger is looked at while there is nothing to do. */
const LOOK_MS = 100;
/** How often a host without news says that it has none. */
const HEARTBEAT_MS = 1_000;

/** Which host an uplink is of. */
export interface UplinkHost {
  readonly host: number;
  readonly name: string;
}

export interface UplinkParts extends UplinkHost {
  readonly intake: Intake;
  readonly source: LedgerSource;
  readonly clock: Clock;
  /**
   * A wall time before which nothing can be dated that isn't in the source by now; undefined if nobody can say. Asked
   * before the source is looked at.
   */
  readonly quietMs: () => number | undefined;
  /** Whether rows go at once, without waiting for others. */
  readonly isHurried?: () => boolean;
  /** The seed file that this ledger gives away, if it does; it is claimed whenever the books are asked where they stand. */
  readonly seedHash?: string;
  /** Called when another ledger has claimed that file. */
  readonly onSeedTaken?: (holder: SeedHolder) => void;
}

/** What a turn came to. */
export interface UplinkTurn {
  /** Rows that the books have taken. */
  readonly rows: number;
  /** How long there is nothing to do. */
  readonly restMs: number;
}

/** Why the books don't take this ledger's rows. */
export type RefusalKind =
  /** Another ledger has the host's number. */
  | "number"
  /** Another machine goes on with the ledger. */
  | "adopted"
  /** The books know rows that this ledger lacks, or has otherwise: it is a copy, or an older state. */
  | "copy";

/** The books have another ledger's rows, or another history of this one. Somebody must do something. */
export class UplinkRefused extends Error {
  override name = "UplinkRefused";
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Carries a ledger's rows to the books, each once, in order. What the books have decides where it goes on: it remembers
 * nothing itself, so it may die, be there twice, or find that the books fell back.
 */
export class Uplink {
  readonly #parts: UplinkParts;
  /** Where the books stand; undefined while that must be asked. */
  #cursor: Cursor | undefined;
  /** Where they stood last, as far as that is known. */
  #known: Cursor | undefined;
  #gatheringSinceMs: number | undefined;
  #nextHeartbeatMs = -Infinity;

  constructor(parts: UplinkParts) {
    this.#parts = parts;
  }

  /** Where the books stood last; undefined before they were reached. */
  get known(): Cursor | undefined {
    return this.#known;
  }

  /** Whether the books have all that the ledger had at the last look. */
  get isCaughtUp(): boolean {
    return this.#cursor !== undefined && this.#parts.source.lastSeq() === this.#cursor.seq;
  }

  /**
   * Does one thing.
   *
   * @throws BooksAway to be tried again
   * @throws UplinkRefused, SourceRefused if somebody must do something; it may be tried again
   */
  async turn(): Promise<UplinkTurn> {
    const { source, clock, isHurried } = this.#parts;
    const cursor = this.#cursor ??= await this.#stand();
    this.#known = cursor;
    const quietMs = this.#parts.quietMs(); // before the look
    const waiting = source.lastSeq() - cursor.seq;
    const nowMs = clock.monotonicMs();
    if (waiting <= 0) {
      this.#gatheringSinceMs = undefined;
      return await this.#heartbeat(cursor, quietMs, nowMs);
    }
    this.#gatheringSinceMs ??= nowMs;
    const dueMs = this.#gatheringSinceMs + GATHER_MS;
    if (waiting < ROWS_PER_BLOCK && nowMs < dueMs && isHurried?.() !== true) {
      return { rows: 0, restMs: Math.min(LOOK_MS, dueMs - nowMs) };
    }
    return await this.#send(cursor);
  }

  async #send(cursor: Cursor): Promise<UplinkTurn> {
    const { host, source, intake } = this.#parts;
    const { seq, headHex, ledger } = cursor;
    const found = source.blockAfter({ seq, headHex }, ROWS_PER_BLOCK);
    if (found === undefined) return { rows: 0, restMs: LOOK_MS };
    const block: Block = { host, ledger, ...found };
    const isTaken = await intake.append(block);
    this.#gatheringSinceMs = undefined;
    // Whatever stands in the way, the books' cursor says it: another uplink of this host, a reply that was lost, books
    // that fell back.
    this.#cursor = isTaken ? { ...cursor, ...block.to, epoch: block.epochAfter } : undefined;
    if (!isTaken) return { rows: 0, restMs: 0 };
    this.#known = this.#cursor;
    return { rows: block.to.seq - block.from.seq, restMs: 0 };
  }

  async #heartbeat(cursor: Cursor, quietMs: number | undefined, nowMs: number): Promise<UplinkTurn> {
    if (nowMs >= this.#nextHeartbeatMs && quietMs !== undefined) {
      this.#nextHeartbeatMs = nowMs + HEARTBEAT_MS;
      const { host, ledger, epoch, seq, headHex } = cursor;
      const fence: Fence = { host, ledger, epoch, seq, headHex };
      const isThere = await this.#parts.intake.heartbeat(fence, quietMs);
      if (!isThere) {
        this.#cursor = undefined;
        return { rows: 0, restMs: 0 };
      }
    }
    return { rows: 0, restMs: LOOK_MS };
  }

  /** Asks the books where they stand, and whether that is a place in this ledger's history. */
  async #stand(): Promise<Cursor> {
    const { host, name, source, intake } = this.#parts;
    const { ledger, genesisHex } = source;
    const cursor = await intake.cursor(host) ?? await intake.enrol({ host, name, ledger, genesisHex });
    if (cursor.ledger !== ledger) {
      throw new UplinkRefused(
        "number",
        `host number ${host} is ledger ${cursor.ledger} (${cursor.name}) in the books, and this one is ledger ` +
          `${ledger}. Give this host another --host-number, with a new --ledger`,
      );
    }
    await this.#claimSeed();
    if (source.knows(cursor) && source.epochAt(cursor.seq) === cursor.epoch) return cursor;
    const { seq, epoch } = cursor;
    const last = source.lastSeq();
    if (epoch > source.epochAt(last)) {
      throw new UplinkRefused(
        "adopted",
        `another machine has adopted this ledger and goes on with it (epoch ${epoch} in the books). ` +
          "What is won here is not paid: stop this server",
      );
    }
    const differs = seq > last ? `this ledger ends with row ${last}` : `this ledger has another row ${seq}`;
    throw new UplinkRefused(
      "copy",
      `this is a copy or an older state of its ledger: the books know rows up to ${seq}, and ${differs}. ` +
        "What is won here is not paid: stop this server, and go on with the ledger that the books know",
    );
  }

  /** Books that fell back may have lost the claim too. */
  async #claimSeed(): Promise<void> {
    const { intake, host, source: { ledger }, seedHash, onSeedTaken, clock } = this.#parts;
    if (seedHash === undefined) return;
    const holder = await intake.claimSeed({ hash: seedHash, host, ledger }, clock.wallMs());
    if (holder.ledger !== ledger) onSeedTaken?.(holder);
  }
}
