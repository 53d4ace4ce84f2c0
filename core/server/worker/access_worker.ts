import type { Program } from "../../cli/host.ts";
import { UserError } from "../../base/user_error.ts";
import { Counters, type MetricDefinition, MetricLayout } from "../../counters/counters.ts";
import { openEngine } from "../../engine/choose.ts";
import type { EngineName, Listener } from "../../engine/common/engine.ts";
import { LedgerBoard } from "../../ledger/ring/ledger_board.ts";
import { LedgerRing } from "../../ledger/ring/ledger_ring.ts";
import { loadPlugin, type PluginChoice } from "../../plugin/loader.ts";
import { Random } from "../../base/random.ts";
import type { ConnectionLimits } from "../../set/common/connection_watch.ts";
import type { AddressRange } from "../../os/address_ranges.ts";
import { Waker } from "../../threads/waker.ts";
import { collectGarbage } from "../../os/collect_garbage.ts";
import { Foreground, type Priority } from "../../os/foreground.ts";
import { Mailbox } from "../../threads/mailbox.ts";
import { closeThread, postToParent } from "../../threads/thread.ts";
import { systemClock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { Tokens } from "../../token/token.ts";
import type { TokenRules } from "../../token/token_keys.ts";
import { AccessLoop } from "./access_loop.ts";
import { ClientHosts } from "./client_hosts.ts";
import { HostBoard } from "./host_board.ts";
import { Peers, type PeersInit } from "./peers.ts";

/** What a worker thread is started with: a message of plain values and shared memory. */
export interface AccessInit {
  readonly engine: EngineName;
  readonly listener: Listener;
  readonly capacity: number;
  readonly worker: number;
  readonly firstSet: number;
  readonly sets: number;
  readonly setCount: number;
  readonly seats: number;
  readonly randomSeed: number;
  readonly plugins: readonly PluginChoice[];
  readonly metrics: Record<string, MetricDefinition>;
  readonly counters: SharedArrayBuffer;
  readonly blocks: number;
  readonly board: SharedArrayBuffer;
  readonly clientHosts: SharedArrayBuffer;
  readonly inbox: SharedArrayBuffer;
  readonly outbox: SharedArrayBuffer;
  readonly waker: SharedArrayBuffer;
  readonly hostWaker: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
  readonly ledgerWaker: SharedArrayBuffer;
  readonly ledgerBoard: SharedArrayBuffer;
  readonly verdictMs: number;
  readonly eventLagMs: number;
  readonly peers: PeersInit;
  readonly allowsVersion0: boolean;
  /** What version 1's tokens are checked with; undefined: they aren't. */
  readonly tokenRules: TokenRules | undefined;
  readonly connectionLimits: ConnectionLimits;
  /** Proxies in front; see `AccessLoopParts`. */
  readonly proxies: readonly AddressRange[];
  readonly priority: Priority;
}

/** Messages from a worker thread at its birth and end; everything between goes through its mailbox. */
export type AccessNotice =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "stopped" };

/** How often a busy loop lets the runtime do its own work, such as ending finalized objects. */
const YIELD_MS = 500;

/** The life of a worker thread: its loop, until it is told to stop. */
export async function runAccessWorker(init: AccessInit, program: Program): Promise<void> {
  const notify = (notice: AccessNotice) => postToParent(notice);
  const plugins = await Promise.all(
    init.plugins.map(async ({ source, config }) => ({ plugin: await loadPlugin(source, program), config })),
  );
  const waker = new Waker(init.waker);
  const clock = systemClock;
  const engine = openEngine(init.engine, { capacity: init.capacity, clock, waker });
  const counters = new Counters(new MetricLayout(init.metrics), init.blocks, init.counters);
  let loop: AccessLoop;
  try {
    loop = new AccessLoop({
      engine,
      clock,
      random: new Random(init.randomSeed),
      counters,
      plugins,
      worker: init.worker,
      firstSet: init.firstSet,
      sets: init.sets,
      setCount: init.setCount,
      seats: init.seats,
      board: new HostBoard(init.board),
      clientHosts: new ClientHosts(init.clientHosts, init.worker, init.capacity),
      inbox: new Mailbox(init.inbox),
      outbox: new Mailbox(init.outbox),
      hostWaker: new Waker(init.hostWaker),
      ring: new LedgerRing(init.ring),
      ledgerWaker: new Waker(init.ledgerWaker),
      ledgerBoard: new LedgerBoard(init.ledgerBoard),
      verdictMs: init.verdictMs,
      eventLagMs: init.eventLagMs,
      peers: new Peers(init.worker, init.peers),
      logins: {
        allowsVersion0: init.allowsVersion0,
        tokens: init.tokenRules === undefined ? undefined : new Tokens(init.tokenRules),
      },
      limits: init.connectionLimits,
      proxies: init.proxies,
    });
    notify({ type: "listening", port: engine.listen(init.listener) });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notify({ type: "refused", message: error.message });
    return;
  }
  collectGarbage();
  const foreground = new Foreground(init.priority);
  const block = counters.block(init.firstSet);
  const threadsFirst = counters.layout.handle("threadsFirst");
  let yieldAtMs = 0;
  while (!loop.isStopped) {
    const passing = loop.pass();
    foreground.look(loop.nowMs);
    block[threadsFirst] = Number(foreground.isFirst);
    if (passing !== undefined) await passing;
    else if (loop.nowMs >= yieldAtMs) {
      await nextTurn();
      yieldAtMs = loop.nowMs + YIELD_MS;
    }
  }
  engine.shutdown();
  notify({ type: "stopped" });
  closeThread();
}
