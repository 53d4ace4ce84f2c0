import { sparsePercentile } from "../../counters/histogram.ts";
import type { Snapshot } from "../../counters/series.ts";

/** What is shown of a target's latest snapshot. One object for all its time, for the reason that `Readings` has. */
export class LastReading {
  role: Snapshot["role"] = "server";
  second = 0;
  readAtMs = 0;
  pid = 0;
  /** Connections, or connected users, in all and by SET or worker; null if it counts none. */
  connections: number | null = null;
  readonly sets: number[] = [];
  /** Frames or shakes that were answered in the second. */
  answered: number | null = null;
  /** The 99th percentile of the latency in the second, if it measures one. */
  p99Us: number | null = null;
  /** CPU time within the second, over all threads. */
  cpuMs = 0;
  rssBytes = 0;
  loopDelayMs = 0;

  set(snapshot: Snapshot): void {
    const { role, process, histograms } = snapshot;
    const [connections, answered] = role === "client"
      ? ["usersConnected", "shakesAnswered"]
      : ["connections", "framesOut"];
    this.role = role;
    this.second = snapshot.second;
    this.readAtMs = snapshot.readAtMs;
    this.pid = process.pid;
    this.connections = snapshot.gauges[connections] ?? null;
    this.answered = snapshot.deltas[answered] ?? null;
    const latency = histograms.shakeLatencyUs ?? [];
    this.p99Us = latency.length === 0 ? null : sparsePercentile(latency, 99);
    this.cpuMs = process.cpuUserMs + process.cpuSystemMs;
    this.rssBytes = process.rssBytes;
    this.loopDelayMs = process.loopDelayMs;
    this.#setSets(snapshot.blocks[connections] ?? []);
  }

  #setSets(blocks: readonly number[]): void {
    // The last block of a server is the main thread's own and holds no connections.
    const count = blocks.length > 1 && blocks.at(-1) === 0 ? blocks.length - 1 : blocks.length;
    this.sets.length = count;
    for (let i = 0; i < count; i++) this.sets[i] = blocks[i];
  }
}
