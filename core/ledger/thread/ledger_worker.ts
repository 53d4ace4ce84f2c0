import { type CounterPlace, Counters } from "../../counters/counters.ts";
import { record } from "../../counters/histogram.ts";
import { Waker } from "../../threads/waker.ts";
import { collectGarbage } from "../../os/collect_garbage.ts";
import { closeThread, postToParent } from "../../threads/thread.ts";
import { systemClock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { UserError } from "../../base/user_error.ts";
import { type AwardedBits, markAwarded } from "../registry/awarded_bits.ts";
import { ForeignAwards } from "../registry/foreign_awards.ts";
import { Refusal } from "../record/entry.ts";
import type { Ledger, LedgerLimits } from "../record/ledger.ts";
import { StoreFailed } from "../disk/entry_store.ts";
import { LedgerBoard, LedgerState } from "../ring/ledger_board.ts";
import { LedgerLoop, Step } from "./ledger_loop.ts";
import { HoldingsBoard } from "../ring/holdings_board.ts";
import { LedgerRing } from "../ring/ledger_ring.ts";
import { MemoryLedger } from "../judge/memory_ledger.ts";
import { MoneyBoard } from "../ring/money_board.ts";
import type { MoneyGroup } from "../record/money_rows.ts";
import { MoneyTally } from "../registry/money_tally.ts";
import { refuseOtherHost } from "../evidence/host_notes.ts";
import { refuseLostRows } from "../evidence/inspect.ts";
import { CHECKPOINT_FILE } from "../checkpoint/checkpoint.ts";
import { setAside } from "../disk/set_aside.ts";
import { openJudge } from "../checkpoint/open_judge.ts";
import type { OrderState } from "../record/order_state.ts";
import { type LedgerSync, SqliteStore } from "../store/sqlite_store.ts";
import { StoredLedger } from "../store/stored_ledger.ts";

/** A producer's memory; `holdings` is where it reads what users have won, if they get passes. */
export interface LedgerClientInit {
  readonly ring: SharedArrayBuffer;
  readonly waker: SharedArrayBuffer;
  readonly holdings?: SharedArrayBuffer | undefined;
}

/** What the ledger thread is started with. */
export interface LedgerInit {
  /** The thread's own waker, and what it shows to all. */
  readonly waker: SharedArrayBuffer;
  readonly board: SharedArrayBuffer;
  readonly clients: readonly LedgerClientInit[];
  readonly limits: LedgerLimits;
  /** Whose packet ids its packets get; see `IdSpace`. */
  readonly hostNumber: number;
  /** What other hosts say that they have awarded: memory of a `ForeignAwards`; undefined: nobody listens. */
  readonly foreign?: SharedArrayBuffer | undefined;
  /** Where it lasts; undefined: in memory. */
  readonly store: { readonly directory: string; readonly sync: LedgerSync } | undefined;
  readonly counters: CounterPlace;
  /** Set before it is ready. */
  readonly awarded?: AwardedBits | undefined;
  /** Where the table of money is shown, and the groups that it tells apart. */
  readonly money: { readonly board: SharedArrayBuffer; readonly groups: readonly MoneyGroup[] };
}

/** How a start went. */
export interface LedgerReady {
  readonly type: "ready";
  readonly nextPacketId: number;
  readonly awards: number;
  readonly rowsRead: number;
  readonly checkpointSeq: number;
  readonly checkpointFault: string | undefined;
  readonly tookMs: number;
  /** What operators have ordered, and how far it came. */
  readonly orders: readonly OrderState[];
}

/** Messages from the ledger thread to the main thread. */
export type LedgerReport =
  | LedgerReady
  | { readonly type: "failing"; readonly reason: string }
  | { readonly type: "mended"; readonly afterMs: number }
  /** Its rows can't be believed, and somebody must do something. Nothing more comes. */
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "stopped" };

/** How long the thread sleeps at most, so that its heartbeat shows. */
const MAX_SLEEP_MS = 1_000;
/** How soon it looks again whether a failing disk works, or a delivered mark is due. */
const RECHECK_MS = 50;
/**
 * Many winners share a commit: the next one begins no sooner after this one began than its entries say. With over 20
 * entries a ms that settles at the most, a third of the commits, and the threads that answer are woken as seldom: a
 * fifth of a core less at 20,000 awards a second. With few winners the next one begins at once.
 */
const PACE_MS_PER_ENTRY = 0.05;
const MAX_PACE_MS = 3;
/**
 * For so long after its last work it blocks when it sleeps: to be woken through an event loop costs seven times as much.
 * Then, and every now and then while it is busy, the runtime has its turn: it asks every thread for its metrics.
 */
const BUSY_MS = 50;
const YIELD_MS = 100;
/** How often a busy thread shows where the money is. */
const SHOW_MONEY_MS = 250;

