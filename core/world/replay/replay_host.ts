import { assert } from "../../base/assert.ts";
import { ManualClock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { idSpaceOf } from "../../base/id_space.ts";
import { Random } from "../../base/random.ts";
import { MemoryLedger } from "../../ledger/judge/memory_ledger.ts";
import { MONEY_COLUMNS } from "../../ledger/record/money_columns.ts";
import { MoneyTally } from "../../ledger/registry/money_tally.ts";
import { LedgerBoard, LedgerState } from "../../ledger/ring/ledger_board.ts";
import { LedgerRing } from "../../ledger/ring/ledger_ring.ts";
import { LedgerLoop } from "../../ledger/thread/ledger_loop.ts";
import type { LoadedPlugin } from "../../plugin/loader.ts";
import type { Tickets } from "../../plugin/plugin.ts";
import { HostEntries } from "../../server/host/host_entries.ts";
import { hostMetrics } from "../../server/host/host_metrics.ts";
import { PluginHalves } from "../../server/host/host_plugins.ts";
import { HostTime } from "../../server/host/host_time.ts";
import type { AccessLoop } from "../../server/worker/access_loop.ts";
import { HostMemory } from "../../server/worker/host_memory.ts";
import type { HostSettings } from "../../server/worker/host_settings.ts";
import { openLoop } from "../../server/worker/open_loop.ts";
import { DEFAULT_CONNECTION_LIMITS } from "../../set/common/connection_watch.ts";
import { MessageKind } from "../../threads/mailbox.ts";
import { Waker } from "../../threads/waker.ts";
import { type ReplayAreas, ReplayEngine } from "./replay_engine.ts";
import type { GroupColumn, ReplaySums } from "./replay_sums.ts";
import { ReplayTrace } from "./replay_trace.ts";
import { ReplayUsers, type ReplayUsersOptions } from "./replay_users.ts";

/** Small where the program's are large: there are hundreds of hosts, and each takes its turn every 20 ms. */
const LINK_SIZES = { mailboxWords: 1 << 14, ringEntries: 1 << 12 };
/** A turn while something is due: as far as a wave is played at once. */
const TURN_MS = 20;
/** Rounds that a host may take to enter its tickets into its ledger. */
const READY_ROUNDS = 1_000;

export interface ReplayHostOptions {
  readonly plugins: readonly LoadedPlugin[];
  readonly tickets: Tickets;
  readonly limits: { readonly packetsPerUser: number; readonly packetsPerSponsor: number };
  readonly users: ReplayUsersOptions;
  readonly seed: number;
  /** When the evening begins. */
  readonly startWallMs: number;
  /** Shakes that the host reads in a second at the most: what comes faster waits. */
  readonly capacityPerS: number;
  /** Shakes of the host by a time in ms, from the begin on. */
  dueBy(timeMs: number): number;
  readonly areas: ReplayAreas;
  readonly sums: ReplaySums;
}

/**
 * A whole access host in virtual time: the SET, the plugins with both their halves, mailboxes, ring, judge and registry of
 * `redpkt server`, put together at the same place. Modelled are the network, the kernel's queue of what isn't read, and the
 * disk: an award is durable one turn after it was proposed.
 */
export class ReplayHost {
  readonly trace = new ReplayTrace();
  readonly #clock: ManualClock;
  readonly #options: ReplayHostOptions;
  readonly #memory: HostMemory;
  readonly #loop: AccessLoop;
  readonly #engine: ReplayEngine;
  readonly #users: ReplayUsers;
  readonly #ledger: MemoryLedger;
  readonly #money: MoneyTally;
  readonly #ledgerLoop: LedgerLoop;
  readonly #entries: HostEntries;
  readonly #halves: PluginHalves;
  readonly #time: HostTime;
  #nextTickMs = 0;
  /** Shakes that were handed over so far. */
  #read = 0;

  constructor(options: ReplayHostOptions) {
    this.#options = options;
    const { plugins, tickets, seed, users, limits } = options;
    const { seats } = users;
    const clock = this.#clock = new ManualClock(options.startWallMs);
    const ids = idSpaceOf(0);
    this.#money = new MoneyTally(tickets.groups);
    const ledger = this.#ledger = new MemoryLedger(limits, this.#money);
    const time = this.#time = new HostTime(clock, undefined);
    const random = new Random(seed);
    const settings: HostSettings = {
      engine: "deno", // the engine is the replay's own
      workers: 1,
      capacity: seats,
      seats,
      randomSeed: seed,
      verdictMs: 2_000,
      allowsVersion0: true,
      tokenRules: undefined,
      connectionLimits: DEFAULT_CONNECTION_LIMITS,
      proxies: [],
      priority: "normal",
    };
    const memory = this.#memory = new HostMemory(settings, hostMetrics(plugins, false), LINK_SIZES);
    const { links: [{ memory: link }], shares: [share], setCount } = memory;
    const ledgerWaker = new Waker();
    const ledgerBoard = new LedgerBoard();
    ledgerBoard.state = LedgerState.awarding;
    this.#engine = new ReplayEngine(seats, options.areas);
    this.#users = new ReplayUsers(this.#engine, users, {
      sums: options.sums,
      trace: this.trace,
      isTheirs: (packetId, user, amountFen) => {
        const award = ledger.awardOf(packetId);
        return award?.user === user && award.amountFen === amountFen;
      },
      nowMs: () => clock.monotonicMs(),
      unixSeconds: () => Math.floor(clock.wallMs() / 1000),
    });
    this.#engine.peers = this.#users;
    const shared = memory.shared({ waker: ledgerWaker, board: ledgerBoard });
    const init = { settings, share, setCount, shared, link, randomSeed: random.forkSeed(), eventLagMs: 0 };
    this.#loop = openLoop(init, {
      engine: this.#engine,
      clock,
      plugins: plugins.map(({ plugin, choice }) => ({ plugin, config: choice.config })),
    });
    const wakers = [memory.waker, ...memory.links.map(({ waker }) => waker)];
    this.#ledgerLoop = new LedgerLoop(
      ledger,
      memory.ledgerClients.map(({ ring }, i) => ({ ring: new LedgerRing(ring), waker: wakers[i] })),
    );
    this.#entries = new HostEntries(memory.ring, ledgerWaker);
    this.#halves = new PluginHalves(plugins, {
      clock,
      time,
      log: () => {},
      memory,
      random: random.fork(),
      entries: this.#entries,
      ledger: {
        nextPacketId: ids.firstGenerated,
        orders: () => [],
        ledgerState: LedgerState.awarding,
      },
      ids,
      oldNote: () => undefined,
      hasTickets: true,
      tickets: () => tickets,
      packetDue: () => {},
    });
    this.#halves.start();
  }

  /** Enters its tickets into the ledger and lets the first users in, all before the evening begins. */
  async begin(): Promise<void> {
    this.#users.comeAll();
    for (let round = 0; this.#halves.whyNotReady() !== undefined; round++) {
      assert(round < READY_ROUNDS, "a host gets ready");
      this.#turn(0);
      this.#nextTickMs = 0;
      await nextTurn(); // what waits for a verdict goes on
    }
  }

  /** Plays on to a time, in ms from the begin. @param turnMs the longest turn, while nothing is due */
  playTo(timeMs: number, turnMs: number): void {
    for (let nowMs = this.#clock.monotonicMs(); nowMs < timeMs; nowMs = this.#clock.monotonicMs()) {
      this.#turn(Math.min(timeMs - nowMs, this.#isQuiet ? turnMs : TURN_MS));
    }
  }

  /** Nothing is under way at this host, and nothing due soon. */
  get #isQuiet(): boolean {
    return this.#nextTickMs > this.#clock.monotonicMs() + TURN_MS && this.#loop.ring.open === 0;
  }

  /** Shakes that are due and not read yet. */
  get behind(): number {
    return this.#options.dueBy(this.#clock.monotonicMs()) - this.#read;
  }

  /** Lets the last answers come. */
  finish(): void {
    for (let i = 0; i < 4; i++) this.#turn(TURN_MS);
  }

  /** Adds what the host itself knows of its evening to the sums. */
  addTo(sums: ReplaySums, won: readonly { readonly packets: string; readonly fen: string }[]): void {
    const { counters } = this.#memory;
    const { userFen, poolFen, returnedFen, sourceFen } = this.#ledger.balances();
    for (const { packets, fen } of won) {
      sums.addToHosts("wonByHosts", counters.total(packets));
      sums.addToHosts("wonFenByHosts", counters.total(fen));
    }
    sums.addToHosts("framesIn", counters.total("framesIn"));
    sums.addToHosts("userFen", userFen);
    sums.addToHosts("poolFen", poolFen);
    sums.addToHosts("returnedFen", returnedFen);
    sums.addToHosts("sourceFen", sourceFen);
    sums.addToHosts("wrongWins", this.#users.wrongWins);
    sums.addToHosts("unanswered", this.#users.unanswered);
    sums.addToHosts("pluginFailures", counters.total("pluginFailures"));
    this.#addMoney(sums);
  }

  #addMoney(sums: ReplaySums): void {
    const { groups } = this.#options.users;
    const { rows, values } = this.#money;
    groups.forEach(({ firstId, count, group }, i) => {
      sums.addToGroup(group, "tickets", count);
      const { sponsor } = this.#options.tickets.groups[i];
      const at = rows.of(firstId, sponsor) * MONEY_COLUMNS.length;
      for (const column of FROM_LEDGER) {
        sums.addToGroup(group, column, values[at + MONEY_COLUMNS.indexOf(column)]);
      }
    });
  }

  #turn(elapsedMs: number): void {
    const clock = this.#clock;
    clock.advance(elapsedMs);
    const nowMs = clock.monotonicMs();
    this.#options.sums.minute = Math.max(0, Math.floor((nowMs - 1) / 60_000));
    for (const link of this.#memory.links) link.drain(this.#onMessage);
    this.#entries.drain();
    this.#time.now();
    if (nowMs >= this.#nextTickMs) this.#nextTickMs = this.#halves.tick(nowMs);
    this.#offer(nowMs, elapsedMs);
    void this.#loop.pass();
    this.#read -= this.#users.due; // everybody waits for an answer: they shake in a later turn
    this.#users.due = 0;
    // A loop with verdicts left doesn't sleep: it has passed many times before the next turn.
    while (this.#loop.ring.verdicts > 0) void this.#loop.pass();
    this.#ledgerLoop.step();
  }

  /** As many shakes as are due, and as the host reads in that time; the others wait in front of it. */
  #offer(nowMs: number, elapsedMs: number): void {
    const { capacityPerS, dueBy, sums } = this.#options;
    const waiting = dueBy(nowMs) - this.#read;
    const due = Math.min(waiting, Math.floor(capacityPerS * elapsedMs / 1000));
    const waitMs = (waiting - due) / capacityPerS * 1000;
    this.#engine.reads.sinceMs = nowMs - waitMs;
    if (due > 0) sums.readWaited(waitMs, due);
    this.#users.due = due;
    this.#read += due;
  }

  readonly #onMessage = (
    kind: number,
    set: number,
    plugin: number,
    words: Int32Array,
    at: number,
    count: number,
  ): void => {
    if (kind !== MessageKind.plugin) return;
    this.#halves.onMessage(set, plugin, words, at, count);
    this.#nextTickMs = 0;
  };
}

/** What the judges have added up, under the same names. */
const FROM_LEDGER = [
  "madeFen",
  "awards",
  "awardedFen",
  "poolFen",
  "returnedFen",
  "refusedByUserLimit",
  "refusedBySponsorLimit",
] as const satisfies readonly GroupColumn[];
