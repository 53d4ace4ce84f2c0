import { z } from "zod";
import { machineSchema } from "../machine.ts";

export const FIGURES_SCHEMA_VERSION = 1;

const quotedSchema = z.object({
  what: z.string(),
  unit: z.string(),
  least: z.number(),
  median: z.number(),
  most: z.number(),
  runs: z.number().int().describe("Runs or windows that these are of"),
  command: z.string(),
});
export type Quoted = z.output<typeof quotedSchema>;

/** What `docs/figures.json` holds: the one place that quoted figures come from. */
export const figuresSchema = z.object({
  schemaVersion: z.literal(FIGURES_SCHEMA_VERSION),
  commit: z.string(),
  isQuick: z.boolean(),
  priority: z.literal("normal").describe("What --priority servers and fleets had"),
  machine: machineSchema,
  figures: z.array(quotedSchema),
  refused: z.array(z.object({ command: z.string(), why: z.string() }))
    .describe("Benches that gave no figure, and the premise that failed"),
});
export type FiguresFile = z.output<typeof figuresSchema>;