const report = (message: LedgerReport) => postToParent(message);

/** The life of the ledger thread. */
export async function runLedgerWorker(init: LedgerInit): Promise<void> {
  try {
    await judgeUntilStopped(init);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    report({ type: "refused", reason: error.message });
  }
}

async function judgeUntilStopped(init: LedgerInit): Promise<void> {
  const waker = new Waker(init.waker);
  const board = new LedgerBoard(init.board);
  const money = new MoneyTally(init.money.groups);
  let opened: OpenLedger | undefined;
  while (opened === undefined && !board.isStopped) {
    waker.awake();
    board.beat();
    opened = open(init, board, money);
    if (opened === undefined) await waker.sleep(MAX_SLEEP_MS);
  }
  if (opened !== undefined) await turn(init, waker, board, opened, money);
  opened?.ledger.close();
  report({ type: "stopped" });
  closeThread();
}

/** Judges and commits until it is to stop. */
async function turn(
  init: LedgerInit,
  waker: Waker,
  board: LedgerBoard,
  opened: OpenLedger,
  money: MoneyTally,
): Promise<void> {
  const clients = init.clients.map(({ ring, waker, holdings }) => ({
    ring: new LedgerRing(ring),
    waker: new Waker(waker),
    holdings: holdings && new HoldingsBoard(holdings),
  }));
  const loop = new LedgerLoop(opened.ledger, clients);
  const watch = new LedgerWatch(init.counters, board, opened, loop);
  const moneyView = new MoneyPublisher(new MoneyBoard(init.money.board), money, opened.ledger);
  board.state = LedgerState.awarding;
  collectGarbage();
  let workedMs = 0;
  let turnedMs = 0;
  for (;;) {
    const isLast = board.isStopped;
    waker.awake();
    board.beat();
    const startMs = systemClock.monotonicMs();
    const step = loop.step();
    const nowMs = systemClock.monotonicMs();
    watch.note(step, nowMs - startMs, nowMs);
    moneyView.note(step, nowMs);
    // What was proposed before the order to stop is judged.
    if (isLast && step !== Step.answered) return;
    if (step === Step.answered) workedMs = nowMs;
    const isBusy = nowMs < workedMs + BUSY_MS;
    // After work it looks once more before it sleeps: entries come in bursts.
    if (step === Step.inDoubt) await waker.sleep(RECHECK_MS);
    else if (step === Step.answered) {
      pauseMs(startMs + Math.min(MAX_PACE_MS, loop.judged * PACE_MS_PER_ENTRY) - nowMs);
    } else if (isBusy) waker.sleepBlocking(Math.min(BUSY_MS, moneyView.dueInMs(nowMs)));
    else await waker.sleep(Math.min(MAX_SLEEP_MS, moneyView.dueInMs(nowMs)));
    if (!isBusy || nowMs < turnedMs + YIELD_MS) continue;
    await nextTurn();
    turnedMs = nowMs;
  }
}

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread. */
function pauseMs(ms: number): void {
  if (ms > 0) Atomics.wait(nobodyWakes, 0, 0, ms);
}

interface OpenLedger {
  readonly ledger: Ledger;
  /** Where it lasts, if it does. */
  readonly store: SqliteStore | undefined;
}

/** Reads what is stored; undefined if the disk fails, and it is to be tried again. */
function open(
  { store, limits, hostNumber, awarded, foreign }: LedgerInit,
  board: LedgerBoard,
  money: MoneyTally,
): OpenLedger | undefined {
  const startMs = systemClock.monotonicMs();
  const took = () => Math.round(systemClock.monotonicMs() - startMs);
  if (store === undefined) {
    const ledger = new MemoryLedger(limits, money, hostNumber);
    const { nextPacketId } = ledger;
    const nothing = { awards: 0, rowsRead: 0, checkpointSeq: 0, checkpointFault: undefined };
    report({ type: "ready", nextPacketId, ...nothing, tookMs: took(), orders: [] });
    return { ledger, store: undefined };
  }
  let rows: SqliteStore | undefined;
  try {
    // Not only the main thread does: its look may have failed with the disk, and that was no reason to give up.
    refuseLostRows(store.directory, systemClock.wallMs());
    refuseOtherHost(store.directory, hostNumber);
    rows = new SqliteStore(store.directory, store.sync);
    const { judge, ...opened } = openJudge(
      rows,
      store.directory,
      limits,
      () => board.beat(),
      hostNumber,
    );
    if (opened.checkpointFault !== undefined) {
      setAside(store.directory, CHECKPOINT_FILE, systemClock.wallMs());
    }
    rows.noteHost(hostNumber, systemClock.wallMs());
    rows.noteLimits(limits, systemClock.wallMs());
    const ledger = new StoredLedger(judge, rows, systemClock);
    const { nextPacketId, awards } = judge;
    if (awarded !== undefined) markAwarded(judge.packets, awarded);
    // The last step: a start that is tried again must not add anything twice.
    money.restore(judge, () => board.beat());
    judge.money = money;
    judge.foreign = foreign && new ForeignAwards(foreign);
    report({ type: "ready", nextPacketId, awards, ...opened, tookMs: took(), orders: ledger.orders() });
    return { ledger, store: rows };
  } catch (error) {
    rows?.close();
    if (!(error instanceof StoreFailed)) throw error;
    report({ type: "failing", reason: error.message });
    return undefined;
  }
}

