import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { EventTime, type EventTimeState } from "../../base/event_time.ts";
import { timeWords } from "../record/durable_time.ts";
import { MAX_MARK_WORDS, writeShareMark } from "../record/delivered_marks.ts";
import { Refusal, Verdict } from "../record/entry.ts";
import { EntryRows, ROW_FIELDS, RowField } from "../record/entry_rows.ts";
import { type EntryStore, StoreFailed } from "../disk/entry_store.ts";
import type { Judge } from "../judge/judge.ts";
import { kindOf, kinds } from "../kinds/entry_kinds.ts";
import type { Judgement } from "../record/judgement.ts";
import type { Ledger } from "../record/ledger.ts";
import { JudgedLedger } from "../judge/judged_ledger.ts";

/** What was delivered is written with the next batch, or by itself after this time; words of it at most. */
const MARKS_WAIT_MS = 1_000;
const MAX_MARKS = 16_384;
/** How long a failing store is left alone before the next try. */
const REST_MS = [100, 250, 500, 1_000] as const;
/** How far event time may be ahead of what rows say of it before a note says more, and while no row comes at all. */
const MAX_AHEAD_MS = 1_000;
const MAX_AHEAD_IDLE_MS = 60_000;

/** A ledger that lasts: the judge's memory in front, rows in a store behind it. */
export class StoredLedger extends JudgedLedger implements Ledger {
  failure: string | undefined;
  readonly #store: EntryStore;
  readonly #clock: Clock;
  /** The batch: judged and staged, but not known to be durable. */
  readonly #rows = new EntryRows();
  readonly #marks = new Uint32Array(MAX_MARKS);
  #markCount = 0;
  #marksSinceMs = 0;
  #nextSeq: number;
  /** What rows say of event time once the batch is durable, and as it is for the durable ones. See `durableTime`. */
  readonly #time: EventTime;
  #stagedTime = { eventMs: 0, graceUntilMs: 0, lagMs: 0 };
  #durableTime = this.#stagedTime;
  #mostIdleMs = MAX_AHEAD_IDLE_MS;
  /** The batch's note of a time; 0 if it has none. */
  #timeSeq = 0;
  /** While the batch is in doubt: when to try again, and how often it was tried. */
  #retryAtMs = 0;
  #failures = 0;

  /** @param judge holds everything that the store holds, as `openJudge` makes it */
  constructor(judge: Judge, store: EntryStore, clock: Clock) {
    super(judge);
    this.#store = store;
    this.#clock = clock;
    this.#nextSeq = store.lastSeq() + 1;
    const durable = store.durableTime();
    const wallMs = clock.wallMs();
    this.#time = new EventTime(clock.monotonicMs(), wallMs, durable);
    this.#durableTime = durable ?? { ...this.#time.state, lagMs: 0 };
  }

  /** How far event time had come with the last durable row. */
  get durableTime(): EventTimeState {
    return this.#durableTime;
  }

  /** Rows that are durable. */
  get lastSeq(): number {
    return this.#nextSeq - 1 - this.#rows.count;
  }

  judge(words: Int32Array, at: number, judgement: Judgement): void {
    assert(this.failure === undefined, "nothing is judged on top of a batch that is in doubt");
    this.#judgeEntry(words, at, judgement);
    if (judgement.verdict !== Verdict.done) return;
    const kind = kindOf(judgement.kind);
    if (kind?.legs !== undefined) this.#stage(judgement);
    else if (kind?.isMark) this.#mark(judgement);
  }

