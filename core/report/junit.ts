import { type Check, checkRow } from "./data/check.ts";
import type { Summary } from "./data/summary_schema.ts";
import { escapeXml } from "./svg_chart.ts";

/** What a verdict rests on. */
export type Judged = Pick<
  Summary,
  "scenario" | "startedAt" | "checks" | "broken" | "phases" | "connect" | "causes"
>;

/**
 * A rehearsal's checks as JUnit XML, which CI systems show: one suite, one test case a check, grouped by phase. A case's
 * time is that of its phase in seconds, and 0 for what holds for the whole run.
 */
export function junitXml(summary: Judged): string {
  const { scenario, startedAt, checks, broken, phases = [], connect } = summary;
  const secondsOf = (phase: string) => phases.find(({ name }) => name === phase)?.seconds ?? 0;
  const seconds = phases.reduce((sum, phase) => sum + phase.seconds, connect?.seconds ?? 0);
  const cases = checks.map((check) => testCase(check, scenario.name, secondsOf(check.phase), summary));
  // What broke off has no checks, or not all: that is an error of its own.
  if (broken !== undefined) {
    cases.push(
      `<testcase classname="${attribute(scenario.name)}" name="played to its end" time="0">` +
        `<error message="${attribute(broken)}"/></testcase>`,
    );
  }
  const failures = checks.filter(({ met }) => !met).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="${broken === undefined ? 0 : 1}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="redpkt" ${counts} time="${seconds.toFixed(3)}">
<testsuite name="${attribute(scenario.name)}" ${counts} skipped="0" timestamp="${
    startedAt.replace(/\.\d+Z$/, "")
  }" time="${seconds.toFixed(3)}">
${cases.join("\n")}
</testsuite>
</testsuites>
`;
}

function testCase(check: Check, suite: string, seconds: number, { causes = [] }: Judged): string {
  const { phase, what, seen, wanted, isMet, note } = checkRow(check);
  const head = `<testcase classname="${attribute(`${suite}.${phase}`)}" name="${attribute(what)}" time="${
    seconds.toFixed(3)
  }"`;
  if (isMet) return `${head}/>`;
  const why = causes.filter((cause) => cause.phase === phase).map(({ text }) => text);
  const more = [...(note === undefined ? [] : [note]), ...why].join("\n");
  return `${head}><failure message="${attribute(`seen ${seen}, wanted ${wanted}`)}">${
    escapeXml(plain(more))
  }</failure></testcase>`;
}

function attribute(text: string): string {
  return escapeXml(plain(text)).replaceAll("\n", "&#10;");
}

/** XML has no way to write most control characters. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd");
}
