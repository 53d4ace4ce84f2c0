import process from "node:process";
import { type Clock, every } from "../base/clock.ts";
import { deviceGrowth, type DeviceTable, readDevices } from "./network_devices.ts";

/** What one process, and the machine under it, used within a second. */
export interface ProcessUsage {
  readonly pid: number;
  /** Name of the machine: processes that share one report the same interfaces. */
  readonly machine: string;
  /** CPU time in ms within the second, over all threads. */
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly rssBytes: number;
  /** The JavaScript heap of the main thread. */
  readonly heapUsedBytes: number;
  /** How late the main thread's timers came at worst. Garbage collection is in it; the runtime tells no pauses. */
  readonly loopDelayMs: number;
  /** What each interface of the machine carried, if it can be read. */
  readonly network?: DeviceTable;
}

/** How often the event loop's delay is looked at. */
const LOOK_MS = 100;

/** Measures a process from one reading to the next. */
export class UsageMeter {
  readonly #clock: Clock;
  #cpu = process.cpuUsage();
  #devices: DeviceTable | undefined;
  #loopDelayMs = 0;
  #lookedAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to watch the event loop and the interfaces, until the returned function is called. */
  start(repeat = every): () => void {
    this.#devices = readDevices();
    this.#lookedAtMs = this.#clock.monotonicMs();
    return repeat(LOOK_MS, () => this.#look());
  }

  /** What was used since the last reading. */
  read(): ProcessUsage {
    const cpu = process.cpuUsage();
    const { rss, heapUsed } = Deno.memoryUsage();
    const devices = this.#devices === undefined ? undefined : readDevices();
    const usage: ProcessUsage = {
      pid: Deno.pid,
      machine: machineName(),
      cpuUserMs: (cpu.user - this.#cpu.user) / 1000,
      cpuSystemMs: (cpu.system - this.#cpu.system) / 1000,
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      loopDelayMs: Math.round(this.#loopDelayMs * 10) / 10,
      ...(devices === undefined || this.#devices === undefined
        ? {}
        : { network: deviceGrowth(devices, this.#devices) }),
    };
    this.#cpu = cpu;
    this.#devices = devices;
    this.#loopDelayMs = 0;
    return usage;
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#loopDelayMs = Math.max(this.#loopDelayMs, nowMs - this.#lookedAtMs - LOOK_MS);
    this.#lookedAtMs = nowMs;
  }
}

function machineName(): string {
  try {
    return Deno.hostname();
  } catch {
    return ""; // no permission; then processes of one machine can't be told to share it
  }
}
