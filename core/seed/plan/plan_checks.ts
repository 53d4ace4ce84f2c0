import { LAST_TICKET_ID } from "../../base/id_space.ts";
import { didYouMean } from "../../base/did_you_mean.ts";
import { countTickets } from "./amounts.ts";
import { Layout } from "./layout.ts";
import type { Plan } from "./plan_schema.ts";

/** Ids of tickets are 32 bits, and 0 is none. */
const MOST_ID = LAST_TICKET_ID;

/**
 * What doesn't fit together in a plan whose parts are right by themselves.
 *
 * @param plan parts that are wrong by themselves are absent
 */
export function checkPlan(plan: Partial<Plan>): string[] {
  const problems = [...checkSponsors(plan), ...checkWaves(plan), ...checkHosts(plan)];
  for (const [i, { sponsor }] of (plan.greetings ?? []).entries()) {
    if (plan.sponsors?.some(({ number }) => number === sponsor) === false) {
      problems.push(`greetings.${i}.sponsor: there is no sponsor ${sponsor}`);
    }
  }
  const { sponsors, waves, hosts, firstId, limits, reserve = 0 } = plan;
  if (problems.length > 0 || !sponsors || !waves || !hosts || !firstId || !limits) return problems;
  return checkTotals({ sponsors, waves, hosts, firstId, limits, reserve });
}

function checkSponsors({ sponsors = [], waves }: Partial<Plan>): string[] {
  const problems: string[] = [];
  for (const [i, { number, amounts, budgetFen, waves: own }] of sponsors.entries()) {
    const first = sponsors.findIndex((other) => other.number === number);
    if (first < i) problems.push(`sponsors.${i}.number: ${number} is sponsors.${first}'s`);
    const counted = countTickets(amounts, budgetFen);
    if (typeof counted === "string") problems.push(`sponsors.${i}.amounts: ${counted}`);
    const names = waves?.map(({ name }) => name);
    for (const name of names === undefined ? [] : own ?? []) {
      if (names!.includes(name)) continue;
      problems.push(`sponsors.${i}.waves: there is no wave ${name}.${didYouMean(name, names!)}`);
    }
  }
  const budgetFen = sponsors.reduce((sum, sponsor) => sum + sponsor.budgetFen, 0);
  if (budgetFen > Number.MAX_SAFE_INTEGER) {
    problems.push(`sponsors: ${budgetFen} fen in all can't be counted exactly: at most 2^53 - 1`);
  }
  return problems;
}

function checkWaves({ waves = [], expires }: Partial<Plan>): string[] {
  const problems: string[] = [];
  for (const [i, { name, start }] of waves.entries()) {
    if (waves.findIndex((other) => other.name === name) < i) {
      problems.push(`waves.${i}.name: ${name} is taken`);
    }
    const before = waves[i - 1];
    if (before !== undefined && start < before.start + before.lengthS * 1000) {
      problems.push(
        `waves.${i}.start: is before the end of ${before.name}: list waves in order, without overlaps`,
      );
    }
  }
  const last = waves.at(-1);
  if (last !== undefined && expires !== undefined && expires < last.start + last.lengthS * 1000) {
    problems.push(`expires: is before the end of wave ${last.name}`);
  }
  return problems;
}

function checkHosts({ hosts }: Partial<Plan>): string[] {
  if (!Array.isArray(hosts)) return [];
  const ids = hosts.map(({ id }) => id);
  return ids.flatMap((id, i) =>
    ids.indexOf(id) < i ? [`hosts.${i}.id: ${id} is hosts.${ids.indexOf(id)}'s`] : []
  );
}

function checkTotals(
  plan: Pick<Plan, "sponsors" | "waves" | "hosts" | "firstId" | "limits" | "reserve">,
): string[] {
  const problems: string[] = [];
  const layout = new Layout(plan);
  const lastId = plan.firstId + layout.tickets - 1;
  if (lastId > MOST_ID) {
    problems.push(
      `firstId: ${layout.tickets} tickets end at id ${lastId}: the last possible one is ${MOST_ID}`,
    );
    return problems;
  }
  if (lastId + plan.reserve > MOST_ID) {
    problems.push(`reserve: ends at id ${lastId + plan.reserve}: the last possible one is ${MOST_ID}`);
  }
  plan.waves.forEach((_, i) => {
    const perS = Math.ceil(layout.peakPerS(i) - 1e-6);
    if (plan.limits.ratePerS === undefined || perS <= plan.limits.ratePerS) return;
    problems.push(
      `waves.${i}: releases up to ${perS} tickets a second, limits.ratePerS allows ${plan.limits.ratePerS}`,
    );
  });
  return problems;
}
