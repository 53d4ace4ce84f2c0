import { Counters } from "../../counters/counters.ts";
import { openEngine } from "../../engine/choose.ts";
import type { EngineName } from "../../engine/common/engine.ts";
import { Random } from "../../base/random.ts";
import { Waker } from "../../threads/waker.ts";
import { Mailbox } from "../../threads/mailbox.ts";
import type { Priority } from "../../os/foreground.ts";
import { runLoop } from "../../threads/worker_loop.ts";
import { closeThread, postToParent } from "../../threads/thread.ts";
import { systemClock } from "../../base/clock.ts";
import { Tokens } from "../../token/token.ts";
import type { TokenRules } from "../../token/token_keys.ts";
import { CueState } from "../../wire/codes.ts";
import { FetchBoard } from "../fetch/fetch_board.ts";
import type { HeardCue, HeardResources } from "../follow/heard.ts";
import { AwardLog } from "../state/award_log.ts";
import { Fleet } from "../fleet/fleet.ts";
import type { FleetSettings } from "../fleet/fleet_options.ts";
import { fleetBlocks, FleetMetric, fleetMetrics } from "../state/metrics.ts";

/** What a fleet's thread is started with: a message of plain values and shared memory. */
export interface FleetInit {
  /** Of the thread's own users. */
  readonly settings: FleetSettings;
  readonly threads: ThreadSettings;
  readonly worker: number;
  readonly randomSeed: number;
  readonly counters: SharedArrayBuffer;
  /** Mailbox of orders. */
  readonly orders: SharedArrayBuffer;
  readonly waker: SharedArrayBuffer;
  /** Where the thread that fetches learns when people shake, if there is one. */
  readonly fetchBoard: SharedArrayBuffer | undefined;
  /** Mailbox of awards, if anybody wants them. */
  readonly awards: SharedArrayBuffer | undefined;
}

/** What all threads of a fleet have in common. */
export interface ThreadSettings {
  readonly workers: number;
  readonly engine: EngineName;
  readonly priority: Priority;
  /** What version 1's tokens are made with; undefined: they are empty. */
  readonly tokenRules: TokenRules | undefined;
}

/** The message from a thread at its end, and what it has heard for the thread that fetches; all else is shared memory. */
export type FleetNotice =
  | { readonly type: "stopped" }
  | { readonly type: "resources"; readonly resources: HeardResources };

/** Connections for those who are about to move: they have two for a moment. */
export function sparesFor(users: number, canMove: boolean): number {
  return canMove ? Math.ceil(users / 8) + 16 : 0;
}

/** How often a busy loop lets the runtime do its own work. */
const YIELD_MS = 100;

/** The life of a fleet's thread, from its init message to the order to stop. */
export async function runFleetWorker(init: FleetInit): Promise<void> {
  await play(init);
  const notice: FleetNotice = { type: "stopped" };
  postToParent(notice);
  closeThread();
}

async function play({ settings, threads, worker, ...init }: FleetInit): Promise<void> {
  const { workers, tokenRules } = threads;
  const waker = new Waker(init.waker);
  const { slice: { count }, hosts } = settings;
  const capacity = count + sparesFor(count, hosts !== undefined);
  const engine = openEngine(threads.engine, { capacity, clock: systemClock, waker });
  const counters = new Counters(fleetMetrics, fleetBlocks(workers), init.counters);
  const fleet = new Fleet({
    ...settings,
    engine,
    clock: systemClock,
    random: new Random(init.randomSeed),
    counters,
    block: worker,
    pairFirst: worker,
    pairStride: workers,
    tokens: tokenRules && new Tokens(tokenRules),
    orders: new Mailbox(init.orders),
    awards: init.awards && new AwardLog(new Mailbox(init.awards)),
    ...(init.fetchBoard === undefined
      ? {}
      : { onCue: tellBoard(new FetchBoard(init.fetchBoard)), onResources: tellParent }),
  });
  const block = counters.block(worker);
  await runLoop(fleet, threads.priority, YIELD_MS, (isFirst) => block[FleetMetric.threadsFirst] = isFirst);
  engine.shutdown();
}

function tellParent(resources: HeardResources): void {
  const notice: FleetNotice = { type: "resources", resources };
  postToParent(notice);
}

/** Whoever fetches stops while people shake. */
function tellBoard(board: FetchBoard): (cue: HeardCue) => void {
  return ({ state, startMs, endMs }) => {
    if (state === CueState.planned) board.planned(startMs, endMs);
    else board.unplanned(state === CueState.held);
  };
}
