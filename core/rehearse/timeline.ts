import type { Child } from "./stage/child.ts";
import { readSnapshots } from "../admin/telemetry/snapshot_stream.ts";
import { Histogram } from "../counters/histogram.ts";
import type { Snapshot } from "../counters/series.ts";
import type { MachineSecond } from "./machine/machine_second.ts";

/** What both processes did in one second of the wall clock; either may be missing. */
export interface Second {
  readonly second: number;
  phase: string;
  server?: Snapshot;
  client?: Snapshot;
  /** What the machine did besides. */
  machine?: MachineSecond;
}

/** Who wants to see a rehearsal while it runs. */
export interface RunWatcher {
  /** A process's API is at this address now. */
  follows(role: "server" | "client", api: string): void;
  /** A phase begins. */
  phase(name: string): void;
  /** Something is done, such as a kill. */
  event(text: string): void;
}

/** Collects both processes' snapshots by second while a rehearsal runs. */
export class Timeline {
  /** In order of time. */
  readonly seconds: Second[] = [];
  /** What happened at a moment, such as a kill; wall time in ms. */
  readonly events: { readonly atMs: number; readonly text: string }[] = [];
  #phase = "start";
  readonly #abort = new AbortController();
  readonly #onSecond: (second: Second) => void;
  readonly #watcher: RunWatcher | undefined;

  /** @param onSecond called when the fleet's part of a second is there */
  constructor(onSecond: (second: Second) => void, watcher?: RunWatcher) {
    this.#onSecond = onSecond;
    this.#watcher = watcher;
  }

  /** The phase that runs now. */
  get phase(): string {
    return this.#phase;
  }

  set phase(name: string) {
    this.#phase = name;
    this.#watcher?.phase(name);
  }

  /** Something is done now. */
  event(atMs: number, text: string): void {
    this.events.push({ atMs, text });
    this.#watcher?.event(text);
  }

  /** What the machine did besides in a second. */
  machine(second: number, use: MachineSecond): void {
    this.#secondOf(second).machine = use;
  }

  /** Begins to read a process's stream. */
  follow(role: "server" | "client", child: Pick<Child, "api" | "headers">): void {
    this.#watcher?.follows(role, child.api);
    void this.#read(role, child);
  }

  stop(): void {
    this.#abort.abort();
  }

  async #read(role: "server" | "client", { api, headers }: Pick<Child, "api" | "headers">): Promise<void> {
    try {
      for await (const snapshot of readSnapshots(api, { headers, signal: this.#abort.signal })) {
        const second = this.#secondOf(snapshot.second);
        second[role] = snapshot;
        if (role === "client") this.#onSecond(second);
      }
    } catch (error) {
      // The end of a process ends its stream; whoever runs the rehearsal notices the process itself.
      if (!(error instanceof Error)) throw error;
    }
  }

  #secondOf(number: number): Second {
    const found = this.seconds.findLast(({ second }) => second === number);
    if (found !== undefined) return found;
    const added: Second = { second: number, phase: this.phase };
    // Who tells of a second first may tell of an earlier one than was told of last.
    const at = this.seconds.findLastIndex(({ second }) => second < number) + 1;
    this.seconds.splice(at, 0, added);
    return added;
  }
}

/**
 * One row a second, for a spreadsheet. Times in ms or us as the names say, memory in bytes, money in fen, CPU in cores.
 *
 * @param ofPlugins columns of the server's plugins, and the counters whose growth they show
 */
export function seriesCsv(
  seconds: readonly Second[],
  ofPlugins: Readonly<Record<string, string>> = {},
): string {
  const columns = [
    ...FIRST_COLUMNS,
    ...Object.entries(ofPlugins).map(([name, counter]) => fromServer(name, counter)),
    ...LAST_COLUMNS,
  ];
  const rows = seconds.map((row) => columns.map(([, value]) => value(row) ?? "").join(","));
  return [columns.map(([name]) => name).join(","), ...rows].join("\n") + "\n";
}

type Column = readonly [name: string, value: (row: Second) => string | number | undefined];

const fromClient = (name: string, counter: string): Column => [name, ({ client }) => client?.deltas[counter]];
const fromServer = (name: string, counter: string): Column => [name, ({ server }) => server?.deltas[counter]];
const latency = (name: string, percent: number): Column => [
  name,
  ({ client }) => client && new Histogram().add(client.histograms.shakeLatencyUs).percentile(percent),
];
const cpu = (role: "server" | "client"): Column => [
  `${role}_cpu_ms`,
  (row) => {
    const usage = row[role]?.process;
    return usage && Math.round(usage.cpuUserMs + usage.cpuSystemMs);
  },
];
const memory = (
  role: "server" | "client",
): Column => [`${role}_rss_bytes`, (row) => row[role]?.process.rssBytes];

const machine = (name: string, of: (use: MachineSecond) => number | null): Column => [
  name,
  ({ machine }) => {
    const value = machine === undefined ? null : of(machine);
    return value === null ? undefined : Number(value.toFixed(3));
  },
];

const FIRST_COLUMNS: readonly Column[] = [
  ["unix_second", ({ second }) => second],
  ["phase", ({ phase }) => phase],
  ["users_ready", ({ client }) => client?.gauges.usersReady],
  ["connections", ({ server }) => server?.gauges.connections],
  fromClient("due", "shakesDue"),
  fromClient("sent", "shakesSent"),
  fromClient("answered", "shakesAnswered"),
  fromClient("won", "shakesWon"),
  fromClient("nothing", "shakesNothing"),
  fromClient("greeted", "shakesGreeted"),
  fromClient("all_gone", "shakesAllGone"),
  fromClient("overloaded", "shakesOverloaded"),
  fromClient("won_fen", "amountWonFen"),
  fromClient("disconnects", "disconnects"),
  latency("p50_us", 50),
  latency("p99_us", 99),
  latency("p999_us", 99.9),
  fromServer("server_frames_in", "framesIn"),
  fromServer("server_frames_out", "framesOut"),
];
/** Behind those of plugins. */
const LAST_COLUMNS: readonly Column[] = [
  cpu("server"),
  cpu("client"),
  memory("server"),
  memory("client"),
  machine("own_cores", ({ ownCores }) => ownCores),
  machine("other_cores", ({ othersCores }) => othersCores),
  machine("steal_cores", ({ stealCores }) => stealCores),
  machine("idle_cores", ({ idleCores }) => idleCores),
  machine("wait_cores", ({ waitCores }) => waitCores),
  machine("cpu_pressure_percent", ({ pressurePercent }) => pressurePercent),
  machine("segments_out", ({ segmentsOut }) => segmentsOut),
  machine("retransmits", ({ retransmits }) => retransmits),
  machine("drops", ({ drops }) => drops),
];
