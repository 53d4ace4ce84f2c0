import {
  SCHED_OTHER,
  SCHED_RESET_ON_FORK,
  SCHED_RR,
  scheduleThread,
  threadCpuMs,
  whyNoLibc,
} from "./posix.ts";
import { readKernelNumbers, readKernelText } from "./kernel_files.ts";

/** How often it looks how much of its core a thread takes, and how much time the machine's cores have left. */
const OWN_LOOK_MS = 20;
const IDLE_LOOK_MS = 250;
/** Idle shares of all cores' time: a thread goes first from so much on, and steps back below so much. */
const FIRST_FROM = 0.2;
const FIRST_UNTIL = 0.1;
/** A thread that takes so much of its core steps back at once: some of the kernel's threads can't go to another one. */
const MOST_OF_CORE = 0.9;

/** Of the real-time ones: before every thread without one, behind whatever else the machine has of them. */
const LEAST_PRIORITY = 1;

/** `first`: threads that hold connections run before all others while the machine has time left; only where it is asked for. */
export const PRIORITY_CHOICES = ["normal", "first"] as const;
export type Priority = typeof PRIORITY_CHOICES[number];

/** What a thread needs of its machine. */
export interface Machine {
  /** How long it has been up, and how long all its cores together had nothing to do, in s; undefined if it won't tell. */
  idle(): { readonly upS: number; readonly idleS: number } | undefined;
  /** All of its cores. */
  readonly cores: number;
  /** CPU time that this thread has used, in ms. */
  threadCpuMs(): number;
  /** Puts this thread before all others, or back among them. False if it may not. */
  goFirst(isFirst: boolean): boolean;
}

/**
 * Lets its thread run before all others as soon as it has something to do, as long as the machine has time left.
 *
 * Where cores are shared, Linux is fair over milliseconds: a thread that sleeps a thousand times a second waits for each
 * of its turns behind whoever has used less. With a real-time priority it doesn't, and since others find idle cores they
 * lose nothing. On a full machine the winners' ledger would starve, so there it is a thread like any other.
 */
export class Foreground {
  /** Undefined: nobody can go first here, or this thread may not. */
  #machine: Machine | undefined;
  #isFirst = false;
  #ownLook = { atMs: -Infinity, cpuMs: 0 };
  #idleLookMs = 0;
  #last: { readonly upS: number; readonly idleS: number } | undefined;

  constructor(priority: Priority, machine = thisMachine()) {
    this.#machine = priority === "first" ? machine : undefined;
  }

  get isFirst(): boolean {
    return this.#isFirst;
  }

  /** Call it often: most calls compare two numbers. */
  look(nowMs: number): void {
    const machine = this.#machine;
    if (machine === undefined || nowMs < this.#ownLook.atMs + OWN_LOOK_MS) return;
    if (this.#takesItsCore(machine, nowMs)) {
      this.#idleLookMs = nowMs + IDLE_LOOK_MS;
      return this.#goFirst(machine, false);
    }
    if (nowMs < this.#idleLookMs) return;
    this.#idleLookMs = nowMs + IDLE_LOOK_MS;
    const before = this.#last;
    const now = this.#last = machine.idle();
    if (now === undefined) return this.#goFirst(machine, false);
    if (before === undefined || now.upS <= before.upS) return;
    const idleShare = (now.idleS - before.idleS) / (now.upS - before.upS) / machine.cores;
    this.#goFirst(machine, idleShare >= (this.#isFirst ? FIRST_UNTIL : FIRST_FROM));
  }

  /** Whether it has used nearly all the time since the last look. */
  #takesItsCore(machine: Machine, nowMs: number): boolean {
    const { atMs, cpuMs } = this.#ownLook;
    this.#ownLook = { atMs: nowMs, cpuMs: machine.threadCpuMs() };
    return this.#ownLook.cpuMs - cpuMs >= (nowMs - atMs) * MOST_OF_CORE;
  }

  #goFirst(machine: Machine, isFirst: boolean): void {
    if (isFirst === this.#isFirst) return;
    const isDone = machine.goFirst(isFirst);
    this.#isFirst = isFirst && isDone;
    if (!isDone) this.#machine = undefined;
  }
}

/** Undefined where no thread can go first. */
function thisMachine(): Machine | undefined {
  const cores = navigator.hardwareConcurrency;
  const [, lastCore] = /(\d+)\n*$/.exec(readKernelText("/sys/devices/system/cpu/online") ?? "") ?? [];
  // Held to some of the cores, a process can't know whether those have time left.
  if (Number(lastCore) + 1 !== cores || whyNoLibc() !== null) return undefined;
  return {
    cores,
    idle() {
      const [upS, idleS] = readKernelNumbers("/proc/uptime") ?? [];
      return upS === undefined ? undefined : { upS, idleS };
    },
    threadCpuMs,
    goFirst: (isFirst) =>
      isFirst ? scheduleThread(SCHED_RR | SCHED_RESET_ON_FORK, LEAST_PRIORITY) : scheduleThread(SCHED_OTHER),
  };
}
