import type { Judged } from "./mutant.ts";

/** What may read `mutants.json` looks at this first. */
export const SCHEMA_VERSION = 1;

export interface FileScore {
  readonly file: string;
  readonly mutants: number;
  readonly killed: number;
  readonly survived: number;
  readonly unreached: number;
}

export interface MutationReport {
  readonly schemaVersion: number;
  readonly seed: number;
  /** Mutants that there are, of which those below were tried. */
  readonly found: number;
  readonly tried: number;
  readonly killed: number;
  /** Part of those tried that some test noticed, in percent. */
  readonly scorePercent: number;
  readonly files: readonly FileScore[];
  /** Those that no test noticed. */
  readonly survivors: readonly Judged[];
}

export function reportOf(judged: readonly Judged[], found: number, seed: number): MutationReport {
  const survivors = judged.filter(({ outcome }) => outcome === "survived" || outcome === "unreached");
  const names = [...new Set(judged.map(({ mutant }) => mutant.file))].sort();
  const killed = judged.length - survivors.length;
  return {
    schemaVersion: SCHEMA_VERSION,
    seed,
    found,
    tried: judged.length,
    killed,
    scorePercent: judged.length === 0 ? 0 : Math.floor(killed / judged.length * 1000) / 10,
    files: names.map((file) => {
      const own = judged.filter(({ mutant }) => mutant.file === file);
      const count = (outcome: Judged["outcome"]) => own.filter((one) => one.outcome === outcome).length;
      const [survived, unreached] = [count("survived"), count("unreached")];
      return { file, mutants: own.length, killed: own.length - survived - unreached, survived, unreached };
    }),
    survivors,
  };
}

export function markdownOf(report: MutationReport): string {
  const lines = [
    `${report.tried} of ${report.found} mutants tried (seed ${report.seed}), ${report.killed} noticed: ` +
    `${report.scorePercent} %`,
    "",
    "| file | tried | noticed | survived | unreached |",
    "| ---- | ----- | ------- | -------- | --------- |",
    ...report.files.map(({ file, mutants, killed, survived, unreached }) =>
      `| ${file} | ${mutants} | ${killed} | ${survived} | ${unreached} |`
    ),
    "",
    ...report.survivors.map(({ mutant: { file, line, before, after }, outcome }) =>
      `- ${file}:${line} ${outcome}: ${code(before)} becomes ${after === "" ? "nothing" : code(after)}`
    ),
  ];
  return lines.join("\n") + "\n";
}

function code(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return `\`${line.length > 120 ? `${line.slice(0, 117)}...` : line}\``;
}
