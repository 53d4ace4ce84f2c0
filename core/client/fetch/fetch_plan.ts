import { assert } from "../../base/assert.ts";
import type { Random } from "../../base/random.ts";
import { backoffMs, MAX_ATTEMPT } from "../schedule/backoff.ts";
import { TimerWheel } from "../schedule/timer_wheel.ts";
import { ChunkMap } from "./chunk_map.ts";
import { type ChunkSource, Fetched } from "./chunk_source.ts";
import type { FetchList } from "./fetch_list.ts";

/** The part of the windows, at their end, that is for those who were refused or come late. */
const SPARE_PART = 0.2;
/** The wheel turns so far; who waits longer is put on it again. */
const MOST_WAIT_MS = 60_000;
const FAILED_BACKOFF = { baseMs: 1_000, capMs: 60_000 };
/** Besides what the depot asks for. */
const REFUSED_BACKOFF = { baseMs: 5_000, capMs: 120_000 };
/** Turns of users in one tick, so that the rest of the thread has its turn too. */
const MOST_TURNS = 20_000;

/** What a plan counts. */
export interface FetchCounts {
  chunk(bytes: number): void;
  /** A package of a user is whole: they show it from now on. */
  packageWhole(): void;
  /** So many more users have everything, or fewer after another manifest. */
  usersWhole(by: number): void;
  refused(): void;
  failed(): void;
  damaged(): void;
}

/**
 * When each of some users fetches which chunk: all spread what they lack evenly over the windows of the day plan, by
 * chance, and come later when the depot says so. Between the windows, and while people shake, nobody fetches.
 */
export class FetchPlan {
  map: ChunkMap;
  readonly #random: Random;
  readonly #counts: FetchCounts;
  #list: FetchList;
  #source: ChunkSource;
  #wheel: TimerWheel;
  /** By user: when it is their turn, in monotonic ms; `Infinity` while they fetch or have all. And failures in a row. */
  readonly #dueMs: Float64Array;
  readonly #failures: Uint8Array;
  #isOpen = false;
  #nowMs = 0;
  #wallMs = 0;

  constructor(users: number, list: FetchList, source: ChunkSource, random: Random, counts: FetchCounts) {
    this.map = new ChunkMap(users, list.sha256.length);
    this.#random = random;
    this.#counts = counts;
    this.#list = list;
    this.#source = source;
    this.#wheel = new TimerWheel(users, MOST_WAIT_MS, 0);
    this.#dueMs = new Float64Array(users).fill(Infinity);
    this.#failures = new Uint8Array(users);
  }

