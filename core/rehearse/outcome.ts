import { formatCount } from "../base/units.ts";
import { ExitCode } from "../base/user_error.ts";
import { Histogram } from "../counters/histogram.ts";
import { type Check, checkRow } from "../report/data/check.ts";
import { moneyLine } from "../charts/money_line.ts";
import type { Cause, MachineUse, Summary } from "../report/data/summary_schema.ts";
import type { PhaseResult } from "./measure/measures.ts";
import { type JudgedSecond, judgeMachine, type MachineKind, useText } from "./machine/judge.ts";
import { averageOf } from "./machine/machine_second.ts";
import type { FullScenario } from "./measure/scenario.ts";
import { checkTable, phaseTable } from "./tables.ts";
import type { Second } from "./timeline.ts";

/** What took the time in each phase that failed. */
export function causesOf(
  scenario: FullScenario,
  checks: readonly Check[],
  seconds: readonly Second[],
  kind: MachineKind,
): Cause[] {
  return scenario.phases.flatMap(({ name }) =>
    judgeMachine(
      name,
      checks.filter(({ phase }) => phase === name),
      seconds.filter(({ phase }) => phase === name).flatMap(judged),
      kind,
    )
  );
}

function judged({ client, machine }: Second): JudgedSecond[] {
  if (machine === undefined) return [];
  const latency = new Histogram();
  const { shakeLatencyUs = [], claimLatencyUs = [] } = client?.histograms ?? {};
  latency.add(shakeLatencyUs.length > 0 ? shakeLatencyUs : claimLatencyUs);
  const { ticksLate = 0, ticksUnconnected = 0, ticksOverrun = 0 } = client?.deltas ?? {};
  return [{
    p50Us: latency.count === 0 ? null : latency.percentile(50),
    p99Us: latency.count === 0 ? null : latency.percentile(99),
    notSent: ticksLate + ticksUnconnected + ticksOverrun,
    machine,
  }];
}

/** What the machine did besides, by phase. */
export function machineByPhase(seconds: readonly Second[]): Record<string, MachineUse> {
  const phases = [...new Set(seconds.map(({ phase }) => phase))];
  return Object.fromEntries(phases.flatMap((name) => {
    const uses = seconds.flatMap(({ phase, machine }) => phase !== name || !machine ? [] : [machine]);
    const { neighbours: _neighbours, ...use } = averageOf(uses);
    return uses.length === 0 ? [] : [[name, use]];
  }));
}

/** Whether users asked for something and not one of them got an answer. */
export function nobodyServed(phases: readonly PhaseResult[]): boolean {
  const sum = (of: (result: PhaseResult) => number) => phases.reduce((sum, phase) => sum + of(phase), 0);
  const asked = sum(({ due, sent, sends }) => due + sent + sends.claims + sends.sent);
  return asked > 0 && sum(({ answered, sends }) => answered + sends.claimsAnswered + sends.done) === 0;
}

/** The process's exit code for a rehearsal that was played to its end. */
export function exitCodeOf({ verdict, phases = [] }: Summary): number {
  if (nobodyServed(phases)) return ExitCode.nobodyServed;
  return verdict === "PASS" ? ExitCode.ok : ExitCode.failed;
}

/** The results as text: first the money, last the verdict. */
export function outcomeText(summary: Summary, seconds: readonly Second[], folder: string): string {
  const { scenario, verdict, broken, connect, phases, checks, causes = [], money, machine } = summary;
  const use = averageOf(seconds.flatMap(({ machine }) => machine === undefined ? [] : [machine]));
  return [
    ...(money === undefined ? [] : [`  ${moneyLine(money)}\n`]),
    ...(connect === undefined ? [] : [
      `  connect: ${formatCount(connect.ready)} users in ${connect.seconds.toFixed(1)} s, ${
        formatCount(connect.perS)
      }/s\n`,
    ]),
    ...(machine === undefined ? [] : [`  machine: ${kindText(machine)}: ${useText(use)}\n`]),
    ...(phases === undefined ? [] : [`\n${phaseTable(phases)}\n${checkTable(checks.map(checkRow))}`]),
    ...causes.map(({ phase, text }) => `\n  why  ${phase}: ${text}\n`),
    ...(broken === undefined ? [] : [`\n  the rehearsal broke off: ${broken}\n`]),
    `\n${verdict}  ${scenario.name}  ${folder}/report.html\n`,
  ].join("");
}

/** What a machine is, in words. */
export function kindText({ cores, memoryNs }: MachineKind): string {
  const memory = memoryNs === null ? "" : `, memory ${Math.round(memoryNs)} ns a random read`;
  return `${cores} ${cores === 1 ? "core" : "cores"}${memory}`;
}
