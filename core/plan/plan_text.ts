import { formatCount } from "../base/units.ts";
import { alignColumns } from "../cli/columns.ts";
import type { Compared } from "./against_replay.ts";
import { type EventPlan, inputRows } from "./plan.ts";

/** A number as people read it: in full where it is large, with three digits where it is small. */
export function numberText(value: number, unit = ""): string {
  const text = !Number.isFinite(value)
    ? "without end"
    : Math.abs(value) >= 1_000 || Number.isInteger(value)
    ? formatCount(value)
    : String(Number(value.toPrecision(3)));
  return unit === "" ? text : unit.startsWith("/") ? text + unit : `${text} ${unit}`;
}

/** A plan as tables for a terminal. */
export function planText(plan: EventPlan, compared: readonly Compared[]): string {
  const { hosts, isGiven, groups, needs, tightest, losses, measured } = plan;
  const asked = inputRows(plan.inputs).map(({ name, unit, value, about }) => [
    name,
    numberText(value, unit),
    about,
  ]);
  const seen = measured.map(({ name, unit, value, least, most, runs, isMeasured, about }) => [
    name,
    numberText(value, unit),
    !isMeasured ? "assumed" : runs > 1 ? `${numberText(least)} to ${numberText(most)}` : "measured",
    about,
  ]);
  const parts = groups.flatMap(({ title, numbers }) => [
    `\n${title}\n`,
    leftColumns(numbers.map(({ name, unit, value, formula, about }) => [
      name,
      numberText(value, unit),
      `= ${formula}`,
      about,
    ])),
  ]);
  const needRows = needs.map(({ name, hosts, about }) => [name, numberText(hosts), about]);
  const lossRows = losses.map((
    { what, hostsLeft, cpuPercent, memoryPercent, linkPercent, returnS, isSurvived },
  ) => [
    what,
    numberText(hostsLeft),
    `${numberText(cpuPercent)} %`,
    `${numberText(memoryPercent)} %`,
    `${numberText(linkPercent)} %`,
    `${numberText(returnS)} s`,
    isSurvived ? "carried" : "NOT CARRIED",
  ]);
  const assumed = measured.filter(({ isMeasured }) => !isMeasured).length;
  return [
    `${numberText(hosts)} hosts${isGiven ? ", as given" : ""}: tightest is ${tightest.need}, ` +
    `and of what is measured ${tightest.figure} (${tightest.about})\n`,
    isGiven && hosts < needs[0].hosts
      ? `\nToo few: ${needs[0].name} asks for ${numberText(needs[0].hosts)}\n`
      : "",
    "\nAsked\n",
    leftColumns(asked),
    "\nMeasured\n",
    leftColumns(seen),
    ...parts,
    "\nWhat asks for how many hosts\n",
    leftColumns(needRows),
    "\nWhat survives, in parts of what may be used\n",
    alignColumns([["lost", "hosts left", "CPU", "memory", "link", "all back in", ""], ...lossRows]),
    compared.length === 0 ? "" : "\nBeside a replay\n" + alignColumns([
      ["", "planned", "replayed", "off"],
      ...compared.map(({ what, unit, planned, replayed, offPercent }) => [
        what,
        numberText(planned, unit),
        numberText(replayed, unit),
        `${offPercent.toFixed(1)} %`,
      ]),
    ]),
    assumed === 0
      ? ""
      : `\n${assumed} of ${measured.length} figures are assumed and not of your hosts: measure them there with ` +
        "deno task bench:figures, and give the file with --figures\n",
  ].join("");
}

function leftColumns(rows: readonly (readonly string[])[]): string {
  return alignColumns(rows.map(([name, value, ...more]) => [name, value, ...more]), rows[0].length);
}
