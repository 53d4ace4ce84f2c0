import type { OnStage } from "../cli/progress.ts";
import type { Declared } from "../charts/declared.ts";
import { UserError } from "../base/user_error.ts";
import { reportHtml } from "./html.ts";
import { junitXml } from "./junit.ts";
import { reportMarkdown } from "./markdown.ts";
import { drawCharts } from "./report_charts.ts";
import { readRun } from "./data/run_data.ts";
import type { Summary } from "./data/summary_schema.ts";

/**
 * Writes report.html, report.md, junit.xml and the charts into a rehearsal's folder.
 *
 * @param builtIn what plugins declare that come with this program
 * @throws UserError if the folder holds no rehearsal, or can't be written
 */
export async function writeReport(
  folder: string,
  builtIn: readonly Declared[],
  onStage: OnStage = () => {},
): Promise<Summary> {
  const run = await readRun(folder, builtIn, onStage);
  try {
    await Deno.writeTextFile(`${folder}/report.html`, reportHtml(run));
    await Deno.writeTextFile(`${folder}/report.md`, reportMarkdown(run));
    await Deno.writeTextFile(`${folder}/junit.xml`, junitXml(run.summary));
    await Deno.mkdir(`${folder}/charts`, { recursive: true });
    for (const { id, svg } of drawCharts(run)) await Deno.writeTextFile(`${folder}/charts/${id}.svg`, svg);
  } catch (error) {
    throw new UserError(`${folder}: cannot be written: ${error instanceof Error ? error.message : error}`);
  }
  return run.summary;
}
