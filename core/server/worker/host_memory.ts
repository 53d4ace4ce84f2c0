import { type CounterPlace, Counters, type MetricDefinition, MetricLayout } from "../../counters/counters.ts";
import { ledgerRingBytes } from "../../ledger/ring/ledger_ring.ts";
import { Waker } from "../../threads/waker.ts";
import { clientHostBytes } from "./client_hosts.ts";
import { boardBytes, HostBoard } from "./host_board.ts";
import { makePeerMailboxes, type PeersInit } from "./peers.ts";
import type { HostSettings } from "./host_settings.ts";
import { type LinkSizes, WorkerLink } from "./worker_link.ts";
import { shareOut, type WorkerShare } from "./worker_share.ts";

/** Threads that hold no SETs, and have a block of counters each after those of the SETs. */
const OTHER_THREADS = ["main", "ledger", "projector", "uplink"] as const;
/** Entries that the main thread may have open; only mints and orders come from there. */
const HOST_RING_ENTRIES = 1 << 10;
const LINK_SIZES: LinkSizes = { mailboxWords: 1 << 16, ringEntries: 1 << 14 };

/** Memory of a host that all its workers see. */
export interface SharedMemory {
  readonly counters: Omit<CounterPlace, "block">;
  readonly board: SharedArrayBuffer;
  readonly clientHosts: SharedArrayBuffer;
  readonly hostWaker: SharedArrayBuffer;
  readonly ledgerWaker: SharedArrayBuffer;
  readonly ledgerBoard: SharedArrayBuffer;
  readonly peers: PeersInit;
}

/** All memory that the threads of a host share, made and cut up in one place: for the program, the simulator and benches. */
export class HostMemory {
  readonly shares: readonly WorkerShare[];
  readonly setCount: number;
  readonly counters: Counters;
  readonly board: HostBoard;
  /** How many connections each client host has; see `readClientHosts`. */
  readonly clientHosts: SharedArrayBuffer;
  /** The main thread's own. */
  readonly waker = new Waker();
  readonly ring: SharedArrayBuffer;
  readonly links: readonly WorkerLink[];
  readonly #counterMemory: Omit<CounterPlace, "block">;
  readonly #board: SharedArrayBuffer;
  readonly #peers: PeersInit;

  constructor(
    { capacity, workers, seats, tokenRules }:
      & Pick<HostSettings, "capacity" | "workers" | "seats">
      & Partial<Pick<HostSettings, "tokenRules">>,
    metrics: Readonly<Record<string, MetricDefinition>>,
    sizes = LINK_SIZES,
  ) {
    this.shares = shareOut(capacity, workers, seats);
    this.setCount = this.shares.reduce((sum, { sets }) => sum + sets, 0);
    this.counters = new Counters(new MetricLayout(metrics), this.setCount + OTHER_THREADS.length);
    const { memory, blocks } = this.counters;
    this.#counterMemory = { metrics, memory, blocks };
    this.#board = new SharedArrayBuffer(boardBytes(workers));
    this.board = new HostBoard(this.#board);
    this.clientHosts = new SharedArrayBuffer(clientHostBytes(workers));
    this.ring = new SharedArrayBuffer(ledgerRingBytes(HOST_RING_ENTRIES));
    this.links = this.shares.map(() => new WorkerLink(sizes, tokenRules !== undefined));
    this.#peers = {
      mailboxes: makePeerMailboxes(workers),
      wakers: this.links.map(({ memory }) => memory.waker),
      firstSets: this.shares.map(({ firstSet }) => firstSet),
    };
  }

  /** Who proposes entries to the ledger: the main thread, then the workers. */
  get ledgerClients(): {
    ring: SharedArrayBuffer;
    waker: SharedArrayBuffer;
    holdings?: SharedArrayBuffer | undefined;
  }[] {
    const workers = this.links.map(({ memory: { ring, waker, holdings } }) => ({ ring, waker, holdings }));
    return [{ ring: this.ring, waker: this.waker.words.buffer }, ...workers];
  }

  /** Where a thread counts that holds no SETs. */
  counterPlace(thread: typeof OTHER_THREADS[number]): CounterPlace {
    return { ...this.#counterMemory, block: this.setCount + OTHER_THREADS.indexOf(thread) };
  }

  /** What all workers are given. @param ledger whoever answers their entries */
  shared(
    ledger: { readonly waker: Waker; readonly board: { readonly memory: SharedArrayBuffer } },
  ): SharedMemory {
    return {
      counters: this.#counterMemory,
      board: this.#board,
      clientHosts: this.clientHosts,
      hostWaker: this.waker.words.buffer,
      ledgerWaker: ledger.waker.words.buffer,
      ledgerBoard: ledger.board.memory,
      peers: this.#peers,
    };
  }

  /** Words to a plugin's instance in a SET; false if its worker's mailbox is full. */
  postToSet(set: number, plugin: number, words: Int32Array, count: number): boolean {
    const worker = this.shares.findLastIndex(({ firstSet }) => firstSet <= set);
    return this.links[worker].post(set, plugin, words, count);
  }
}
