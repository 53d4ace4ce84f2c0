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
  const sums = new SetSums();
  for (const name of names) {
    try {
      const file = new SeedFile(`${folder}/${name}`);
      try {
        sums.add(name, file, trusted, onProgress);
      } finally {
        file.close();
      }
    } catch (error) {
      if (!(error instanceof SeedRefused)) throw error;
      sums.problems.push(error.message);
    }
  }
  return sums.report(names.length);
}

/** What the files of a set come to together. */
class SetSums {
  readonly problems: string[] = [];
  /** The first file says which set and plan it is. */
  #first:
    | { readonly set: string; readonly plan: Plan; readonly layout: Layout; readonly name: string }
    | undefined;
  /** By host: the name of its file. */
  readonly #seen = new Map<number, string>();
  /** By sponsor. */
  readonly #sums = new Map<number, { tickets: number; amountFen: number }>();
  /** By the hash of a lost file and its sponsors: fen that no supplement has yet. */
  readonly #missing = new Map<string, Map<number, number>>();
  /** By greeting, in the plan's order. */
  readonly #limits: number[] = [];

  /** @throws SeedRefused */
  add(
    name: string,
    file: SeedFile,
    trusted: ReadonlyMap<string, KeyObject>,
    onProgress: (name: string, tickets: number, all: number) => void,
  ): void {
    const { problems } = this;
    const { set, plan, host, groups, greetings } = file.description;
    const first = this.#first ??= { set, plan, layout: new Layout(plan), name };
    if (set !== first.set) {
      problems.push(`${name}: is of another set than ${first.name}`);
      return;
    }
    if (JSON.stringify(plan) !== JSON.stringify(first.plan)) {
      problems.push(`${name}: has another plan than ${first.name}`);
    }
    if (file.description.reissue !== undefined) return this.#addSupplement(name, file, trusted, onProgress);
    const other = this.#seen.get(host.index);
    if (other !== undefined) problems.push(`${name}: is for host ${host.id}, as ${other} is`);
    else this.#seen.set(host.index, name);
    file.checkSignature(trusted);
    const audit = auditFile(file, (tickets) => onProgress(name, tickets, first.layout.tickets));
    problems.push(...audit.problems.map((problem) => `${name}: ${problem}`));
    groups.forEach(([, sponsor], i) => {
      const sum = this.#sums.get(sponsor) ?? { tickets: 0, amountFen: 0 };
      this.#sums.set(sponsor, sum);
      sum.tickets += audit.tickets[i];
      sum.amountFen += audit.amountFen[i];
    });
    greetings.forEach(([, , , limit], i) => this.#limits[i] = (this.#limits[i] ?? 0) + limit);
  }

  /** Tickets that take the place of lost ones: they are in no sum of the plan, and come to what they replace. */
  #addSupplement(
    name: string,
    file: SeedFile,
    trusted: ReadonlyMap<string, KeyObject>,
    onProgress: (name: string, tickets: number, all: number) => void,
  ): void {
    file.checkSignature(trusted);
    const audit = auditFile(file, (tickets) => onProgress(name, tickets, 0));
    this.problems.push(...audit.problems.map((problem) => `${name}: ${problem}`));
    const { hash, ranges } = file.description.reissue!;
    let missing = this.#missing.get(hash);
    if (missing === undefined) {
      this.#missing.set(hash, missing = new Map());
      for (const [sponsor, , , fen] of ranges) missing.set(sponsor, (missing.get(sponsor) ?? 0) + fen);
    }
    file.description.groups.forEach(([, sponsor], i) => {
      missing.set(sponsor, (missing.get(sponsor) ?? 0) - audit.amountFen[i]);
    });
  }

  /** Compares all files with the plan. */
  report(files: number): SetReport {
    const { problems } = this;
    if (this.#first === undefined) {
      return { problems, files, tickets: 0, amountFen: 0, sponsors: [], greetings: [] };
    }
    const { plan, layout } = this.#first;
    layout.hosts.forEach(({ id }, host) => {
      if (!this.#seen.has(host)) problems.push(`the file of host ${id} is missing`);
    });
    const sponsors = plan.sponsors.map(({ number, name, budgetFen }) => ({
      number,
      name,
      budgetFen,
      ...(this.#sums.get(number) ?? { tickets: 0, amountFen: 0 }),
    }));
    for (const [hash, missing] of this.#missing) {
      for (const [sponsor, fen] of missing) {
        if (fen === 0) continue;
        problems.push(
          `sponsor ${sponsor}: what was made anew of ${hash} is ${Math.abs(fen)} fen too ${
            fen > 0 ? "little" : "much"
          }`,
        );
      }
    }
    for (const { number, amountFen, budgetFen } of sponsors) {
      if (amountFen === budgetFen) continue;
      problems.push(
        `sponsor ${number}: the tickets come to ${amountFen} fen, its budget is ${budgetFen} fen`,
      );
    }
    const greetings = plan.greetings.map(({ sponsor, resource, limit: planned }, i) => ({
      sponsor,
      resource,
      planned,
      limit: this.#limits[i] ?? 0,
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
      files,
      tickets: total("tickets"),
      amountFen: total("amountFen"),
      sponsors,
      greetings,
    };
  }
}
