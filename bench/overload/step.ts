/** How the server sheds in a run, and its settings. */
export interface Mode {
  readonly name: string;
  readonly plugins: string;
  readonly set: readonly string[];
  /** How long a user waits for an answer, 0 for ever. */
  readonly patienceMs: number;
}

const WIDE = ["throttle.connectionPerS=100000", "throttle.connectionBurst=100000"];

export const MODES: readonly Mode[] = [
  {
    name: "read less",
    plugins: "throttle,shake",
    set: [...WIDE, "throttle.targetMs=15", "throttle.staleMs=30"],
    patienceMs: 150,
  },
  {
    name: "refuse",
    plugins: "throttle,shake",
    set: [...WIDE, "throttle.targetMs=15", "throttle.mostLevel=1"],
    patienceMs: 0,
  },
  { name: "nothing", plugins: "shake", set: [], patienceMs: 0 },
];

/** What came of one rate. */
export interface Step {
  readonly mode: string;
  /** The rate as a multiple of the server's best. */
  readonly factor: number;
  readonly scheduledPerS: number;
  readonly offeredPerS: number;
  /** Answered otherwise than "overloaded", within {@linkcode IN_TIME_MS}. */
  readonly goodPerS: number;
  readonly refusedPerS: number;
  /** Of what was answered otherwise than "overloaded". */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Ticks that the fleet itself was too late for: with many of them, the fleet is what is overloaded. */
  readonly lateTicksPerS: number;
  readonly serverCores: number;
}

/** With more of its ticks late than this part, the fleet itself is overloaded, and a step says nothing of the server. */
export const LATE_PART = 0.05;
/** An answer within this time is a good one. */
export const IN_TIME_MS = 100;
