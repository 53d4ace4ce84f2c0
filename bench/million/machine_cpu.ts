import { readKernelText } from "../../core/os/kernel_files.ts";

/** CPU time of the whole machine so far in ms: the kernel counts its work on packets for no process. */
export interface MachineCpu {
  readonly userMs: number;
  readonly systemMs: number;
  readonly interruptMs: number;
}

const TICK_MS = 10;

/** Undefined where the kernel doesn't tell. */
export function readMachineCpu(): MachineCpu | undefined {
  const text = readKernelText("/proc/stat");
  if (text === undefined) return undefined;
  const [user, nice, system, , , irq, softirq] = text.split("\n")[0].split(/ +/).slice(1)
    .map((ticks) => Number(ticks) * TICK_MS);
  return { userMs: user + nice, systemMs: system, interruptMs: irq + softirq };
}

/** What one of so many shakes cost the machine, both ends together, as a line. */
export function costOfShake(before: MachineCpu, after: MachineCpu, shakes: number): string {
  const us = (part: keyof MachineCpu) => (after[part] - before[part]) * 1_000 / Math.max(1, shakes);
  const parts = [us("userMs"), us("systemMs"), us("interruptMs")] as const;
  const [user, system, interrupt] = parts.map((part) => part.toFixed(1));
  const all = parts.reduce((sum, part) => sum + part).toFixed(1);
  return `the whole machine's CPU time a shake: ${all} us (programs ${user}, kernel ${system}, its interrupts ${interrupt})`;
}
