import type { EventTimeState } from "../../base/event_time.ts";

/** Event time as rows tell it. */
export interface DurableTime extends EventTimeState {
  /** By how much rows are dated later than their event time. */
  readonly lagMs: number;
}

/**
 * What is left of event time when a process has ended. Rows are dated by the wall clock. How far event time is behind it
 * changes only with a start and with a step of the clock, and then a note says so in the same commit as the first row
 * that is dated anew, or in an earlier one. So whatever crash: event time had come at least as far as this at the last
 * row, and what passed after that row is left out. A promise lasts longer by that, and never ends early.
 *
 * @param lastAtMs when the last row was written
 * @param note the last note of a time and when it was written; undefined if event time never left the wall clock
 */
export function durableTime(
  lastAtMs: number,
  note: { readonly atMs: number; readonly body: Uint32Array } | undefined,
): DurableTime {
  if (note === undefined) return { eventMs: lastAtMs, graceUntilMs: 0, lagMs: 0 };
  const { eventMs, graceUntilMs } = timeOf(note.body);
  return { eventMs: eventMs + Math.max(0, lastAtMs - note.atMs), graceUntilMs, lagMs: note.atMs - eventMs };
}

/** The body of a note of a time: ms of event time, and until when there is grace; low and high 32 bits each. */
export function timeWords({ eventMs, graceUntilMs }: EventTimeState): Uint32Array {
  return Uint32Array.from([eventMs, graceUntilMs].flatMap((ms) => [ms >>> 0, Math.floor(ms / 2 ** 32)]));
}

/** What {@linkcode timeWords} says. */
export function timeOf([eventLow, eventHigh, graceLow, graceHigh]: Uint32Array): EventTimeState {
  return { eventMs: eventLow + eventHigh * 2 ** 32, graceUntilMs: graceLow + graceHigh * 2 ** 32 };
}
