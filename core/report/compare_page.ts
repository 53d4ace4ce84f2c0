import type { Difference } from "./compare.ts";
import { figuresOf } from "./data/figures.ts";
import { htmlPage, section, table } from "./html.ts";
import { markdownTable } from "./markdown.ts";
import { type RunData, valuesOf } from "./data/run_data.ts";
import { escapeXml, svgChart } from "./svg_chart.ts";

const NOISE_NOTE =
  "Marked is what differs by more than 5 % and by more than the seconds within the runs vary (Welch's t over five parts " +
  "of each phase, one wrong mark in a thousand). The machine's own speed may differ between runs: repeat before you believe.";

const NO_COMMON_PHASE =
  "The runs have no phase in common, so there is nothing to compare: they are of other scenarios, or one broke off.";

/** Writes the value of a figure of two runs, by its label. */
function writerOf(a: RunData, b: RunData): (label: string, value: number) => string {
  const figures = figuresOf([a, b].flatMap(({ summary }) => summary.phases ?? []));
  return (label, value) => figures.find((figure) => figure.label === label)!.write(value);
}

/** Two runs side by side, as one HTML file. */
export function comparePage(a: RunData, b: RunData, differences: readonly Difference[]): string {
  const phases = [...new Set(differences.map(({ phase }) => phase))];
  const written = writerOf(a, b);
  const charts = overlays(a, b).map((svg) => `<figure>${svg}</figure>`).join("\n");
  return htmlPage(
    `${a.summary.scenario.name}: two runs`,
    [
      `<h1>${escapeXml(a.summary.scenario.name)}: two runs</h1>`,
      section("Runs", runTable(a, b)),
      ...phases.map((phase) =>
        section(
          phase,
          differenceTable(differences.filter((difference) => difference.phase === phase), written),
        )
      ),
      phases.length === 0 ? `<p>${NO_COMMON_PHASE}</p>` : `<p class="note">${NOISE_NOTE}</p>`,
      charts === "" ? "" : `<h2>Charts</h2><div class="charts">${charts}</div>`,
    ].join("\n"),
  );
}

/** The same for a terminal or a pull request. */
export function compareMarkdown(a: RunData, b: RunData, differences: readonly Difference[]): string {
  const written = writerOf(a, b);
  const rows = differences.map(({ phase, label, before, after, changePercent, isBeyondNoise }) => [
    `${phase} ${label}`,
    written(label, before),
    written(label, after),
    percentText(changePercent),
    isBeyondNoise === undefined ? "" : isBeyondNoise ? "**beyond noise**" : "within noise",
  ]);
  if (rows.length === 0) return `${NO_COMMON_PHASE}\n`;
  const name = ({ summary }: RunData) => `${summary.startedAt} (${summary.verdict})`;
  return `${markdownTable([["", name(a), name(b), "change", ""], ...rows])}\n\n${NOISE_NOTE}\n`;
}

function runTable(a: RunData, b: RunData): string {
  const names = [...new Set([a, b].flatMap(({ summary }) => Object.keys(summary.environment)))];
  const text = (value: unknown) => typeof value === "object" ? JSON.stringify(value) : String(value ?? "-");
  const rows = names.map((name) => {
    const [left, right] = [a, b].map(({ summary }) => text(summary.environment[name]));
    return [name, left, left === right ? right : { html: `<mark>${escapeXml(right)}</mark>` }];
  });
  return table([
    ["", a.folder, b.folder],
    ["verdict", a.summary.verdict, b.summary.verdict],
    ["started", a.summary.startedAt, b.summary.startedAt],
    ...rows,
  ]);
}

function differenceTable(
  differences: readonly Difference[],
  written: (label: string, value: number) => string,
): string {
  return table([
    ["", "first", "second", "change"],
    ...differences.map(({ label, before, after, changePercent, isBeyondNoise, isBetter }) => {
      const change = percentText(changePercent);
      const tone = isBetter === undefined ? "" : isBetter ? "good" : "bad";
      return [
        label,
        written(label, before),
        written(label, after),
        isBeyondNoise ? { html: `<mark class="${tone}">${change}</mark>` } : change,
      ];
    }),
  ], true);
}

/** Lines that say most of a run, one chart each, both runs on it from their first second. */
const OVERLAID = [
  ["rate", "sent (fleet)", "Shakes sent"],
  ["rate", "answered (fleet)", "Shakes answered"],
  ["latency", "p50", "Latency p50"],
  ["latency", "p99", "Latency p99"],
  ["cpu", "servers", "CPU of the servers, per cent of one core"],
] as const;

function overlays(a: RunData, b: RunData): string[] {
  return OVERLAID.flatMap(([chart, label, title]) => {
    const lines = [["first", a], ["second", b]] as const;
    const shown = lines.flatMap(([name, { points, table }]) => {
      const values = valuesOf(points, table.indexOf(chart, label));
      return values === undefined ? [] : [{ label: name, values }];
    });
    if (shown.length < 2) return [];
    const isLatency = label === "p50" || label === "p99";
    const unit = isLatency ? "us" : label === "servers" ? "percent" : "perSecond";
    return [svgChart({ title, unit, lines: shown, marks: [], ...(isLatency ? { isLog: true } : {}) })];
  });
}

function percentText(percent: number | undefined): string {
  if (percent === undefined) return "";
  const rounded = Number(percent.toFixed(1));
  return rounded === 0 ? "0 %" : `${rounded > 0 ? "+" : "−"}${Math.abs(rounded)} %`;
}
