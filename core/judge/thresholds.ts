import { z } from "zod";
import { didYouMean } from "../base/did_you_mean.ts";
import { UserError } from "../base/user_error.ts";
import type { Bound } from "../rehearse/measure/check_thresholds.ts";

const bound = z.strictObject({ atLeast: z.number().optional(), atMost: z.number().optional() })
  .refine(({ atLeast, atMost }) => atLeast !== undefined || atMost !== undefined, "needs atLeast or atMost");

/** A file of thresholds: `{"p99Ms": {"atMost": 50}}`, as a phase of a scenario has them. */
const file = z.preprocess(
  (json) => json instanceof Object && "$schema" in json ? { ...json, $schema: undefined } : json,
  z.record(z.string(), bound.optional()),
);

/**
 * What must hold, from texts such as `p99Ms<50` and `answeredPercent>=99`, and a file.
 *
 * @param known the measures that there are
 * @throws UserError that lists every problem
 */
export function readThresholds(
  texts: readonly string[],
  path: string | undefined,
  known: readonly string[],
): Record<string, Bound> {
  const problems: string[] = [];
  const bounds: Record<string, Bound> = {};
  const add = (where: string, measure: string, more: Bound) => {
    if (known.includes(measure)) bounds[measure] = { ...bounds[measure], ...more };
    else {
      const hint = didYouMean(measure, known);
      problems.push(`${where}: ${measure}: nothing measures this.${hint} There are ${known.join(", ")}`);
    }
  };
  if (path !== undefined) {
    try {
      const read = file.safeParse(JSON.parse(Deno.readTextFileSync(path)));
      for (const [measure, more] of Object.entries(read.data ?? {})) {
        if (more !== undefined) add(`--thresholds ${path}`, measure, more);
      }
      for (const issue of read.error?.issues ?? []) {
        problems.push(`--thresholds ${path}: ${issue.path.join(".") || "the file"}: ${issue.message}`);
      }
    } catch (error) {
      problems.push(`--thresholds ${path}: ${error instanceof Error ? error.message : error}`);
    }
  }
  for (const text of texts) {
    // A bound is met by its own value too: of what is measured to a fraction of a unit, nobody could tell.
    const match = /^\s*([a-zA-Z]\w*)\s*(<=?|>=?)\s*(\d+(?:\.\d+)?)\s*$/.exec(text);
    if (match === null) {
      problems.push(`--threshold ${text}: must be a measure, < or >, and a number, such as p99Ms<50`);
      continue;
    }
    const [, measure, sign, value] = match;
    add(`--threshold ${text}`, measure, { [sign.startsWith("<") ? "atMost" : "atLeast"]: Number(value) });
  }
  if (problems.length === 0 && Object.keys(bounds).length === 0) {
    problems.push("give --threshold, such as --threshold 'p99Ms<50', or --thresholds FILE");
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return bounds;
}
