import { z } from "zod";
import { flag, type Flags } from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { Stages } from "../cli/progress.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { builtInCharts } from "../plugin/declared.ts";
import { compareRuns } from "./compare.ts";
import { compareMarkdown, comparePage } from "./compare_page.ts";
import { readRun } from "./data/run_data.ts";
import { writeReport } from "./write_report.ts";

const FLAGS = {
  out: flag("FILE", "where the comparison is written", z.string().default("compare.html")),
  json: JSON_FLAG,
} satisfies Flags;

/** `redpkt report A [B]`: a rehearsal's report made anew, or two rehearsals side by side. */
export const command = commandOf({
  name: "report",
  about: "With one folder of a rehearsal: writes its report.html, report.md, junit.xml and charts anew.\n" +
    "With two: shows them side by side, and marks what differs beyond noise.",
  takes: "FOLDER [FOLDER]",
  flags: FLAGS,
  examples: [
    { line: "redpkt report out/2026-01-31T20-00-00-000Z", shows: "writes the report of a rehearsal anew" },
    { line: "redpkt report out/before out/after --out compare.html", shows: "compares two rehearsals" },
  ],
}, async (host, values, operands) => {
  const [first, second, ...more] = operands.map((folder) => folder.replace(/\/(summary\.json)?$/, ""));
  if (first === undefined || more.length > 0) {
    throw new UserError(
      "give the folder of one rehearsal, or of two to compare, such as out/2026-01-31T20-00-00-000Z",
    );
  }
  const stages = new Stages(host);
  const builtIn = await builtInCharts(host.program);
  if (second === undefined) {
    const summary = await writeReport(first, builtIn, stages.on);
    stages.end();
    const report = `${first}/report.html`;
    writeResult(host, values.json, { report, summary }, () => `${report}\n`);
    return ExitCode.ok;
  }
  const [a, b] = [await readRun(first, builtIn, stages.on), await readRun(second, builtIn, stages.on)];
  stages.end();
  for (const problem of [...a.problems, ...b.problems]) host.err(`redpkt report: ${problem}\n`);
  const differences = compareRuns(a, b);
  try {
    await Deno.writeTextFile(values.out, comparePage(a, b, differences));
  } catch (error) {
    throw new UserError(
      `--out ${values.out}: cannot be written: ${error instanceof Error ? error.message : error}`,
    );
  }
  const runs = [a, b].map(({ folder, summary }) => ({ folder, verdict: summary.verdict }));
  writeResult(
    host,
    values.json,
    { report: values.out, runs, differences },
    () => `${compareMarkdown(a, b, differences)}\n${values.out}\n`,
  );
  return ExitCode.ok;
});
