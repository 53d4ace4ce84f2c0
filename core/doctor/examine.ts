import type { Finding, FindingState, Need } from "./finding.ts";
import { checkClock, checkCores, checkPriority, checkUring } from "./host_checks.ts";
import type { HostFacts } from "./host_facts.ts";
import { checkDescriptors, checkEpollWatches, checkFiles, checkMemory } from "./limit_checks.ts";
import {
  checkBacklog,
  checkConnectionTable,
  checkPorts,
  checkReservedPort,
  checkTracking,
} from "./network_checks.ts";

const CHECKS: readonly ((facts: HostFacts, need: Need) => Finding | undefined)[] = [
  checkDescriptors,
  checkFiles,
  checkEpollWatches,
  checkMemory,
  checkPorts,
  checkReservedPort,
  checkBacklog,
  checkConnectionTable,
  checkTracking,
  checkUring,
  checkClock,
  checkCores,
  checkPriority,
];

/** Every check that concerns what is needed. */
export function examine(facts: HostFacts, need: Need): Finding[] {
  return CHECKS.map((check) => check(facts, need)).filter((finding) => finding !== undefined);
}

/** The worst of all; what isn't known isn't held against a host. */
export function verdictOf(findings: readonly Finding[]): Exclude<FindingState, "unknown"> {
  const has = (state: FindingState) => findings.some((finding) => finding.state === state);
  return has("impossible") ? "impossible" : has("warning") ? "warning" : "ok";
}
