import { z } from "zod";
import { MEASURE_UNITS, type MeasureUnit } from "../../charts/measure.ts";
import { formatCount, formatYuan } from "../../base/units.ts";

/** What the number of a check counts. */
export const CHECK_UNITS = MEASURE_UNITS;
export type CheckUnit = MeasureUnit;

/** The phase of what holds for a whole rehearsal. */
export const WHOLE_RUN = "all";

export const checkSchema = z.object({
  measure: z.string().describe("What was measured, in camelCase, such as p99Ms"),
  of: z.string().optional().describe("Which one, where a measure is checked for several, such as a sponsor"),
  phase: z.string().describe("Name of the phase, or all"),
  seen: z.number().nullable().describe("In unit; null if it never came to a number, then met is false"),
  atLeast: z.number().optional().describe("In unit. Together with the same atMost: exactly"),
  atMost: z.number().optional().describe("In unit"),
  unit: z.enum(CHECK_UNITS),
  met: z.boolean(),
  note: z.string().optional().describe("More about it, for people"),
});

/** One thing that had to hold, and whether it did; a bound or two, both in `unit`. */
export type Check = z.output<typeof checkSchema>;

/** The same in words, as tables show it. */
export interface CheckRow {
  readonly phase: string;
  readonly what: string;
  readonly wanted: string;
  readonly seen: string;
  readonly isMet: boolean;
  readonly note?: string;
}

/** A check of `seen` against its bounds; what isn't a finite number meets none. */
export function check(
  what: Pick<Check, "measure" | "phase" | "unit" | "of" | "note">,
  seen: number,
  { atLeast, atMost }: Pick<Check, "atLeast" | "atMost">,
): Check {
  return {
    ...what,
    seen: Number.isFinite(seen) ? seen : null,
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
    met: Number.isFinite(seen) && seen >= (atLeast ?? -Infinity) && seen <= (atMost ?? Infinity),
  };
}

/** A check in words. */
export function checkRow({ measure, of, phase, seen, atLeast, atMost, unit, met, note }: Check): CheckRow {
  const bounds = atLeast !== undefined && atLeast === atMost ? [`exactly ${valueText(atLeast, unit)}`] : [
    ...(atLeast === undefined ? [] : [`at least ${valueText(atLeast, unit)}`]),
    ...(atMost === undefined ? [] : [`at most ${valueText(atMost, unit)}`]),
  ];
  return {
    phase,
    what: of === undefined ? measure : `${measure} of ${of}`,
    wanted: bounds.join(", "),
    seen: seen === null ? "no number" : valueText(seen, unit),
    isMet: met,
    ...(note === undefined ? {} : { note }),
  };
}

/** A value with its unit, in words. */
export function valueText(value: number, unit: CheckUnit): string {
  const few = (digits: number) => String(Number(value.toFixed(digits)));
  switch (unit) {
    case "fen":
      return formatYuan(value);
    case "percent":
      return `${few(3)} %`;
    case "ms":
      return `${few(value < 10 ? 2 : 1)} ms`;
    case "s":
    case "MB":
    case "times":
    case "MB/h":
    case "ms/h":
      return `${few(2)} ${unit}`;
    case "count":
      return Number.isInteger(value) ? formatCount(value) : few(2);
  }
}
