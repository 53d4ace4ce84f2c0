import type { Host } from "../../cli/host.ts";
import { Progress } from "../../cli/progress.ts";
import { Layout } from "../../seed/plan/layout.ts";
import { Evening, type ReplaySettings } from "./replay_options.ts";
import type { PartResult } from "./replay_part.ts";
import { ReplaySums } from "./replay_sums.ts";
import { ReplayTrace } from "./replay_trace.ts";
import type { ReplayInit, ReplayNotice } from "./replay_worker.ts";

/** The name of a replay's thread, by which the entry file knows what it is. */
const REPLAY_WORKER_NAME = "replay";

/** What a whole replay came to. */
export interface ReplayOutcome {
  readonly sums: ReplaySums;
  /** One of all hosts' traces, whatever the number of threads. */
  readonly trace: string;
}

/** Plays the hosts on so many threads, and shows how far they are. */
export async function replayOn(
  host: Host,
  settings: ReplaySettings,
  threads: number,
): Promise<ReplayOutcome> {
  const layout = new Layout(settings.plan);
  const evening = new Evening(settings, layout);
  const all = evening.shakesUpTo(settings.hosts);
  const progress = new Progress(host, "shakes");
  const played = new Float64Array(threads);
  let told = 0;
  const parts = Array.from({ length: threads }, (_, thread) => {
    const cut = (i: number) => Math.floor(settings.hosts * i / threads);
    return playPart(host, { settings, from: cut(thread), to: cut(thread + 1) }, (shakes) => {
      played[thread] = shakes;
      const sum = played.reduce((sum, one) => sum + one, 0);
      progress.add(sum - told, all, "replay");
      told = sum;
    });
  });
  const results = await Promise.all(parts);
  progress.end();
  const sums = new ReplaySums(evening.minutes, settings.plan.waves.length * settings.plan.sponsors.length);
  const trace = new ReplayTrace();
  for (const { sums: part, traces } of results) {
    sums.add(part);
    for (const word of traces) trace.mix(word);
  }
  return { sums, trace: trace.text };
}

function playPart(host: Host, init: ReplayInit, onShakes: (shakes: number) => void): Promise<PartResult> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(host.program.entry, { type: "module", name: REPLAY_WORKER_NAME });
    thread.onmessage = ({ data }: MessageEvent<ReplayNotice>) => {
      if (data.type === "progress") onShakes(data.shakes);
      else resolve(data.result);
    };
    thread.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`a replay's thread died: ${event.message}`));
    };
    thread.postMessage(init);
  });
}
