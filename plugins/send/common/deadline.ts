import type { SetContext } from "../../../core/plugin/plugin.ts";

/** A deadline of the host's event time as the present wall clock would tell it: what users are shown, in unix ms. */
export function shownDeadline({ unixMs, eventMs }: SetContext, deadlineMs: number): number {
  return deadlineMs + unixMs - eventMs;
}
