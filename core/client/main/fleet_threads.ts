import type { Host } from "../../cli/host.ts";
import { assert } from "../../base/assert.ts";
import type { Counters } from "../../counters/counters.ts";
import { Random } from "../../base/random.ts";
import { Waker, WAKER_BYTES } from "../../threads/waker.ts";
import { encodeControl, Mailbox, mailboxBytes, MessageKind } from "../../threads/mailbox.ts";
import { AWARD_MAILBOX_WORDS, awardLines } from "../state/award_log.ts";
import type { FleetOrder } from "../population/fleet_order.ts";
import { ORDER_MAILBOX_WORDS } from "../population/fleet_order.ts";
import type { FleetSettings } from "../fleet/fleet_options.ts";
import type { HeardResources } from "../follow/heard.ts";
import type { FetchThread, FetchWish } from "./fetch_thread.ts";
import type { FleetInit, FleetNotice, ThreadSettings } from "./fleet_worker.ts";
import type { HostListFile } from "../../hosts/list/list_file.ts";
import type { DialedHosts } from "../../hosts/order/dialed_hosts.ts";
import { workerSlice } from "../../base/segment.ts";

/** The name of a fleet's thread, by which the entry file knows what it is. */
export const FLEET_WORKER_NAME = "fleet";

/** The host list that a fleet's users go by. */
export interface HostsPlan {
  readonly file: HostListFile;
  readonly networks: readonly string[];
  readonly dialed: DialedHosts;
}

/** What a fleet plays, before it is split over threads. */
export interface FleetPlan {
  /** Of all its users. */
  readonly settings: FleetSettings;
  readonly threads: ThreadSettings;
  readonly randomSeed: number;
  /** The part of all users that the slice is, as `3/17`. */
  readonly segment: string;
  readonly wantsAwards: boolean;
  /** What users fetch in idle time, if anything. */
  readonly fetch: FetchWish | undefined;
  readonly hosts: HostsPlan | undefined;
}

interface Thread {
  readonly orders: Mailbox;
  readonly waker: Waker;
  readonly awards: Mailbox | undefined;
  readonly stopped: Promise<void>;
}

/** The main thread's side of a fleet: starts its threads, gives them orders, reads what they count. */
export class FleetThreads {
  /** Resolves when every thread has stopped by its own order; rejects when one has died. */
  readonly stopped: Promise<void>;
  readonly #threads: Thread[];

  /**
   * @param counters made of `fleetMetrics`, with a block for every thread
   * @param fetching the thread that fetches, if there is one: it learns when people shake, and what servers name
   */
  constructor(host: Host, plan: FleetPlan, counters: Counters, fetching?: FetchThread) {
    const { workers } = plan.threads;
    assert(workers >= 1 && workers <= plan.settings.slice.count, "every thread has a user");
    const random = new Random(plan.randomSeed);
    this.#threads = Array.from({ length: workers }, (_, worker) => {
      const board = fetching?.board.memory;
      const init = makeInit(plan, worker, counters.memory, random.fork().uint32(), board);
      return startThread(host, init, (resources) => fetching?.named(resources));
    });
    this.stopped = Promise.all(this.#threads.map((thread) => thread.stopped)).then(() => {});
  }

  /** Gives every thread an order. */
  order(order: FleetOrder): void {
    const words = encodeControl(order);
    for (const { orders, waker } of this.#threads) {
      // A thread looks once a pass, and people and scenarios give a few orders a second.
      const isPosted = orders.post(MessageKind.control, 0, 0, words, words.length);
      assert(isPosted, "a fleet's thread reads its orders");
      waker.wake();
    }
  }

  /** The lines of the awards that came since the last call. */
  takeAwards(): string {
    let lines = "";
    for (const { awards } of this.#threads) {
      awards?.drain((_kind, _set, _plugin, words, at, count) => {
        lines += awardLines(words, at, count);
      });
    }
    return lines;
  }
}

function makeInit(
  { settings, threads, wantsAwards }: FleetPlan,
  worker: number,
  counters: SharedArrayBuffer,
  randomSeed: number,
  fetchBoard: SharedArrayBuffer | undefined,
): FleetInit {
  const slice = workerSlice(settings.slice, worker, threads.workers);
  const connectRate = settings.connectRate * slice.count / settings.slice.count;
  return {
    settings: { ...settings, slice, connectRate },
    threads,
    worker,
    randomSeed,
    counters,
    fetchBoard,
    orders: new SharedArrayBuffer(mailboxBytes(ORDER_MAILBOX_WORDS)),
    waker: new SharedArrayBuffer(WAKER_BYTES),
    awards: wantsAwards ? new SharedArrayBuffer(mailboxBytes(AWARD_MAILBOX_WORDS)) : undefined,
  };
}

function startThread(host: Host, init: FleetInit, named: (resources: HeardResources) => void): Thread {
  const worker = new Worker(host.program.entry, { type: "module", name: FLEET_WORKER_NAME });
  const stopped = new Promise<void>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FleetNotice>) => {
      if (data.type === "stopped") resolve();
      else named(data.resources);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`thread ${init.worker} of the fleet died: ${event.message}`));
    };
  });
  worker.postMessage(init);
  return {
    orders: new Mailbox(init.orders),
    waker: new Waker(init.waker),
    awards: init.awards && new Mailbox(init.awards),
    stopped,
  };
}
