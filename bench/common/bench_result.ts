/** How a bench begins and ends, the same for all: its machine, its figures, their file, or why there is no figure. */
import { z } from "zod";
import { UserError } from "../../core/base/user_error.ts";
import type { CheckRow } from "../../core/report/data/check.ts";
import { RehearsalBroken } from "../../core/rehearse/run.ts";
import { machineSchema, machineText, readMachine } from "../machine.ts";
import { commitOf } from "./commit.ts";
import { premise, PremiseFailed } from "./premise.ts";
import { spreadOf } from "./spread.ts";

export const BENCH_SCHEMA_VERSION = 1;

const figureSchema = z.object({
  name: z.string(),
  unit: z.string(),
  least: z.number(),
  median: z.number(),
  most: z.number(),
  values: z.array(z.number()).min(1).describe("Of each run or window, in order"),
});

/** One measured thing, over the runs or windows of a bench. */
export type Figure = z.output<typeof figureSchema>;

/** What a bench writes; what else it found stands beside. */
export const benchResultSchema = z.looseObject({
  schemaVersion: z.literal(BENCH_SCHEMA_VERSION),
  bench: z.string(),
  commit: z.string(),
  machine: machineSchema,
  isPass: z.boolean(),
  figures: z.array(figureSchema),
});

/** A figure of the values that were measured; refuses what is no number. */
export function figure(name: string, unit: string, values: readonly number[]): Figure {
  premise(values.length > 0, `${name}: nothing was measured`);
  premise(values.every(Number.isFinite), `${name}: ${values.join(", ")} ${unit} are no numbers`);
  return { name, unit, ...spreadOf(values), values: [...values] };
}

/** What a bench came to. */
export interface Outcome {
  readonly figures: readonly Figure[];
  /** Whether all bars were met, where it has some. */
  readonly isPass?: boolean;
  /** Whatever else is worth keeping. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What a mode of a bench found: bars, and figures. */
export interface Found {
  readonly checks: readonly CheckRow[];
  readonly figures: readonly Figure[];
}

/**
 * Plays a bench and ends the process: 0, or 1 with a bar that wasn't met or a premise that failed. Then the file of an
 * earlier run is gone, so that nobody takes its figures for these.
 */
export async function runBench(bench: string, out: string, play: () => Promise<Outcome>): Promise<never> {
  try {
    await Deno.remove(out).catch(() => {});
    const machine = await readMachine();
    console.log(machineText(machine));
    const { figures, isPass = true, details = {} } = await play();
    await Deno.mkdir(out.replace(/[^/]*$/, "") || ".", { recursive: true });
    const result = {
      ...{ schemaVersion: BENCH_SCHEMA_VERSION, bench, commit: await commitOf(), machine, isPass, figures },
      ...details,
    };
    await Deno.writeTextFile(out, JSON.stringify(result, null, 2) + "\n");
    console.log(`${isPass ? "PASS" : "FAIL"}  ${bench}  ${out}`);
    Deno.exit(isPass ? 0 : 1);
  } catch (error) {
    Deno.exit(endedBy(bench, error));
  }
}

/** Says in a line why there is no figure; what isn't foreseen is thrown on. */
function endedBy(bench: string, error: unknown): number {
  if (error instanceof PremiseFailed) {
    console.error(`${bench}: no figure: ${error.message}`);
    return 1;
  }
  if (!(error instanceof UserError || error instanceof RehearsalBroken)) throw error;
  console.error(`${bench}: ${error.message}`);
  return error instanceof UserError ? error.exitCode : 1;
}