  /** Another manifest: chunks that are in it too needn't be fetched again. */
  replace(list: FetchList, source: ChunkSource): void {
    this.#source.breakOff();
    const before = new Map(this.#list.sha256.map((sha256, chunk) => [sha256, chunk]));
    const wholeBefore = this.#whole();
    this.map = this.map.carriedTo(
      list.sha256.length,
      list.sha256.map((sha256) => before.get(sha256) ?? -1),
    );
    this.#counts.usersWhole(this.#whole() - wholeBefore);
    this.#list = list;
    this.#source = source;
    this.#isOpen = false;
  }

  /**
   * Lets those fetch whose turn it is.
   *
   * @param mayFetch false: people shake, or are about to
   */
  tick(nowMs: number, wallMs: number, mayFetch: boolean): void {
    this.#nowMs = nowMs;
    this.#wallMs = wallMs;
    const isOpen = mayFetch &&
      this.#list.manifest.windows.some(({ startMs, endMs }) => startMs <= wallMs && wallMs < endMs);
    if (!isOpen && this.#isOpen) this.#source.breakOff();
    if (isOpen && !this.#isOpen) this.#spread();
    this.#isOpen = isOpen;
    this.#source.tick(nowMs, wallMs);
    if (!isOpen) return;
    this.#wheel.turn(nowMs);
    for (let turns = 0; turns < MOST_TURNS && this.#wheel.isReady; turns++) {
      const user = this.#wheel.take();
      if (this.#dueMs[user] > nowMs) this.#put(user, this.#dueMs[user] - nowMs);
      else if (!this.#turn(user)) {
        this.#put(user, 0);
        return; // no more can be under way
      }
    }
  }

  /** When the windows open that are next, everybody draws their turns anew: who waited for that doesn't come at once. */
  #spread(): void {
    this.#wheel = new TimerWheel(this.map.users, MOST_WAIT_MS, this.#nowMs);
    for (let user = 0; user < this.map.users; user++) {
      this.#dueMs[user] = Infinity;
      if (this.map.missing[user] > 0) this.#wait(user, this.#waitMs(user));
    }
  }

  /** A user begins to fetch. Returns false if the source takes nothing more. */
  #turn(user: number): boolean {
    // Each begins elsewhere, so that no chunk is everybody's first.
    const from = Math.imul(user + 1, 0x9e37_79b1) >>> 0;
    const chunk = this.map.nextMissing(user, from);
    if (chunk < 0) return true;
    this.#dueMs[user] = Infinity;
    if (this.#source.fetch(user, chunk, this.#fetched)) return true;
    this.#dueMs[user] = this.#nowMs;
    return false;
  }

  readonly #fetched = (user: number, chunk: number, outcome: Fetched, retryS: number): void => {
    const counts = this.#counts;
    switch (outcome) {
      case Fetched.whole:
        this.#failures[user] = 0;
        this.#add(user, chunk);
        if (this.map.missing[user] > 0) this.#wait(user, this.#waitMs(user));
        return;
      case Fetched.later:
        counts.refused();
        this.#wait(user, retryS * 1000 + backoffMs(this.#random, this.#failures[user], REFUSED_BACKOFF));
        return this.#failed(user);
      case Fetched.brokenOff:
        return; // they draw their turn anew when it goes on
      case Fetched.damaged:
        counts.damaged();
        break;
      case Fetched.failed:
        counts.failed();
    }
    this.#wait(user, backoffMs(this.#random, this.#failures[user], FAILED_BACKOFF));
    this.#failed(user);
  };

  #failed(user: number): void {
    this.#failures[user] = Math.min(MAX_ATTEMPT, this.#failures[user] + 1);
  }

  #add(user: number, chunk: number): void {
    const isNew = this.map.add(user, chunk);
    assert(isNew, "nobody fetches what they have");
    this.#counts.chunk(this.#list.bytes[chunk]);
    for (const each of this.#list.packagesOf[chunk]) {
      if (this.map.hasAll(user, this.#list.chunksOf[each])) this.#counts.packageWhole();
    }
    if (this.map.missing[user] === 0) this.#counts.usersWhole(1);
  }

  /**
   * How long until the user's next chunk, in ms: the first of as many moments as they lack chunks, drawn anywhere in what
   * the windows still have to give. So all users together ask as evenly as the day plan gives, whoever lacks how much.
   */
  #waitMs(user: number): number {
    const left = this.#capacity(this.#wallMs);
    const spare = SPARE_PART * Math.min(this.#capacity(-Infinity), 4 * left);
    return this.#untilMs((left - spare) * (1 - this.#random.float() ** (1 / this.map.missing[user])));
  }

  /** Bytes that the windows give from a time on, to all who fetch. */
  #capacity(fromMs: number): number {
    return this.#list.manifest.windows.reduce(
      (sum, { startMs, endMs, bytesPerS }) =>
        sum + bytesPerS * Math.max(0, endMs - Math.max(startMs, fromMs)),
      0,
    );
  }

  /** How long until the windows have given so much from now on, in ms. */
  #untilMs(capacity: number): number {
    let left = capacity;
    for (const { startMs, endMs, bytesPerS } of this.#list.manifest.windows) {
      const fromMs = Math.max(startMs, this.#wallMs);
      const given = bytesPerS * Math.max(0, endMs - fromMs);
      if (left < given) return fromMs + left / bytesPerS - this.#wallMs;
      left -= given;
    }
    return MOST_WAIT_MS; // past the end of all
  }

  #wait(user: number, waitMs: number): void {
    this.#dueMs[user] = this.#nowMs + waitMs;
    this.#put(user, waitMs);
  }

  #put(user: number, waitMs: number): void {
    this.#wheel.addAfter(user, this.#nowMs, Math.min(MOST_WAIT_MS, waitMs));
  }

  #whole(): number {
    return this.map.missing.reduce((sum, missing) => sum + (missing === 0 ? 1 : 0), 0);
  }
}
