/** What Linux counts since its start, read out of the text of its files. Undefined where a text isn't as expected. */

/** `/proc` counts CPU time in hundredths of a second, whatever the kernel's own ticks are. */
const TICK_MS = 10;

/** CPU time of the whole machine in ms. */
export interface CpuTimes {
  /** Of programs, and of the kernel on their behalf. */
  readonly programsMs: number;
  /** Of interrupts: the kernel's work on packets, which it counts for no process. */
  readonly interruptsMs: number;
  readonly idleMs: number;
  /** Taken by the host of a virtual machine. */
  readonly stealMs: number;
}

/** Reads the first line of `/proc/stat`. */
export function parseCpuTimes(text: string): CpuTimes | undefined {
  const [name, ...ticks] = text.split("\n", 1)[0].split(/ +/);
  const [user, nice, system, idle, ioWait, irq, softIrq, steal = 0] = ticks.map((tick) =>
    Number(tick) * TICK_MS
  );
  if (name !== "cpu" || !Number.isFinite(softIrq)) return undefined;
  return {
    programsMs: user + nice + system,
    interruptsMs: irq + softIrq,
    idleMs: idle + ioWait,
    stealMs: steal,
  };
}

/** A process out of `/proc/PID/stat`. */
export interface ProcessTimes {
  readonly name: string;
  readonly parent: number;
  readonly cpuMs: number;
}

/** Reads `/proc/PID/stat`, whose name stands in brackets and may hold anything. */
export function parseProcessTimes(text: string): ProcessTimes | undefined {
  const [from, to] = [text.indexOf("("), text.lastIndexOf(")")];
  // From the third field on: state, parent, ..., and as the fourteenth and fifteenth user and system time.
  const fields = text.slice(to + 2).split(" ");
  const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
  if (from < 0 || !Number.isFinite(system)) return undefined;
  return { name: text.slice(from + 1, to), parent, cpuMs: (user + system) * TICK_MS };
}

/** Reads `/proc/PID/task/TID/schedstat`: for how long a thread could have run and waited for a core, in ms. */
export function parseWaitMs(text: string): number | undefined {
  const waitNs = Number(text.split(" ")[1]);
  return Number.isFinite(waitNs) ? waitNs / 1e6 : undefined;
}

/** Reads `/proc/pressure/cpu`: for how long somebody waited for a core, in ms. */
export function parsePressureMs(text: string): number | undefined {
  const total = /^some .*total=(\d+)/m.exec(text)?.[1];
  return total === undefined ? undefined : Number(total) / 1000;
}

export interface TcpCounts {
  readonly segmentsOut: number;
  readonly retransmits: number;
  /** What this machine received and dropped for want of room, by the counters that are there. */
  readonly drops: number;
}

const DROPS = ["ListenDrops", "TCPBacklogDrop", "TCPRcvQDrop", "RcvPruned", "OfoPruned"];

/** Reads `/proc/net/snmp` and `/proc/net/netstat`: a line of names, and below it one of values. */
export function parseTcpCounts(snmp: string, netstat: string): TcpCounts | undefined {
  const tcp = namedCounts(snmp, "Tcp");
  const more = namedCounts(netstat, "TcpExt");
  if (tcp.OutSegs === undefined || tcp.RetransSegs === undefined) return undefined;
  return {
    segmentsOut: tcp.OutSegs,
    retransmits: tcp.RetransSegs,
    drops: DROPS.reduce((sum, name) => sum + (more[name] ?? 0), 0),
  };
}

function namedCounts(text: string, group: string): Record<string, number> {
  const [names = [], values = []] = text.split("\n").filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(" ").slice(1));
  return Object.fromEntries(names.map((name, i) => [name, Number(values[i])]));
}
