import { type Check, valueText } from "../../report/data/check.ts";
import type { Cause } from "../../report/data/summary_schema.ts";
import type { Measure } from "../measure/measures.ts";
import { averageOf, type MachineSecond } from "./machine_second.ts";

/** A second of a phase: how long answers took, if there were any, and what the machine did besides. */
export interface JudgedSecond {
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  /** Shakes that were due and weren't sent. */
  readonly notSent: number;
  readonly machine: MachineSecond;
}

/** What a machine is. */
export interface MachineKind {
  readonly cores: number;
  /** A random read of memory, as `measureMemoryNs` has it. */
  readonly memoryNs: number | null;
}

/** Of the machine's time. A virtual machine whose core is taken away waits at least as long as the host's time slice. */
const LEAST_STEAL_SHARE = 0.05;
/** Of a core: less doesn't move a percentile of ours while there is another core. */
const LEAST_NEIGHBOUR_CORES = 0.25;
/** A machine that is idle for less than this share of its time has no core to spare in the moments that count. */
const FULL_IDLE_SHARE = 0.15;
/** Of all segments: a lost one comes 200 ms later, and a shake is two segments, so that half of this is one in 1,000. */
const LEAST_LOSS_SHARE = 0.002;
/** Fewer a second are a coincidence. */
const LEAST_LOST = 5;
/** Twice what memory takes on a common virtual machine. */
const SLOW_MEMORY_NS = 250;

/** Measures that don't fail because time was short. All others do, those of plugins too. */
const NOT_OF_TIME: ReadonlySet<string> = new Set<Measure>([
  "won",
  "serverGrowthMb",
  "closedBad",
  "misbehavingPercent",
]);

/**
 * What took the time in a phase that failed. It looks at the seconds that were bad, and names what the machine did in them
 * besides: a core that was taken, by its host or a neighbour; segments that were lost on their way; memory that is slow.
 * Where none of these was, it says so: then redpkt itself was slow.
 *
 * @param checks of the phase
 * @returns nothing if no check failed for which time is needed
 */
export function judgeMachine(
  phase: string,
  checks: readonly Check[],
  seconds: readonly JudgedSecond[],
  kind: MachineKind,
): Cause[] {
  const failed = checks.filter(({ measure, met }) => !met && !NOT_OF_TIME.has(measure));
  if (failed.length === 0) return [];
  const latency = failed.find(({ unit }) => unit === "ms");
  const bad = badSeconds(seconds, latency?.atMost);
  const while_ = `while ${broke(latency ?? failed[0])}`;
  const use = averageOf(bad.map(({ machine }) => machine));
  const causes = [
    steal(use, kind),
    neighbour(use, kind),
    loss(use, bad, latency),
    memory(use, kind),
  ].filter((cause) => cause !== undefined);
  if (causes.length === 0) return [nothing(phase, use, kind, while_)];
  return causes.map((cause) => ({ phase, ...cause, text: `${cause.text} ${while_}` }));
}

type Found = Omit<Cause, "phase">;

/** Seconds over the bound; without one, or where none alone is, those that left shakes unsent; else all. */
function badSeconds(seconds: readonly JudgedSecond[], mostMs: number | undefined): readonly JudgedSecond[] {
  const over = mostMs === undefined ? [] : seconds.filter(({ p99Us }) => (p99Us ?? 0) > mostMs * 1000);
  if (over.length > 0) return over;
  const unsent = seconds.filter(({ notSent }) => notSent > 0);
  return unsent.length > 0 ? unsent : seconds;
}

function steal({ stealCores }: MachineSecond, { cores }: MachineKind): Found | undefined {
  if (stealCores === null || stealCores < LEAST_STEAL_SHARE * cores) return undefined;
  const seen = percentOf(stealCores);
  return {
    kind: "steal",
    text: `the host of this virtual machine took ${seen} % of a core`,
    seen,
    unit: "percentOfACore",
  };
}

