import type { Clock } from "../../base/clock.ts";
import { Random } from "../../base/random.ts";
import { Counters } from "../../counters/counters.ts";
import type { Engine } from "../../engine/common/engine.ts";
import { LedgerBoard } from "../../ledger/ring/ledger_board.ts";
import { HoldingsBoard } from "../../ledger/ring/holdings_board.ts";
import { LedgerRing } from "../../ledger/ring/ledger_ring.ts";
import type { AnyPlugin } from "../../plugin/plugin.ts";
import { Mailbox } from "../../threads/mailbox.ts";
import { Waker } from "../../threads/waker.ts";
import { Passes } from "../../token/pass.ts";
import { Tokens } from "../../token/token.ts";
import { AccessLoop } from "./access_loop.ts";
import { ClientHosts } from "./client_hosts.ts";
import { HostBoard } from "./host_board.ts";
import type { SharedMemory } from "./host_memory.ts";
import type { HostSettings } from "./host_settings.ts";
import { Peers } from "./peers.ts";
import type { LinkMemory } from "./worker_link.ts";
import type { WorkerShare } from "./worker_share.ts";

/** What a worker is made of: plain values and shared memory. */
export interface WorkerInit {
  readonly settings: HostSettings;
  readonly share: WorkerShare;
  readonly setCount: number;
  readonly randomSeed: number;
  /** How far the host's event time is behind the wall clock at the start, in ms. */
  readonly eventLagMs: number;
  readonly shared: SharedMemory;
  readonly link: LinkMemory;
}

/** What differs between a worker of the program and one of the simulator or a bench. */
export interface WorkerWorld {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly plugins: readonly { readonly plugin: AnyPlugin; readonly config: unknown }[];
}

/** Puts a worker together: the one place where its parts meet their memory. */
export function openLoop(init: WorkerInit, { engine, clock, plugins }: WorkerWorld): AccessLoop {
  const { settings, share, setCount, shared, link } = init;
  const { allowsVersion0, tokenRules } = settings;
  return new AccessLoop({
    engine,
    clock,
    plugins,
    settings,
    share,
    setCount,
    random: new Random(init.randomSeed),
    eventLagMs: init.eventLagMs,
    counters: Counters.at(shared.counters),
    board: new HostBoard(shared.board),
    clientHosts: new ClientHosts(shared.clientHosts, share.worker, share.capacity),
    inbox: new Mailbox(link.inbox),
    outbox: new Mailbox(link.outbox),
    hostWaker: new Waker(shared.hostWaker),
    ring: new LedgerRing(link.ring),
    ledgerWaker: new Waker(shared.ledgerWaker),
    ledgerBoard: new LedgerBoard(shared.ledgerBoard),
    peers: new Peers(share.worker, shared.peers),
    holdings: link.holdings && new HoldingsBoard(link.holdings),
    passes: tokenRules && new Passes(tokenRules),
    logins: { allowsVersion0, tokens: tokenRules && new Tokens(tokenRules) },
  });
}
