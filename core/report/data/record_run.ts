import { REHEARSAL } from "../../admin/action.ts";
import type { Declared } from "../../charts/declared.ts";
import type { Snapshot } from "../../counters/series.ts";
import { Recording } from "../../monitor/record/recording.ts";
import type { MachineUse } from "./summary_schema.ts";

/** One second of a rehearsal. */
export interface RunSecond {
  readonly second: number;
  readonly phase: string;
  readonly server?: Snapshot;
  readonly client?: Snapshot;
  /** What the machine did besides. */
  readonly machine?: MachineUse;
}

/** Something that was done in a rehearsal. */
export interface RunEvent {
  /** Wall time in ms. */
  readonly atMs: number;
  readonly text: string;
}

/**
 * Writes a rehearsal's seconds as a record, with marks where each phase begins and where something was done.
 *
 * @param declared what the server's plugins want to be seen
 */
export function recordRun(
  path: string,
  seconds: readonly RunSecond[],
  events: readonly RunEvent[] = [],
  declared: readonly Declared[] = [],
): void {
  const recording = new Recording(path);
  recording.charts(declared);
  let phase = "";
  let id = 1;
  for (const row of seconds) {
    if (row.phase !== phase) {
      phase = row.phase;
      recording.mark({ id: id++, atMs: row.second * 1000, kind: "phase", text: phase });
    }
    for (const role of ["server", "client"] as const) {
      const told = row[role];
      // A record knows servers and fleets alone, and who rehearses sits where the fleet does.
      const snapshot = told === undefined || role === "server" ? told : withMachine(told, row.machine);
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

/** The gauge of a figure of the machine: `machineIdleCores` of `idleCores`. */
export function machineGauge(name: string): string {
  return `machine${name[0].toUpperCase()}${name.slice(1)}`;
}

/** The machine's figures as gauges of a snapshot, by the names that the charts know. */
function withMachine(snapshot: Snapshot, machine: MachineUse | undefined): Snapshot {
  if (machine === undefined) return snapshot;
  const known = Object.entries(machine).filter((entry): entry is [string, number] =>
    typeof entry[1] === "number"
  );
  const gauges = Object.fromEntries(known.map(([name, value]) => [machineGauge(name), value]));
  return { ...snapshot, gauges: { ...snapshot.gauges, ...gauges } };
}
