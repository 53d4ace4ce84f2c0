/**
 * The one conformance kit for `core/engine/common/engine.ts`: every engine runs the same cases, on a pair of engines in one
 * thread that take turns. Nothing is asserted about the machine's time; an engine's clock moves when a case says so.
 */
import { acceptCases } from "./engine_cases_accept.ts";
import { byteCases } from "./engine_cases_bytes.ts";
import { closeCases } from "./engine_cases_close.ts";
import { passCases } from "./engine_cases_pass.ts";
import { readCases } from "./engine_cases_reads.ts";
import type { Case } from "./engine_cases.ts";
import { Harness, type Kit } from "./engine_harness.ts";

export const engineCases: readonly Case[] = [
  ...byteCases,
  ...closeCases,
  ...acceptCases,
  ...passCases,
  ...readCases,
];

/**
 * Registers every case as a test of one kind of engine.
 *
 * @param whyNot why this kind can't run on this host, or null; then every case is skipped and says so
 */
export function describeEngine(kit: Kit, whyNot: string | null = null): void {
  for (const engineCase of engineCases) {
    const { name, needs, isAlone } = engineCase;
    const lacking = [needs ?? []].flat().find((feature) => kit.cannot[feature] !== undefined);
    const reason = whyNot ?? (lacking && kit.cannot[lacking]);
    const { runAlone } = kit;
    Deno.test({
      name: `engine ${kit.name} ${name}${reason ? ` (skipped: ${reason})` : ""}`,
      ignore: Boolean(reason),
      fn: () => isAlone && runAlone ? runAlone(name) : runCase(kit, engineCase),
    });
  }
}

/** Runs one case on a fresh pair. */
export async function runCase(kit: Kit, engineCase: Case): Promise<void> {
  const harness = new Harness(kit.make(engineCase.pair ?? {}));
  try {
    await engineCase.run(harness);
  } finally {
    await harness.finish();
  }
}
