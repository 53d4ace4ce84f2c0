import { REHEARSAL } from "../../admin/action.ts";
import type { Snapshot } from "../../counters/series.ts";
import { Recording } from "../../monitor/record/recording.ts";

/** One second of a rehearsal. */
export interface RunSecond {
  readonly second: number;
  readonly phase: string;
  readonly server?: Snapshot;
  readonly client?: Snapshot;
}

/** Something that was done in a rehearsal. */
export interface RunEvent {
  /** Wall time in ms. */
  readonly atMs: number;
  readonly text: string;
}

/** Writes a rehearsal's seconds as a record, with marks where each phase begins and where something was done. */
export function recordRun(
  path: string,
  seconds: readonly RunSecond[],
  events: readonly RunEvent[] = [],
): void {
  const recording = new Recording(path);
  let phase = "";
  let id = 1;
  for (const row of seconds) {
    if (row.phase !== phase) {
      phase = row.phase;
      recording.mark({ id: id++, atMs: row.second * 1000, kind: "phase", text: phase });
    }
    for (const role of ["server", "client"] as const) {
      const snapshot = row[role];
      if (snapshot !== undefined) {
        recording.add({ url: `http://${role}`, name: role }, JSON.stringify(snapshot));
        // What the rehearsal itself did belongs to its phases; what somebody else did is news.
        for (const { atMs, text, who, markedBy } of snapshot.actions ?? []) {
          if (markedBy === REHEARSAL && who === REHEARSAL) continue;
          recording.mark({ id: id++, atMs, kind: "action", text: `${text} on ${role}`, who });
        }
      }
    }
    recording.flush((row.second + 1) * 1000 + 500);
  }
  for (const { atMs, text } of events) recording.mark({ id: id++, atMs, kind: "event", text });
  recording.close(0);
}
