import { z } from "zod";
import type { OnStage } from "../../cli/progress.ts";
import { UserError } from "../../base/user_error.ts";
import { ManualClock } from "../../base/clock.ts";
import type { ChartTable } from "../../charts/chart_table.ts";
import type { Declared } from "../../charts/declared.ts";
import type { LineSpec } from "../../monitor/timeline/charts.ts";
import type { Point } from "../../monitor/timeline/history.ts";
import type { Mark } from "../../monitor/timeline/marks.ts";
import { MonitorCore } from "../../monitor/collect/monitor_core.ts";
import { replayAll } from "../../monitor/record/replay_all.ts";
import { Replay } from "../../monitor/record/replay.ts";
import { type Summary, SUMMARY_VERSION, summarySchema } from "./summary_schema.ts";

const versioned = z.object({ schemaVersion: z.number().default(0), checks: z.array(z.unknown()) });

/** A rehearsal that was run: its result and its seconds. */
export interface RunData {
  readonly folder: string;
  readonly summary: Summary;
  /** In order of time; empty if the run has no record. */
  readonly points: readonly Point[];
  /** The charts that it is shown with; points hold their lines. */
  readonly table: ChartTable;
  readonly marks: readonly Mark[];
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}

/** The record of a rehearsal in its folder: what `redpkt monitor --replay` shows too. */
export const RECORD_FILE = "run.db";

/**
 * Reads a rehearsal's folder.
 *
 * @param builtIn what plugins declare that come with this program, for records of servers that didn't say
 * @throws UserError if it holds no rehearsal
 */
export async function readRun(
  folder: string,
  builtIn: readonly Declared[],
  onStage: OnStage = () => {},
): Promise<RunData> {
  const path = `${folder}/summary.json`;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : String(error);
    throw new UserError(
      `${path}: ${why}. Give the folder of a rehearsal, such as out/2026-01-31T20-00-00-000Z`,
    );
  }
  const summary = parseSummary(path, text);
  return { folder, summary, ...readRecord(`${folder}/${RECORD_FILE}`, builtIn, onStage) };
}

/** The values of a line of a chart, second by second; undefined where nobody told of it. */
export function valuesOf(points: readonly Point[], line: number): (number | null)[] | undefined {
  const values = points.map(({ values }) => values[line] ?? null);
  return values.some((value) => value !== null) ? values : undefined;
}

/** Where in the points of a run the values of a line stand. */
export function lineIndex({ table }: RunData, isWanted: (line: LineSpec) => boolean): number {
  return table.lines.findIndex(isWanted);
}

function parseSummary(path: string, text: string): Summary {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path}: is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  const result = summarySchema.safeParse(json);
  if (result.success) return result.data;
  // The first ones had checks, and no version.
  const other = versioned.safeParse(json).data?.schemaVersion;
  if (other !== undefined && other !== SUMMARY_VERSION) {
    throw new UserError(
      `${path}: is of schema version ${other}, and this redpkt reads ${SUMMARY_VERSION}. ` +
        "Read it with the redpkt that wrote it",
    );
  }
  throw new UserError(`${path}: is no summary of this redpkt:\n${z.prettifyError(result.error)}`);
}

function readRecord(
  path: string,
  builtIn: readonly Declared[],
  onStage: OnStage,
): Pick<RunData, "points" | "marks" | "problems" | "table"> {
  const clock = new ManualClock(0);
  const nowhere = () => Promise.reject(new Error("a record has no network"));
  const core = new MonitorCore({ clock, fetch: nowhere, after: () => () => {} }, "", builtIn);
  let replay: Replay;
  try {
    replay = new Replay(path);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { points: [], marks: [], problems: [error.message], table: core.table };
  }
  replayAll(replay, core, clock, onStage);
  const problems = [...replay.problems];
  replay.close();
  return { points: core.history.points, marks: core.marks.all, problems, table: core.table };
}
