import { formatCount } from "../../base/units.ts";
import type { Totals } from "../../counters/series.ts";
import { useText } from "../machine/judge.ts";
import { readMachine } from "../machine/machine_reading.ts";
import { machineSecond } from "../machine/machine_second.ts";

/** What in the fleet's counters stands between a user and their connection, in words. */
const OBSTACLES: readonly [metric: string, words: string][] = [
  ["dialFailedRefused", "found nobody listening"],
  ["dialFailedReset", "were ended before they were up"],
  ["dialFailedTimeout", "timed out"],
  ["dialFailedNoPort", "found no free local port"],
  ["dialFailedNoDescriptor", "found no free descriptor"],
  ["dialFailedNoMemory", "found no memory for a socket"],
  ["dialFailedUnreachable", "found no way there"],
  ["loginsRefused", "logged in and were refused"],
  ["stalls", "waited 30 s for an answer in vain"],
  ["disconnects", "were up and were cut off"],
];

/** Watches everyone connect, to say why not all did. */
export class ConnectWatch {
  readonly #pids: readonly number[];
  readonly #start;

  constructor(nowMs: number, pids: readonly number[]) {
    this.#pids = pids;
    this.#start = readMachine(nowMs, pids);
  }

  /** Why not everyone was logged in in time: how fast they came, what dials met with, and what the machine did. */
  why(nowMs: number, ready: number, askedPerS: number, { counters }: Pick<Totals, "counters">): string {
    const seconds = (nowMs - this.#start.atMs) / 1000;
    const met = OBSTACLES.filter(([metric]) => counters[metric] > 0)
      .map(([metric, words]) => `${formatCount(counters[metric])} ${words}`);
    const dials = met.length === 0 ? "no dial failed, they were only slow" : `of its dials ${met.join(", ")}`;
    const machine = machineSecond(this.#start, readMachine(nowMs, this.#pids), this.#pids);
    return `in ${seconds.toFixed(0)} s, at ${formatCount(ready / seconds)}/s where ${
      formatCount(askedPerS)
    }/s were asked for; ${dials}; the machine: ${useText(machine)}`;
  }
}
