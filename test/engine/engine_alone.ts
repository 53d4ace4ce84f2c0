/** Runs one conformance case in a process of its own: `engine_alone.ts KIT CASE`. */
import { engineCases, runCase } from "./engine_conformance.ts";
import { kits } from "./engine_kits.ts";

const [kitName, caseName] = Deno.args;
const kit = kits.find(({ name }) => name === kitName);
const engineCase = engineCases.find(({ name }) => name === caseName);
if (kit === undefined || engineCase === undefined) throw new Error(`No case ${caseName} for ${kitName}`);
await runCase(kit, engineCase);
