/** Writes the JSON Schemas of what redpkt writes for machines: `deno task schemas`. A test compares them. */
import { summaryJsonSchema } from "../core/report/data/summary_schema.ts";

const FOLDER = new URL("../docs/schemas/", import.meta.url);
await Deno.writeTextFile(new URL("summary.schema.json", FOLDER), summaryJsonSchema());
