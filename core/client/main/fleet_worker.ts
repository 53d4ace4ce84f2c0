import { Counters } from "../../counters/counters.ts";
import { openEngine } from "../../engine/choose.ts";
import type { DialTarget, EngineName } from "../../engine/common/engine.ts";
import { Random } from "../../base/random.ts";
import { Waker } from "../../threads/waker.ts";
import { Mailbox } from "../../threads/mailbox.ts";
import { Foreground, type Priority } from "../../os/foreground.ts";
import { closeThread, postToParent } from "../../threads/thread.ts";
import { systemClock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { Tokens } from "../../token/token.ts";
import type { TokenRules } from "../../token/token_keys.ts";
import { AwardLog } from "../state/award_log.ts";
import type { Behaviour } from "../population/behaviour.ts";
import { CueState } from "../../wire/codes.ts";
import { FetchBoard } from "../fetch/fetch_board.ts";
import { Fleet } from "../fleet/fleet.ts";
import type { HeardCue } from "../follow/heard.ts";
import { fleetBlocks, FleetMetric, fleetMetrics } from "../state/metrics.ts";
import type { MisbehaviourShares } from "../population/misbehaviour.ts";
import type { Gap } from "../schedule/think_time.ts";
import type { Pacing } from "../schedule/pacing.ts";
import type { UserSlice } from "../../base/segment.ts";

/** What a fleet's thread is started with: a message of plain values and shared memory. */
export interface FleetInit {
  readonly engine: EngineName;
  readonly slice: UserSlice;
  readonly total: number;
  readonly qps: number;
  readonly pacing: Pacing;
  readonly targets: readonly DialTarget[];
  readonly worker: number;
  readonly workers: number;
  readonly connectRate: number;
  readonly behaviour: Behaviour;
  readonly protocol: 0 | 1;
  /** What version 1's tokens are made with; undefined: they are empty. */
  readonly tokenRules: TokenRules | undefined;
  readonly gap?: Gap | undefined;
  readonly misbehave?: MisbehaviourShares;
  readonly disobey?: number;
  readonly patienceMs?: number;
  readonly inTimeMs?: number;
  readonly mostOpen?: number;
  readonly randomSeed: number;
  readonly priority: Priority;
  readonly counters: SharedArrayBuffer;
  /** Mailbox of orders. */
  readonly orders: SharedArrayBuffer;
  readonly waker: SharedArrayBuffer;
  /** Where the thread that fetches learns when people shake, if there is one. */
  readonly fetchBoard: SharedArrayBuffer | undefined;
  /** Mailbox of awards, if anybody wants them. */
  readonly awards: SharedArrayBuffer | undefined;
}

/** The message from a thread at its end; everything before goes through shared memory. */
export interface FleetNotice {
  readonly type: "stopped";
}

/** How long a fleet sleeps at most. */
const MAX_SLEEP_MS = 1_000;
/** How often a busy loop lets the runtime do its own work. */
const YIELD_MS = 100;

/** The life of a fleet's thread, from its init message to the order to stop. */
export async function runFleetWorker(init: FleetInit): Promise<void> {
  await play(init);
  const notice: FleetNotice = { type: "stopped" };
  postToParent(notice);
  closeThread();
}

async function play(init: FleetInit): Promise<void> {
  const clock = systemClock;
  const waker = new Waker(init.waker);
  const engine = openEngine(init.engine, { capacity: init.slice.count, clock, waker });
  const counters = new Counters(fleetMetrics, fleetBlocks(init.workers), init.counters);
  const fleet = new Fleet({
    engine,
    clock,
    random: new Random(init.randomSeed),
    counters,
    block: init.worker,
    slice: init.slice,
    total: init.total,
    qps: init.qps,
    pacing: init.pacing,
    targets: init.targets,
    pairFirst: init.worker,
    pairStride: init.workers,
    connectRate: init.connectRate,
    behaviour: init.behaviour,
    protocol: init.protocol,
    tokens: init.tokenRules === undefined ? undefined : new Tokens(init.tokenRules),
    ...(init.gap === undefined ? {} : { gap: init.gap }),
    ...(init.misbehave === undefined ? {} : { misbehave: init.misbehave }),
    ...(init.disobey === undefined ? {} : { disobey: init.disobey }),
    ...(init.patienceMs === undefined ? {} : { patienceMs: init.patienceMs }),
    ...(init.inTimeMs === undefined ? {} : { inTimeMs: init.inTimeMs }),
    ...(init.mostOpen === undefined ? {} : { mostOpen: init.mostOpen }),
    ...(init.fetchBoard === undefined ? {} : { onCue: tellBoard(new FetchBoard(init.fetchBoard)) }),
    orders: new Mailbox(init.orders),
    ...(init.awards === undefined ? {} : { awards: new AwardLog(new Mailbox(init.awards)) }),
  });
  const foreground = new Foreground(init.priority);
  const block = counters.block(init.worker);
  let yieldAtMs = 0;
  while (!fleet.isStopped) {
    const passing = fleet.pass(MAX_SLEEP_MS);
    const nowMs = clock.monotonicMs();
    foreground.look(nowMs);
    block[FleetMetric.threadsFirst] = Number(foreground.isFirst);
    if (passing !== undefined) await passing;
    else if (nowMs >= yieldAtMs) {
      await nextTurn();
      yieldAtMs = nowMs + YIELD_MS;
    }
  }
  engine.shutdown();
}

/** Whoever fetches stops while people shake. */
function tellBoard(board: FetchBoard): (cue: HeardCue) => void {
  return ({ state, startMs, endMs }) => {
    if (state === CueState.planned) board.planned(startMs, endMs);
    else board.unplanned(state === CueState.held);
  };
}
