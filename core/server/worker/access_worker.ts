import type { Program } from "../../cli/host.ts";
import { systemClock } from "../../base/clock.ts";
import { UserError } from "../../base/user_error.ts";
import { openEngine } from "../../engine/choose.ts";
import type { Listener } from "../../engine/common/engine.ts";
import { collectGarbage } from "../../os/collect_garbage.ts";
import { loadPlugin, type PluginChoice } from "../../plugin/loader.ts";
import { closeThread, postToParent } from "../../threads/thread.ts";
import { Waker } from "../../threads/waker.ts";
import { runLoop } from "../../threads/worker_loop.ts";
import type { AccessLoop } from "./access_loop.ts";
import { openLoop, type WorkerInit } from "./open_loop.ts";

/** What a worker thread is started with: a message of plain values and shared memory. */
export interface AccessInit extends WorkerInit {
  readonly plugins: readonly PluginChoice[];
  readonly listener: Listener;
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
  const { settings, share: { capacity, firstSet } } = init;
  const plugins = await Promise.all(
    init.plugins.map(async ({ source, config }) => ({ plugin: await loadPlugin(source, program), config })),
  );
  const clock = systemClock;
  const engine = openEngine(settings.engine, { capacity, clock, waker: new Waker(init.link.waker) });
  let loop: AccessLoop;
  try {
    loop = openLoop(init, { engine, clock, plugins });
    notify({ type: "listening", port: engine.listen(init.listener) });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notify({ type: "refused", message: error.message });
    return;
  }
  collectGarbage();
  const block = loop.counters.block(firstSet);
  const threadsFirst = loop.counters.layout.handle("threadsFirst");
  await runLoop(loop, settings.priority, YIELD_MS, (isFirst) => block[threadsFirst] = isFirst);
  engine.shutdown();
  notify({ type: "stopped" });
  closeThread();
}
