import { z } from "../../core/plugin/plugin.ts";

/** When a wave plays, as an operator has left it: plain numbers that outlive the process. */
export const scheduleSchema = z.strictObject({
  /** The wave's own time `anchorMs` is at the wall time `anchorWallMs`, and goes on from there. */
  anchorWallMs: z.number(),
  anchorMs: z.number().min(0),
  /** Wall time that its own time takes: 2 is half the speed. */
  stretch: z.number().min(1),
  /** Since when it stands still; absent while it doesn't. */
  pausedWallMs: z.number().exactOptional(),
  isStopped: z.boolean(),
});

export type Schedule = z.infer<typeof scheduleSchema>;

/** As planned: from its start on, at its own speed. */
export function plannedSchedule(startMs: number): Schedule {
  return { anchorWallMs: startMs, anchorMs: 0, stretch: 1, isStopped: false };
}

/** The wave's own time at a wall time, in ms; below 0 before its start, and never past `lengthMs`. */
export function ownTimeMs(schedule: Schedule, wallMs: number, lengthMs: number): number {
  const { anchorWallMs, anchorMs, stretch, pausedWallMs = Infinity } = schedule;
  return Math.min(lengthMs, anchorMs + (Math.min(wallMs, pausedWallMs) - anchorWallMs) / stretch);
}

/** Wall time of a wave's beginning and end, as far as they are known: a pause moves the end on. */
export function startWallMs({ anchorWallMs, anchorMs, stretch }: Schedule): number {
  return anchorWallMs - anchorMs * stretch;
}

export function endWallMs(schedule: Schedule, lengthMs: number): number {
  return startWallMs(schedule) + lengthMs * schedule.stretch;
}

/** Begins at another wall time, played or not. */
export function moved({ stretch, isStopped }: Schedule, startMs: number): Schedule {
  return { anchorWallMs: startMs, anchorMs: 0, stretch, isStopped };
}

/** What is left takes `stretch` times as long as planned. */
export function stretched(schedule: Schedule, stretch: number, wallMs: number, lengthMs: number): Schedule {
  const ownMs = ownTimeMs(schedule, wallMs, lengthMs);
  if (ownMs <= 0) return { ...schedule, stretch };
  return {
    ...schedule,
    anchorWallMs: Math.min(wallMs, schedule.pausedWallMs ?? wallMs),
    anchorMs: ownMs,
    stretch,
  };
}

export function paused(schedule: Schedule, wallMs: number): Schedule {
  return { ...schedule, pausedWallMs: wallMs };
}

/** Goes on where it stood still. */
export function resumed({ pausedWallMs, ...schedule }: Schedule, wallMs: number): Schedule {
  // A pause before its start changes nothing, unless the start has passed in the meantime.
  const stoodMs = Math.max(0, wallMs - Math.max(pausedWallMs ?? wallMs, schedule.anchorWallMs));
  return { ...schedule, anchorWallMs: schedule.anchorWallMs + stoodMs };
}
