import type { Log } from "../cli/log.ts";
import { examine } from "./examine.ts";
import type { Finding, Need } from "./finding.ts";
import { readHostFacts } from "./host_facts.ts";

/** Warnings that matter to whoever starts a process; the others are for whoever asks `redpkt doctor`. */
const TOLD = new Set(["fs.file-max", "memory", "ports", "server port", "firewall's table", "priority"]);

/**
 * The doctor's checks before a process starts: warns of what will go badly.
 *
 * @returns what makes it impossible, a line each with what to do; empty if it may start
 */
export function whyNotStart(need: Need, log: Log, facts = readHostFacts()): string[] {
  const findings = examine(facts, need);
  for (const { state, name, is, needs, why, remedy } of findings) {
    if (state === "warning" && TOLD.has(name)) log("warn", "host", { check: name, is, needs, why, remedy });
  }
  return findings.filter(({ state }) => state === "impossible").map(sentence);
}

function sentence({ name, is, needs, why, remedy = [] }: Finding): string {
  return `${name}: ${needs} needed, and there are ${is}: ${why}. Do: ${remedy.join("; ")}`;
}
