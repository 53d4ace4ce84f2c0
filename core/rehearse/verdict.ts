import { formatCount, formatYuan } from "../base/units.ts";
import type { ReconcileResult } from "../reconcile/reconcile.ts";
import type { SponsorSums } from "../reconcile/seed_match.ts";
import { type Measure, measure, type PhaseResult, type Reading } from "./measure/measures.ts";
import type { FullScenario } from "./measure/scenario.ts";

/** One thing that had to hold, and whether it did. */
export interface Check {
  readonly phase: string;
  readonly what: string;
  readonly wanted: string;
  readonly seen: string;
  readonly isMet: boolean;
}

/** Every threshold of the scenario, checked against what happened. */
export function checkThresholds(scenario: FullScenario, results: readonly PhaseResult[]): Check[] {
  return scenario.phases.flatMap(({ name, thresholds }) => {
    const result = results.find((result) => result.name === name);
    return Object.entries(thresholds).map(([what, bound]): Check => {
      const seen = result === undefined ? NaN : measure(result, what as Measure, results[0]);
      const { atLeast = -Infinity, atMost = Infinity } = bound!;
      return {
        phase: name,
        what,
        wanted: [
          ...(bound!.atLeast === undefined ? [] : [`at least ${withUnit(what, atLeast)}`]),
          ...(bound!.atMost === undefined ? [] : [`at most ${withUnit(what, atMost)}`]),
        ].join(", "),
        seen: result === undefined ? "the phase did not run" : withUnit(what, seen),
        isMet: seen >= atLeast && seen <= atMost,
      };
    });
  });
}

/** What every rehearsal must end with: both sides agree on the money, to the fen. */
export function checkMoney({ server, client }: Reading): Check[] {
  const sides: [what: string, server: number, client: number, show: (value: number) => string][] = [
    // A user may hear of a packet only after another login.
    [
      "packets won",
      server.counters.shakeWon,
      client.counters.shakesWon + client.counters.awardsLate,
      formatCount,
    ],
    ["money won", server.counters.shakeAmountWonFen, client.counters.amountWonFen, formatYuan],
  ];
  const checks = sides.map(([what, ours, theirs, show]): Check => ({
    phase: "all",
    what,
    wanted: `the same on both sides (server ${show(ours)})`,
    seen: `fleet ${show(theirs)}`,
    isMet: ours === theirs,
  }));
  const doubled = client.counters.awardsDouble;
  return [...checks, {
    phase: "all",
    what: "packets given twice",
    wanted: "none",
    seen: formatCount(doubled),
    isMet: doubled === 0,
  }];
}

/** Whether the ledger and what the users saw agree, packet by packet. */
export function checkReconciled(result: ReconcileResult): Check[] {
  const { awards, seen, pending, differenceCount, differences, sponsors } = result;
  return [...sponsors.map(checkSponsor), {
    phase: "all",
    what: "ledger and fleet",
    wanted: `no difference over ${formatCount(awards)} awards`,
    seen: differenceCount === 0
      ? `${formatCount(seen)} seen, ${formatCount(pending)} pending`
      : `${formatCount(differenceCount)} differences, such as ${differences[0]}`,
    isMet: result.isClean,
  }];
}

/** A sponsor's whole budget is somewhere. */
function checkSponsor(
  { number, name, budgetFen, wonFen, poolFen, returnedFen, unusedFen }: SponsorSums,
): Check {
  const leftFen = poolFen + returnedFen + unusedFen;
  return {
    phase: "all",
    what: `sponsor ${number} ${name}`,
    wanted: `its budget of ${formatYuan(budgetFen)}`,
    seen: `${formatYuan(wonFen)} won, ${formatYuan(leftFen)} left`,
    isMet: wonFen + leftFen === budgetFen,
  };
}

function withUnit(what: string, value: number): string {
  if (what.endsWith("Percent")) return `${Number(value.toFixed(3))} %`;
  if (what.endsWith("Ms")) return `${Number(value.toFixed(value < 10 ? 2 : 1))} ms`;
  return Number.isInteger(value) ? formatCount(value) : String(Number(value.toFixed(2)));
}
