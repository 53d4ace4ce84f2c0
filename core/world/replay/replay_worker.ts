import { systemClock } from "../../base/clock.ts";
import type { Program } from "../../cli/host.ts";
import { loadPlugins } from "../../plugin/loader.ts";
import { closeThread, postToParent } from "../../threads/thread.ts";
import type { ReplaySettings } from "./replay_options.ts";
import { type PartResult, ReplayPart } from "./replay_part.ts";

/** What a replay's thread is started with: its hosts are `from` up to `to` - 1. */
export interface ReplayInit {
  readonly settings: ReplaySettings;
  readonly from: number;
  readonly to: number;
}

/** What it says: how far it is, and at the end what it came to. */
export type ReplayNotice =
  | { readonly type: "progress"; readonly shakes: number }
  | { readonly type: "done"; readonly result: PartResult };

/** The life of a thread that replays some hosts' evening. */
export async function runReplayWorker({ settings, from, to }: ReplayInit, program: Program): Promise<void> {
  const plugins = await loadPlugins(settings.plugins, settings.configs, program);
  const say = (notice: ReplayNotice) => postToParent(notice);
  const part = new ReplayPart(settings, from, to, plugins);
  const result = await part.play(systemClock, (shakes) => say({ type: "progress", shakes }));
  say({ type: "done", result });
  closeThread();
}
