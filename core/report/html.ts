import { formatCount } from "../base/units.ts";
import { type Check, checkRow, WHOLE_RUN } from "./data/check.ts";
import { moneyLine } from "../charts/money_line.ts";
import css from "./report.css" with { type: "text" };
import { figuresOf } from "./data/figures.ts";
import { drawCharts } from "./report_charts.ts";
import type { RunData } from "./data/run_data.ts";
import type { Summary } from "./data/summary_schema.ts";
import { escapeXml } from "./svg_chart.ts";

/** A run's report as one HTML file that needs nothing else. */
export function reportHtml(run: RunData): string {
  const { summary } = run;
  const charts = drawCharts(run).map(({ svg }) => `<figure>${svg}</figure>`).join("\n");
  return htmlPage(
    `${summary.verdict} ${summary.scenario.name}`,
    [
      banner(summary),
      summary.broken === undefined
        ? ""
        : `<p class="broken">The rehearsal broke off: ${escapeXml(summary.broken)}</p>`,
      section(
        "What had to hold",
        checkTable(summary.checks.filter(({ phase }) => phase !== WHOLE_RUN)) + causeLines(summary),
      ),
      section(
        "Both sides of the money",
        checkTable(summary.checks.filter(({ phase }) => phase === WHOLE_RUN)),
      ),
      section("Phases", connectLine(summary) + phaseTable(summary)),
      charts === "" ? "" : `<h2>Charts</h2><div class="charts">${charts}</div>`,
      ...run.problems.map((problem) => `<p class="note">${escapeXml(problem)}</p>`),
      section("Environment", environmentTable(summary.environment)),
      summary.config === undefined ? "" : configDetails(summary.config),
      rawData(run.folder),
    ].join("\n"),
  );
}

/** A page in the look of all reports. */
export function htmlPage(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeXml(title)}</title>
<style>${css}</style>
</head>
<body><main>
${body}
</main></body>
</html>
`;
}

/** A heading and what belongs to it; nothing if that is empty. */
export function section(title: string, content: string): string {
  return content === "" ? "" : `<section><h2>${escapeXml(title)}</h2>${content}</section>`;
}

/** A table whose first row is its head; cells are text, or hold HTML that is marked as such. */
export function table(rows: readonly (readonly (string | { html: string })[])[], isNumeric = false): string {
  const cell = (tag: string, content: string | { html: string }, i: number) =>
    `<${tag}${isNumeric && i > 0 ? ' class="number"' : ""}>${
      typeof content === "string" ? escapeXml(content) : content.html
    }</${tag}>`;
  const [head, ...body] = rows;
  const line = (tag: string, row: typeof head) =>
    `<tr>${row.map((each, i) => cell(tag, each, i)).join("")}</tr>`;
  return `<div class="scroll"><table><thead>${line("th", head)}</thead><tbody>${
    body.map((row) => line("td", row)).join("")
  }</tbody></table></div>`;
}

function banner({ verdict, scenario, startedAt, environment, money }: Summary): string {
  const users = `${formatCount(environment.users)} users, `;
  return `<header class="${verdict === "PASS" ? "pass" : "fail"}"><b>${escapeXml(verdict)}</b>` +
    `<div>${money === undefined ? "" : `<p><strong>${escapeXml(moneyLine(money))}</strong></p>`}` +
    `<h1>${escapeXml(scenario.name)}</h1><p>${escapeXml(scenario.about)}</p>` +
    `<p class="note">${users}engine ${escapeXml(environment.engine)}, ${
      escapeXml(startedAt)
    }</p></div></header>`;
}

function checkTable(checks: readonly Check[]): string {
  if (checks.length === 0) return "";
  const verdict = (isMet: boolean) => ({
    html: `<span class="${isMet ? "good" : "bad"}">${isMet ? "ok" : "FAIL"}</span>`,
  });
  return table([
    ["", "Phase", "What", "Seen", "Wanted", ""],
    ...checks.map(checkRow).map((
      { phase, what, wanted, seen, isMet, note = "" },
    ) => [verdict(isMet), phase, inWords(what), seen, wanted, note]),
  ]);
}

/** What took the time, a line a cause. */
function causeLines({ causes = [] }: Summary): string {
  return causes.map(({ phase, text }) =>
    `<p class="cause"><b>${escapeXml(phase)}:</b> ${escapeXml(text)}</p>`
  )
    .join("");
}

function connectLine({ connect }: Summary): string {
  if (connect === undefined) return "";
  return `<p>${formatCount(connect.ready)} of ${formatCount(connect.users)} users connected in ${
    connect.seconds.toFixed(1)
  } s, ${formatCount(connect.perS)}/s.</p>`;
}

function phaseTable({ phases = [] }: Summary): string {
  if (phases.length === 0) return "<p>No phase was played to its end.</p>";
  return table([
    ["", ...phases.map(({ name, seconds }) => `${name} (${seconds} s)`)],
    ...figuresOf(phases).map((
      { label, value, write },
    ) => [label, ...phases.map((phase) => write(value(phase)))]),
  ], true);
}

function environmentTable(environment: Summary["environment"]): string {
  const rows = Object.entries(environment).map(([name, value]) => [
    inWords(name),
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  return table([["", ""], ...rows]);
}

function configDetails(config: unknown): string {
  return `<details><summary>Config in force</summary><pre>${
    escapeXml(JSON.stringify(config, null, 2))
  }</pre></details>`;
}

/** What may lie beside the report. */
const RAW_FILES = [
  ["summary.json", "everything above as data"],
  ["junit.xml", "every check as a test case, for CI systems"],
  ["series.csv", "one row a second, for a spreadsheet"],
  ["run.db", "all snapshots: redpkt monitor --replay run.db"],
  ["awards.csv", "what the fleet's users were told that they won"],
  ["ledger", "every award and transfer: redpkt ledger, redpkt reconcile"],
  ["charts", "these charts as SVG files"],
] as const;

function rawData(folder: string): string {
  const links = RAW_FILES.filter(([name]) => name === "charts" || isThere(`${folder}/${name}`))
    .map(([name, what]) => `<li><a href="${name}">${name}</a>: ${what}</li>`);
  return section("Raw data", `<ul>${links.join("")}</ul>`);
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** `sentPercent` as `sent percent`. */
function inWords(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
