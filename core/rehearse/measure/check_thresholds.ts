import { type Check, check } from "../../report/data/check.ts";
import { type Measure, MEASURES, type MeasureSpec, type PhaseResult } from "./measures.ts";

/** What must hold for a phase, by measure. */
export interface PhaseThresholds {
  readonly name: string;
  readonly thresholds: Readonly<Record<string, Bound>>;
}

/** In the measure's unit. */
export interface Bound {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
}

/** Every threshold, checked against what happened. */
export function checkThresholds(
  phases: readonly PhaseThresholds[],
  results: readonly PhaseResult[],
): Check[] {
  return phases.flatMap(({ name, thresholds }) => {
    const result = results.find((result) => result.name === name);
    return Object.entries(thresholds).map(([measure, bound]) => {
      const { unit, of } = measureOf(measure, results);
      const note = result === undefined ? { note: "the phase did not run" } : {};
      const seen = result === undefined ? NaN : of(result, results[0]);
      const { atLeast, atMost } = bound;
      return check({ measure, phase: name, unit, ...note }, seen, {
        ...(atLeast === undefined ? {} : { atLeast }),
        ...(atMost === undefined ? {} : { atMost }),
      });
    });
  });
}

/** A measure of core, or of a plugin: then each phase has its value. */
function measureOf(name: string, results: readonly PhaseResult[]): MeasureSpec {
  if (Object.hasOwn(MEASURES, name)) return MEASURES[name as Measure];
  const [unit = "count"] = results.flatMap(({ measures = {} }) => measures[name]?.unit ?? []);
  return { unit, of: ({ measures = {} }) => measures[name]?.value ?? NaN };
}
