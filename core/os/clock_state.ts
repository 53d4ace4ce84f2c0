import { libc, whyNoLibc } from "./posix.ts";

/** What the kernel knows of its wall clock. */
export interface ClockState {
  readonly isSynchronised: boolean;
  /** How wrong it is at most, in microseconds; grows while nobody corrects it. */
  readonly maxErrorUs: number;
}

/** `struct timex` on 64-bit Linux: 208 bytes. */
const TIMEX_BYTES = 208;
const MAXERROR_OFFSET = 24;
const STATUS_OFFSET = 40;
const STA_UNSYNC = 0x40;
const TIME_ERROR = 5;

/** Asks the kernel, and so whatever sets the clock: chrony, ntpd, systemd or a hypervisor. Undefined where it can't. */
export function readClockState(): ClockState | undefined {
  if (whyNoLibc() !== null) return undefined;
  const timex = new Uint8Array(TIMEX_BYTES); // modes 0: read only
  const state = libc().adjtimex(timex);
  if (state < 0) return undefined; // a container may forbid it
  const view = new DataView(timex.buffer);
  const isUnset = (view.getInt32(STATUS_OFFSET, true) & STA_UNSYNC) !== 0;
  return {
    isSynchronised: state !== TIME_ERROR && !isUnset,
    maxErrorUs: Number(view.getBigInt64(MAXERROR_OFFSET, true)),
  };
}