/** Shows where the money is, a few times a second at most. */
class MoneyPublisher {
  readonly #board: MoneyBoard;
  readonly #tally: MoneyTally;
  readonly #ledger: Ledger;
  #isNew = false;
  #nextMs = 0;

  constructor(board: MoneyBoard, tally: MoneyTally, ledger: Ledger) {
    this.#board = board;
    this.#tally = tally;
    this.#ledger = ledger;
    board.publish(tally, ledger.balances());
  }

  /** A step is over. Only what is durable is shown: nobody knows yet whether a batch in doubt is. */
  note(step: Step, nowMs: number): void {
    this.#isNew ||= step === Step.answered;
    if (step === Step.inDoubt || this.dueInMs(nowMs) > 0) return;
    this.#board.publish(this.#tally, this.#ledger.balances());
    this.#isNew = false;
    this.#nextMs = nowMs + SHOW_MONEY_MS;
  }

  /** How long until something new may be shown; `Infinity` if there is nothing. */
  dueInMs(nowMs: number): number {
    return this.#isNew ? Math.max(0, this.#nextMs - nowMs) : Infinity;
  }
}

/** Counts what the loop does, and says when the disk fails and works again. */
class LedgerWatch {
  readonly #ledger: Ledger;
  readonly #store: SqliteStore | undefined;
  readonly #loop: LedgerLoop;
  readonly #board: LedgerBoard;
  readonly #block: Float64Array;
  readonly #commitUs: Uint32Array;
  readonly #h: Record<
    "entries" | "rows" | "commits" | "userLimit" | "sponsorLimit" | "failures" | "failing" | "unopened",
    number
  >;
  #failedAtMs = -1;

  constructor(place: CounterPlace, board: LedgerBoard, { ledger, store }: OpenLedger, loop: LedgerLoop) {
    this.#board = board;
    this.#ledger = ledger;
    this.#store = store;
    this.#loop = loop;
    this.#showHead();
    const counters = Counters.at(place);
    const { layout } = counters;
    this.#block = counters.block(place.block);
    this.#commitUs = counters.histogram(place.block, layout.handle("ledgerCommitUs"));
    this.#h = {
      entries: layout.handle("ledgerEntries"),
      rows: layout.handle("ledgerRows"),
      commits: layout.handle("ledgerCommits"),
      userLimit: layout.handle("ledgerUserLimit"),
      sponsorLimit: layout.handle("ledgerSponsorLimit"),
      failures: layout.handle("ledgerFailures"),
      failing: layout.handle("ledgerFailing"),
      unopened: layout.handle("ledgerUnopened"),
    };
  }

  note(step: Step, tookMs: number, nowMs: number): void {
    if (step === Step.inDoubt) return this.#fails(nowMs);
    if (this.#failedAtMs >= 0) this.#mended(nowMs);
    if (step === Step.idle) return;
    this.#block[this.#h.entries] += this.#loop.judged;
    this.#block[this.#h.userLimit] = this.#loop.refusals[Refusal.userLimit];
    this.#block[this.#h.sponsorLimit] = this.#loop.refusals[Refusal.sponsorLimit];
    this.#block[this.#h.unopened] = this.#ledger.unopened;
    const rows = this.#ledger instanceof StoredLedger ? this.#ledger.lastSeq : 0;
    if (rows === this.#block[this.#h.rows]) return;
    this.#block[this.#h.rows] = rows;
    this.#showHead();
    this.#block[this.#h.commits]++;
    record(this.#commitUs, tookMs * 1000);
  }

  #showHead(): void {
    if (this.#store === undefined) return;
    const { seq, head } = this.#store.lastRow;
    this.#board.showHead(seq, head);
  }

  #fails(nowMs: number): void {
    if (this.#failedAtMs >= 0) return;
    this.#failedAtMs = nowMs;
    this.#board.state = LedgerState.failing;
    this.#block[this.#h.failures]++;
    this.#block[this.#h.failing] = 1;
    report({ type: "failing", reason: this.#ledger.failure ?? "" });
  }

  #mended(nowMs: number): void {
    report({ type: "mended", afterMs: Math.round(nowMs - this.#failedAtMs) });
    this.#failedAtMs = -1;
    this.#board.state = LedgerState.awarding;
    this.#block[this.#h.failing] = 0;
  }
}
