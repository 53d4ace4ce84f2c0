import { formatCount } from "../base/units.ts";
import { checkRow } from "./data/check.ts";
import { figuresOf } from "./data/figures.ts";
import { moneyLine } from "../charts/money_line.ts";
import type { RunData } from "./data/run_data.ts";

/** A run's report for a pull request: the verdict, what failed first, and the figures. */
export function reportMarkdown({ summary }: RunData): string {
  const { verdict, scenario, checks, connect, phases = [], environment, broken, startedAt } = summary;
  const failed = checks.filter(({ met }) => !met).map(checkRow);
  const facts = ["redpkt", "deno", "engine", "cores", "osRelease"].filter((name) => name in environment)
    .map((name) => `${name} ${environment[name]}`);
  const parts = [
    `## ${verdict === "PASS" ? "✅ PASS" : "❌ FAIL"}: ${scenario.name}`,
    summary.money === undefined ? "" : `${moneyLine(summary.money)}.`,
    `${scenario.about}. ${startedAt}; ${facts.join(", ")}.`,
    broken === undefined ? "" : `**The rehearsal broke off: ${broken}**`,
    failed.length === 0
      ? checks.length === 0 ? "" : `All ${checks.length} checks hold, both sides agree on the money.`
      : markdownTable([
        ["failed", "phase", "seen", "wanted"],
        ...failed.map(({ what, phase, seen, wanted }) => [what, phase, seen, wanted]),
      ]),
    (summary.causes ?? []).map(({ phase, text }) => `**${phase}:** ${text}`).join("\n\n"),
    connect === undefined
      ? ""
      : `${formatCount(connect.ready)} users connected in ${connect.seconds.toFixed(1)} s.`,
    phases.length === 0 ? "" : markdownTable([
      ["", ...phases.map(({ name }) => name)],
      ...figuresOf(phases).map((
        { label, value, write },
      ) => [label, ...phases.map((phase) => write(value(phase)))]),
    ]),
  ];
  return parts.filter((part) => part !== "").join("\n\n") + "\n";
}

/** A table in Markdown; numbers to the right. */
export function markdownTable([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map((_, i) => i === 0 ? " --- |" : " ---: |").join("")}`, ...rows.map(line)]
    .join("\n");
}