  commit(): boolean {
    if (this.failure !== undefined && !this.#mend()) return false;
    const atMs = this.#clock.wallMs();
    this.#time.read(this.#clock.monotonicMs(), atMs);
    if (this.#rows.count === 0 && !this.#areMarksDue() && !this.#isTimeDue()) return true;
    this.#stageTime(atMs);
    for (let row = 0; row < this.#rows.count; row++) {
      this.#rows.values[this.#rows.at(row) + RowField.atMs] = atMs;
    }
    try {
      this.#store.append(this.#rows, this.#marks.subarray(0, this.#markCount));
    } catch (error) {
      return this.#failed(error);
    }
    this.#settled();
    return true;
  }

  close(): void {
    this.#marksSinceMs = -Infinity;
    this.#mostIdleMs = MAX_AHEAD_MS;
    this.commit();
    this.#store.close();
  }

  /** Whatever needs a packet that has ended, and that the disk doesn't tell of now, comes to nothing. */
  #judgeEntry(words: Int32Array, at: number, judgement: Judgement): void {
    try {
      this.judging.judge(words, at, judgement);
    } catch (error) {
      if (!(error instanceof StoreFailed)) throw error;
      judgement.verdict = Verdict.refused;
      judgement.detail = Refusal.unreadable;
      judgement.reply.fill(0);
    }
  }

  #mark({ packetId, user }: Judgement): void {
    if (this.#markCount === 0) this.#marksSinceMs = this.#clock.monotonicMs();
    // With no room the mark is forgotten: that repeats a message after a restart, no more.
    if (this.#markCount + MAX_MARK_WORDS > MAX_MARKS) return;
    if (this.judging.sends.list.has(packetId)) {
      this.#markCount += writeShareMark(this.#marks, this.#markCount, packetId, user);
    } else this.#marks[this.#markCount++] = packetId;
  }

  #stage({ kind, packetId, user, amountFen, sponsor, count, body, hasEnded }: Judgement): void {
    const seq = this.#nextSeq++;
    if (body !== undefined) this.#rows.bodies.set(seq, body);
    if (hasEnded) this.#rows.ended.set(packetId, { seq, words: this.judging.sends.words(packetId)! });
    const row = this.#rows.next();
    const { values } = this.#rows;
    values[row + RowField.seq] = seq;
    values[row + RowField.kind] = kind;
    values[row + RowField.packetId] = packetId;
    values[row + RowField.user] = user;
    values[row + RowField.amount] = amountFen;
    values[row + RowField.sponsor] = sponsor;
    values[row + RowField.count] = count;
  }

  /** Whether the clock has skipped something, or event time has gone on for long without a row and something waits for it. */
  #isTimeDue(): boolean {
    if (this.#time.state.graceUntilMs > this.#durableTime.graceUntilMs) return true;
    return this.#time.eventMs - this.#durableTime.eventMs >= this.#mostIdleMs &&
      this.judging.sends.list.nextOpen(0) !== 0;
  }

  /** Adds a note of the time, if the batch's rows would tell another. */
  #stageTime(atMs: number): void {
    const { eventMs, graceUntilMs } = this.#time.state;
    const lagMs = atMs - eventMs;
    const { lagMs: saidMs, graceUntilMs: saidGraceMs } = this.#durableTime;
    const isSaid = lagMs <= saidMs && lagMs >= saidMs - MAX_AHEAD_MS && graceUntilMs <= saidGraceMs;
    const hasRows = this.#rows.count > 0;
    this.#stagedTime = this.#durableTime;
    if (this.#timeSeq === 0 && (hasRows ? isSaid : !this.#isTimeDue())) {
      if (hasRows) this.#stagedTime = { ...this.#durableTime, eventMs: atMs - saidMs };
      return;
    }
    if (this.#timeSeq === 0) {
      const row = this.#rows.next();
      this.#timeSeq = this.#nextSeq++;
      this.#rows.values[row + RowField.seq] = this.#timeSeq;
      this.#rows.values[row + RowField.kind] = kinds.time.number;
    }
    this.#rows.bodies.set(this.#timeSeq, timeWords({ eventMs, graceUntilMs }));
    this.#stagedTime = { eventMs, graceUntilMs, lagMs };
  }

  #areMarksDue(): boolean {
    return this.#markCount > 0 && this.#clock.monotonicMs() - this.#marksSinceMs >= MARKS_WAIT_MS;
  }

  #settled(): void {
    this.judging.check();
    for (const packetId of this.#rows.ended.keys()) this.judging.sends.forget(packetId);
    this.#rows.clear();
    this.#durableTime = this.#stagedTime;
    this.#timeSeq = 0;
    this.#markCount = 0;
    this.failure = undefined;
    this.#failures = 0;
  }

  #failed(error: unknown): false {
    if (!(error instanceof StoreFailed)) throw error;
    this.failure = error.message;
    const restMs = REST_MS[Math.min(this.#failures++, REST_MS.length - 1)];
    this.#retryAtMs = this.#clock.monotonicMs() + restMs;
    return false;
  }

  /**
   * Opens the store again and looks whether the batch is in it. True when that is known: then it was durable after all
   * and is settled, or it has left no trace and is to be appended again.
   */
  #mend(): boolean {
    if (this.#clock.monotonicMs() < this.#retryAtMs) return false;
    const before = this.lastSeq;
    try {
      this.#store.reopen();
      const last = this.#store.lastSeq();
      if (last !== before) this.#checkBatch(before, last);
      if (last !== before) this.#settled();
    } catch (error) {
      return this.#failed(error);
    }
    this.failure = undefined;
    return true;
  }

  /**
   * The store holds the batch whole, as it was staged: a transaction is there or not. Marks aren't compared: one that is
   * lost tells a user of their award again, no more.
   */
  #checkBatch(before: number, last: number): void {
    assert(last === before + this.#rows.count, "a batch is in the store whole or not at all");
    const staged = this.#rows;
    let number = 0;
    let bodies = 0;
    this.#store.read(before, ({ values, count, bodies: stored }) => {
      for (let i = 0; i < count * ROW_FIELDS; i++, number++) {
        assert(values[i] === staged.values[number], "the store holds what was staged");
      }
      bodies += stored.size;
      for (const [seq, words] of stored) {
        assert(isSame(words, staged.bodies.get(seq)), "the store holds the words that were staged");
      }
    });
    assert(bodies === staged.bodies.size, "the store holds the words of every row");
    for (const [packetId, { words }] of staged.ended) {
      assert(isSame(words, this.#store.ended(packetId)), "the store holds the packets that have ended");
    }
  }
}

function isSame(words: Uint32Array, others: Uint32Array | undefined): boolean {
  return words.length === others?.length && words.every((word, i) => word === others[i]);
}