function neighbour(use: MachineSecond, kind: MachineKind): Found | undefined {
  const { othersCores, neighbours } = use;
  if (othersCores === null || othersCores < LEAST_NEIGHBOUR_CORES || !isFull(use, kind)) return undefined;
  const seen = percentOf(othersCores);
  const names = neighbours.filter(({ cores }) => cores >= 0.1 * othersCores)
    .map(({ name, pid, cores }) => `${name} (pid ${pid}) ${percentOf(cores)} %`);
  return {
    kind: "neighbour",
    text: `${neighbours.length === 1 ? "another process" : "other processes"} took ${seen} % of a core` +
      (names.length === 0 ? "" : `, ${names.join(", ")},`),
    seen,
    unit: "percentOfACore",
  };
}

/** A lost segment delays single answers, never the median. */
function loss(
  { retransmits, drops, segmentsOut }: MachineSecond,
  bad: readonly JudgedSecond[],
  latency: Check | undefined,
): Found | undefined {
  if (retransmits === null || segmentsOut === null) return undefined;
  // What this machine itself dropped for want of room was sent again too: that is a slow reader's doing.
  const lost = retransmits - (drops ?? 0);
  const share = lost / Math.max(1, segmentsOut);
  if (lost < LEAST_LOST || share < LEAST_LOSS_SHARE) return undefined;
  const mostUs = (latency?.atMost ?? Infinity) * 1000;
  if (bad.filter(({ p50Us }) => (p50Us ?? 0) > mostUs).length > bad.length / 2) return undefined;
  const seen = Number((share * 100).toFixed(2));
  return {
    kind: "loss",
    text: `the network lost ${seen} % of the segments, which were sent again after 200 ms or more`,
    seen,
    unit: "percentOfSegments",
  };
}

function memory(use: MachineSecond, kind: MachineKind): Found | undefined {
  const { memoryNs } = kind;
  if (memoryNs === null || memoryNs < SLOW_MEMORY_NS || !isFull(use, kind)) return undefined;
  const seen = Math.round(memoryNs);
  return {
    kind: "memory",
    text: `this machine's memory was slow, ${seen} ns a random read where 100 to 200 are common, and its ` +
      "cores were busy",
    seen,
    unit: "ns",
  };
}

/** Nobody else did it: what the machine was doing says where to look next. */
function nothing(phase: string, use: MachineSecond, kind: MachineKind, while_: string): Cause {
  const text = use.othersCores === null && use.stealCores === null
    ? `this machine doesn't tell what else it did ${while_}`
    : isFull(use, kind)
    ? `redpkt alone filled this machine ${while_}: ${useText(use)}`
    : `nothing else on this machine took the time ${while_}, so redpkt was slow: ${useText(use)}`;
  return { phase, kind: "none", text, seen: null, unit: null };
}

/** Who had the machine's cores, in words. */
export function useText({ ownCores, idleCores, othersCores, stealCores, drops }: MachineSecond): string {
  const parts = [
    ...(ownCores === null ? [] : [`redpkt ${percentOf(ownCores)} %`]),
    ...(othersCores === null ? [] : [`other processes ${percentOf(othersCores)} %`]),
    ...(stealCores === null ? [] : [`its host ${percentOf(stealCores)} %`]),
    ...(idleCores === null ? [] : [`idle ${percentOf(idleCores)} %`]),
  ];
  const room = drops === null || drops < LEAST_LOST
    ? ""
    : `; ${Math.round(drops)} segments a second found no room`;
  return parts.length === 0 ? "it doesn't tell" : `${parts.join(", ")} of a core${room}`;
}

function isFull({ idleCores }: MachineSecond, { cores }: MachineKind): boolean {
  return idleCores !== null && idleCores < FULL_IDLE_SHARE * cores;
}

/** Which bound was broken, such as `p99Ms was over 50 ms`. */
function broke({ measure, atLeast, atMost, seen, unit }: Check): string {
  const isOver = atMost !== undefined && (seen ?? Infinity) > atMost;
  const bound = isOver ? atMost : atLeast ?? 0;
  return `${measure} was ${isOver ? "over" : "under"} ${valueText(bound, unit)}`;
}

function percentOf(cores: number): number {
  return Math.round(cores * 100);
}
