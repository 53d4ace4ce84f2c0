import type { KeyObject } from "node:crypto";
import { auditFile } from "./audit.ts";
import { Layout } from "../plan/layout.ts";
import type { Plan } from "../plan/plan_schema.ts";
import { SeedFile, SeedRefused } from "./seed_file.ts";

/** What a whole set of files came to. */
export interface SetReport {
  /** Each is one line; none: the set is the plan, ticket by ticket. */
  readonly problems: readonly string[];
  readonly files: number;
  readonly tickets: number;
  readonly amountFen: number;
  /** What each sponsor's tickets came to, in the plan's order. */
  readonly sponsors: readonly {
    readonly number: number;
    readonly name: string;
    readonly tickets: number;
    readonly amountFen: number;
    readonly budgetFen: number;
  }[];
  /** How many of each greeting the files allow, and the plan, in its order. */
  readonly greetings: readonly {
    readonly sponsor: number;
    readonly resource: number;
    readonly limit: number;
    readonly planned: number;
  }[];
}

/** Names of the seed files in a folder, in order. */
export function seedFilesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".seed"))
    .sort();
}

/**
 * Reads a whole set: every file right by itself, every host there once, ids of all hosts adjoining, sums equal to the
 * plan.
 *
 * @param names of the files in the folder, at least one
 */
export function verifySet(
  folder: string,
  names: readonly string[],
  trusted: ReadonlyMap<string, KeyObject>,
  onProgress: (name: string, tickets: number, all: number) => void,
): SetReport {
  const problems: string[] = [];
  let first:
    | { readonly set: string; readonly plan: Plan; readonly layout: Layout; readonly name: string }
    | undefined;
  const seen = new Map<number, string>();
  const sums = new Map<number, { tickets: number; amountFen: number }>();
  /** By greeting, in the plan's order. */
  const limits: number[] = [];
  for (const name of names) {
    try {
      const file = new SeedFile(`${folder}/${name}`);
      try {
        const { set, plan, host, groups, greetings } = file.description;
        first ??= { set, plan, layout: new Layout(plan), name };
        if (set !== first.set) {
          problems.push(`${name}: is of another set than ${first.name}`);
          continue;
        }
        if (JSON.stringify(plan) !== JSON.stringify(first.plan)) {
          problems.push(`${name}: has another plan than ${first.name}`);
        }
        const other = seen.get(host.index);
        if (other !== undefined) problems.push(`${name}: is for host ${host.id}, as ${other} is`);
        else seen.set(host.index, name);
        file.checkSignature(trusted);
        const all = first.layout.tickets;
        const audit = auditFile(file, (tickets) => onProgress(name, tickets, all));
        problems.push(...audit.problems.map((problem) => `${name}: ${problem}`));
        groups.forEach(([, sponsor], i) => {
          const sum = sums.get(sponsor) ?? { tickets: 0, amountFen: 0 };
          sums.set(sponsor, sum);
          sum.tickets += audit.tickets[i];
          sum.amountFen += audit.amountFen[i];
        });
        greetings.forEach(([, , , limit], i) => limits[i] = (limits[i] ?? 0) + limit);
      } finally {
        file.close();
      }
    } catch (error) {
      if (!(error instanceof SeedRefused)) throw error;
      problems.push(error.message);
    }
  }
  if (first === undefined) {
    return { problems, files: names.length, tickets: 0, amountFen: 0, sponsors: [], greetings: [] };
  }
  const { plan, layout } = first;
  layout.hosts.forEach(({ id }, host) => {
    if (!seen.has(host)) problems.push(`the file of host ${id} is missing`);
  });
  const sponsors = plan.sponsors.map(({ number, name, budgetFen }) => ({
    number,
    name,
    budgetFen,
    ...(sums.get(number) ?? { tickets: 0, amountFen: 0 }),
  }));
  for (const { number, amountFen, budgetFen } of sponsors) {
    if (amountFen === budgetFen) continue;
    problems.push(`sponsor ${number}: the tickets come to ${amountFen} fen, its budget is ${budgetFen} fen`);
  }
  const greetings = plan.greetings.map(({ sponsor, resource, limit: planned }, i) => ({
    sponsor,
    resource,
    planned,
    limit: limits[i] ?? 0,
  }));
  for (const { sponsor, resource, limit, planned } of greetings) {
    if (limit === planned) continue;
    problems.push(
      `greeting ${resource} of sponsor ${sponsor}: the files allow ${limit}, the plan ${planned}`,
    );
  }
  const total = (key: "tickets" | "amountFen") => sponsors.reduce((sum, sponsor) => sum + sponsor[key], 0);
  return {
    problems,
    files: names.length,
    tickets: total("tickets"),
    amountFen: total("amountFen"),
    sponsors,
    greetings,
  };
}
