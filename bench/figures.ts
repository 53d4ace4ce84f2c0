/**
 * `deno task bench:figures`: runs the benches whose figures the README quotes, writes docs/figures.json and the README's
 * table out of it. A bench whose premise failed gives no figure, and the table says why.
 */
import { z } from "zod";
import { flag, switchFlag } from "../core/cli/flags.ts";
import { formatCount } from "../core/base/units.ts";
import { benchFlags } from "./bench_flags.ts";
import { commitOf } from "./common/commit.ts";
import { FIGURES_SCHEMA_VERSION, type FiguresFile, type Quoted } from "./figures/figures_file.ts";
import { figuresTable, withTable } from "./figures/figures_table.ts";
import { runSource } from "./figures/run_source.ts";
import { type Source, SOURCES } from "./figures/sources.ts";
import { machineText, readMachine } from "./machine.ts";

const IDS = SOURCES.map(({ id }) => id);
const { quick, only, dry } = benchFlags(
  "deno task bench:figures",
  "Measures what the README quotes, and writes it there. About 10 minutes; --quick 3.",
  {
    quick: switchFlag("fewer and shorter windows, and without the longest"),
    only: flag(
      "LIST",
      `some of ${IDS.join(", ")}; then nothing is written`,
      z.string().default("").transform((text) => text.split(",").filter((id) => id !== ""))
        .refine((ids) => ids.every((id) => IDS.includes(id)), `there are ${IDS.join(", ")}`),
    ),
    dry: switchFlag("writes nothing"),
  },
);

const ROOT = new URL("..", import.meta.url);
const startMs = performance.now();
const machine = await readMachine();
console.log(machineText(machine));
const figures: Quoted[] = [];
const refused: FiguresFile["refused"] = [];
for (const source of SOURCES) {
  const args = quick ? source.quick : source.full;
  if (args === undefined || (only.length > 0 && !only.includes(source.id))) continue;
  await measure(source, args);
}
const file: FiguresFile = {
  schemaVersion: FIGURES_SCHEMA_VERSION,
  commit: await commitOf(),
  isQuick: quick,
  priority: "normal",
  ...{ machine, figures, refused },
};
const table = figuresTable(file);
console.log(`\n${table}\n\n${((performance.now() - startMs) / 60_000).toFixed(1)} minutes`);
if (only.length === 0 && !dry) {
  await Deno.writeTextFile(new URL("docs/figures.json", ROOT), JSON.stringify(file, null, 2) + "\n");
  const readme = new URL("README.md", ROOT);
  await Deno.writeTextFile(readme, withTable(await Deno.readTextFile(readme), table));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", readme.pathname] }).output();
}
Deno.exit(refused.length === 0 ? 0 : 1);

async function measure({ id, ...source }: Source, args: readonly string[]): Promise<void> {
  const found = await runSource({ id, ...source }, args);
  if (typeof found === "string") {
    refused.push({ command: source.command, why: found });
    console.log(`${id}: no figure: ${found}`);
    return;
  }
  const picks = source.picks.length > 0
    ? source.picks
    : found.map(({ name }) => ({ figure: name, what: name }));
  for (const { figure: name, what } of picks) {
    const seen = found.find((one) => one.name === name);
    // A quick run measures some things on a smaller scale, under another name.
    if (seen === undefined) {
      if (!quick) refused.push({ command: source.command, why: `it has none that is called "${name}"` });
      continue;
    }
    const { unit, least, median, most, values } = seen;
    figures.push({ what, unit, least, median, most, runs: values.length, command: source.command });
    console.log(`${id}: ${what}: ${median >= 1_000 ? formatCount(median) : median.toFixed(3)} ${unit}`);
  }
}
