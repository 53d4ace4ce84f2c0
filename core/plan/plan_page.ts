import { htmlPage, section, table } from "../report/html.ts";
import { escapeXml } from "../report/svg_chart.ts";
import type { Compared } from "./against_replay.ts";
import { type EventPlan, inputRows } from "./plan.ts";
import { numberText } from "./plan_text.ts";

const WIDTH = 720;
const ROW = 30;
const LEFT = 190;
const RIGHT = 110;

/** Colours that follow the reader's choice of light or dark. */
const STYLE = ".bg{fill:#fff}.ink{fill:#1c2128}.muted{fill:#656d76}.bar{fill:#57808f}.most{fill:#c8102e}" +
  ".limit{stroke:#8250df}@media (prefers-color-scheme:dark){.bg{fill:#171c23}.ink{fill:#e6eaef}" +
  ".muted{fill:#8d96a0}.bar{fill:#6f9aa9}.most{fill:#ff6b7d}.limit{stroke:#b392f0}}";

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly isMost: boolean;
}

/** A plan as one page that needs nothing else. */
export function planPage(plan: EventPlan, compared: readonly Compared[]): string {
  const { hosts, isGiven, needs, tightest, losses, groups, measured } = plan;
  const needBars = bars(
    "Hosts that each need asks for",
    needs.map(({ name, hosts }, i) => ({
      label: name,
      value: hosts,
      text: numberText(hosts),
      isMost: i === 0,
    })),
    { at: hosts, text: "hosts there are" },
  );
  const lossBars = bars(
    "The fullest of CPU, memory and link, when something is lost, in per cent of what may be used",
    losses.map(({ what, cpuPercent, memoryPercent, linkPercent, isSurvived }) => {
      const value = Math.max(cpuPercent, memoryPercent, linkPercent);
      return { label: what, value, text: `${numberText(value)} %`, isMost: !isSurvived };
    }),
    { at: 100, text: "all of it" },
  );
  return htmlPage(
    `${numberText(hosts)} hosts`,
    [
      `<header class="pass"><b>${escapeXml(numberText(hosts))}</b><div><h1>hosts${
        isGiven ? ", as given" : ""
      }</h1><p>Tightest is ${escapeXml(tightest.need)}; of what is measured ${escapeXml(tightest.figure)}: ${
        escapeXml(tightest.about)
      }</p></div></header>`,
      `<div class="charts"><figure>${needBars}</figure><figure>${lossBars}</figure></div>`,
      section(
        "Asked",
        table([
          ["", "", ""],
          ...inputRows(plan.inputs).map((one) => [one.name, numberText(one.value, one.unit), one.about]),
        ]),
      ),
      section(
        "Measured",
        table([
          ["", "", "least to most", "what", "where from"],
          ...measured.map((one) => [
            one.name,
            numberText(one.value, one.unit),
            one.isMeasured ? `${numberText(one.least)} to ${numberText(one.most)}` : "assumed",
            one.about,
            one.source,
          ]),
        ]),
      ),
      ...groups.map(({ title, numbers }) =>
        section(
          title,
          table([
            ["", "", "formula", ""],
            ...numbers.map((
              { name, unit, value, formula, about },
            ) => [name, numberText(value, unit), formula, about]),
          ]),
        )
      ),
      section("What survives", lossTable(plan)),
      compared.length === 0 ? "" : section("Beside a replay", comparedTable(compared)),
    ].join("\n"),
  );
}

function lossTable({ losses }: EventPlan): string {
  return table([
    ["lost", "hosts left", "CPU", "memory", "link", "all back in", ""],
    ...losses.map((one) => [
      one.what,
      numberText(one.hostsLeft),
      ...[one.cpuPercent, one.memoryPercent, one.linkPercent].map((part) => `${numberText(part)} %`),
      `${numberText(one.returnS)} s`,
      one.isSurvived ? "carried" : "not carried",
    ]),
  ], true);
}

function comparedTable(compared: readonly Compared[]): string {
  return table([
    ["", "planned", "replayed", "off"],
    ...compared.map(({ what, unit, planned, replayed, offPercent }) => [
      what,
      numberText(planned, unit),
      numberText(replayed, unit),
      `${offPercent.toFixed(1)} %`,
    ]),
  ], true);
}

/** Bars side by side with a line at a limit. */
function bars(
  title: string,
  rows: readonly Bar[],
  limit: { readonly at: number; readonly text: string },
): string {
  const most = Math.max(limit.at, ...rows.map(({ value }) => Number.isFinite(value) ? value : 0));
  const x = (value: number) => Math.min(1, value / most) * (WIDTH - LEFT - RIGHT);
  const height = 44 + rows.length * ROW + 16;
  const at = (LEFT + x(limit.at)).toFixed(1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${
      escapeXml(title)
    }" font-family="system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"><style>${STYLE}</style>`,
    `<rect class="bg" width="${WIDTH}" height="${height}" rx="8"/>`,
    `<text class="ink" x="16" y="22" font-size="13" font-weight="600">${escapeXml(title)}</text>`,
    ...rows.map(({ label, value, text, isMost }, i) => {
      const y = 40 + i * ROW;
      return `<text class="muted" x="${LEFT - 10}" y="${y + 15}" font-size="12" text-anchor="end">${
        escapeXml(label)
      }</text><rect class="${isMost ? "most" : "bar"}" x="${LEFT}" y="${y}" width="${
        Math.max(1, x(value)).toFixed(1)
      }" height="20" rx="3"/><text class="ink" x="${(LEFT + x(value) + 8).toFixed(1)}" y="${
        y + 15
      }" font-size="12">${escapeXml(text)}</text>`;
    }),
    `<path class="limit" d="M${at} 34V${
      height - 13
    }" stroke-dasharray="4 3"/><text class="muted" x="${at}" y="${
      height - 2
    }" font-size="10" text-anchor="middle">${escapeXml(limit.text)}</text></svg>`,
  ].join("");
}
