import { Histogram } from "../../counters/histogram.ts";
import type { Snapshot } from "../../counters/series.ts";

export type Role = Snapshot["role"];
export const ROLES: readonly Role[] = ["server", "client", "gateway"];

/** What the processes of a machine's interfaces carried within a second. */
interface Carried {
  rxBytes: number;
  rxPackets: number;
  txBytes: number;
  txPackets: number;
}

/**
 * The sum of one second over all processes of one role. Counters and histogram buckets add up exactly, in any order, so
 * a late snapshot is merged just as well.
 */
export class RoleSecond {
  /** Processes whose snapshot is in it. */
  processes = 0;
  readonly deltas: Record<string, number> = {};
  /**
   * What counters grew by outside the seconds that were told: before this process came to watch, or in seconds that got
   * lost. Negative where such a second came after all. With it, sums over seconds are exact.
   */
  readonly unseen: Record<string, number> = {};
  readonly gauges: Record<string, number> = {};
  /** The highest of each gauge. */
  readonly worst: Record<string, number> = {};
  readonly histograms: Record<string, Histogram> = {};
  /** Connections by client host. */
  readonly clientHosts: Record<string, number> = {};
  cpuUserMs = 0;
  cpuSystemMs = 0;
  rssBytes = 0;
  heapUsedBytes = 0;
  /** The worst of all. */
  loopDelayMs = 0;

  /** CPU time of own code and kernel together. */
  get cpuMs(): number {
    return this.cpuUserMs + this.cpuSystemMs;
  }

  add(snapshot: Snapshot, unseen: Readonly<Record<string, number>>): void {
    this.processes++;
    addUp(this.deltas, snapshot.deltas);
    addUp(this.unseen, unseen);
    addUp(this.gauges, snapshot.gauges);
    for (const name in snapshot.gauges) {
      this.worst[name] = Math.max(this.worst[name] ?? -Infinity, snapshot.gauges[name]);
    }
    for (const name in snapshot.histograms) {
      (this.histograms[name] ??= new Histogram()).add(snapshot.histograms[name]);
    }
    for (const [host, connections] of snapshot.clientHosts ?? []) {
      this.clientHosts[host] = (this.clientHosts[host] ?? 0) + connections;
    }
    const { process } = snapshot;
    this.cpuUserMs += process.cpuUserMs;
    this.cpuSystemMs += process.cpuSystemMs;
    this.rssBytes += process.rssBytes;
    this.heapUsedBytes += process.heapUsedBytes;
    this.loopDelayMs = Math.max(this.loopDelayMs, process.loopDelayMs);
  }
}

/** One second of everything that is watched. */
export class MergedSecond {
  readonly second: number;
  readonly roles: Partial<Record<Role, RoleSecond>> = {};
  /** Bytes and packets of all interfaces but loopback, and of loopback alone; each machine counts once. */
  readonly network: Carried = noCarried();
  readonly loopback: Carried = noCarried();
  hasNetwork = false;
  readonly #machines = new Set<string>();

  constructor(second: number) {
    this.second = second;
  }

  /**
   * @param target whose snapshot it is; stands for the machine where that has no name
   * @param unseen what its counters grew by outside the seconds that were told
   */
  add(snapshot: Snapshot, target: string, unseen: Readonly<Record<string, number>> = {}): void {
    (this.roles[snapshot.role] ??= new RoleSecond()).add(snapshot, unseen);
    const { network, machine } = snapshot.process;
    const key = machine || target;
    if (network === undefined || this.#machines.has(key)) return;
    this.#machines.add(key);
    this.hasNetwork = true;
    for (const name in network) {
      const sum = name === "lo" ? this.loopback : this.network;
      const { rxBytes, rxPackets, txBytes, txPackets } = network[name];
      sum.rxBytes += rxBytes;
      sum.rxPackets += rxPackets;
      sum.txBytes += txBytes;
      sum.txPackets += txPackets;
    }
  }
}

/** Adds `more` to `sum`, name by name. */
export function addUp(sum: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const name in more) sum[name] = (sum[name] ?? 0) + more[name];
}

function noCarried(): Carried {
  return { rxBytes: 0, rxPackets: 0, txBytes: 0, txPackets: 0 };
}
