import type { Judged, Mutant } from "./mutant.ts";
import type { Place } from "./places.ts";

/** What may read `mutants.json` looks at this first. */
export const SCHEMA_VERSION = 2;

export interface Score {
  /** A place, or a file of one. */
  readonly name: string;
  /** Mutants that there are, of which so many were tried. */
  readonly found: number;
  readonly tried: number;
  readonly killed: number;
  readonly survived: number;
  readonly unreached: number;
  /** Part of those tried that some test noticed, in percent. */
  readonly scorePercent: number;
}

export interface MutationReport {
  readonly schemaVersion: number;
  readonly seed: number;
  readonly all: Score;
  readonly places: readonly Score[];
  readonly files: readonly Score[];
  /** Those that no test noticed. */
  readonly survivors: readonly Judged[];
}

export function reportOf(
  places: readonly Place[],
  mutants: readonly Mutant[],
  judged: readonly Judged[],
  seed: number,
): MutationReport {
  const files = [...new Set(judged.map(({ mutant }) => mutant.file))].sort();
  const score = (name: string, files: readonly string[]) => scoreOf(name, files, mutants, judged);
  const inPlaces = places.flatMap(({ sources }) => sources);
  return {
    schemaVersion: SCHEMA_VERSION,
    seed,
    all: score("all", inPlaces),
    places: places.map(({ name, sources }) => score(name, sources)).filter(({ tried }) => tried > 0),
    files: files.map((file) => score(file, [file])),
    survivors: judged.filter(isSurvivor),
  };
}

function scoreOf(
  name: string,
  files: readonly string[],
  mutants: readonly Mutant[],
  judged: readonly Judged[],
): Score {
  const own = judged.filter(({ mutant }) => files.includes(mutant.file));
  const count = (outcome: Judged["outcome"]) => own.filter((one) => one.outcome === outcome).length;
  const [survived, unreached] = [count("survived"), count("unreached")];
  const killed = own.length - survived - unreached;
  return {
    name,
    found: mutants.filter(({ file }) => files.includes(file)).length,
    tried: own.length,
    killed,
    survived,
    unreached,
    scorePercent: own.length === 0 ? 0 : Math.floor(killed / own.length * 1000) / 10,
  };
}

function isSurvivor({ outcome }: Judged): boolean {
  return outcome === "survived" || outcome === "unreached";
}

export function markdownOf({ seed, all, places, files, survivors }: MutationReport): string {
  const lines = [
    `${all.tried} of ${all.found} mutants tried (seed ${seed}), ${all.killed} noticed: ${all.scorePercent} %`,
    ...tableOf("place", places),
    ...tableOf("file", files),
    "",
    ...survivors.map(({ mutant: { file, line, before, after }, outcome }) =>
      `- ${file}:${line} ${outcome}: ${code(before)} becomes ${after === "" ? "nothing" : code(after)}`
    ),
  ];
  return lines.join("\n") + "\n";
}

function tableOf(what: string, scores: readonly Score[]): string[] {
  return [
    "",
    `| ${what} | tried | of | noticed | survived | unreached | percent |`,
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...scores.map(({ name, found, tried, killed, survived, unreached, scorePercent }) =>
      `| ${name} | ${tried} | ${found} | ${killed} | ${survived} | ${unreached} | ${scorePercent} |`
    ),
  ];
}

function code(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return `\`${line.length > 120 ? `${line.slice(0, 117)}...` : line}\``;
}
