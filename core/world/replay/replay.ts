import { formatCount } from "../../base/units.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import type { Host } from "../../cli/host.ts";
import { writeResult } from "../../cli/json_output.ts";
import { loadPlugins, pluginSources } from "../../plugin/loader.ts";
import { Layout } from "../../seed/plan/layout.ts";
import type { Plan } from "../../seed/plan/plan_schema.ts";
import { isMet, replayChecks } from "./replay_checks.ts";
import { Evening, type ReplaySettings } from "./replay_options.ts";
import { MODELLED, RAN, type ReplayReport, reportText, tablesOf } from "./replay_report.ts";
import { replayOn, type ReplayOutcome } from "./replay_threads.ts";

/** What an operator asks of a replay. */
export interface ReplayWish {
  readonly plan: Plan;
  /** 0 for all hosts of the plan. */
  readonly hosts: number;
  readonly shakes: number;
  readonly peakPerS: number;
  readonly users: number;
  readonly seats: number;
  readonly capacityPerS: number;
  readonly seed: number;
  /** 0 for as many as there are cores. */
  readonly threads: number;
  /** Values of the plugins' config, by plugin. */
  readonly configs: Readonly<Record<string, Record<string, unknown>>>;
  readonly isJson: boolean;
}

/** Plays an event's whole volume through the code of its hosts, and prints the event's table. */
export async function replay(host: Host, wish: ReplayWish): Promise<number> {
  const settings = await settingsOf(host, wish);
  const layout = new Layout(settings.plan);
  const evening = new Evening(settings, layout);
  const threads = Math.min(settings.hosts, wish.threads || navigator.hardwareConcurrency);
  const startMs = host.clock.monotonicMs();
  const outcome = await replayOn(host, settings, threads);
  const seconds = (host.clock.monotonicMs() - startMs) / 1000;
  const report = reportOf(settings, layout, evening, outcome, threads, seconds);
  writeResult(host, wish.isJson, report, () => reportText(report));
  return report.isExact ? ExitCode.ok : ExitCode.failed;
}

async function settingsOf(host: Host, wish: ReplayWish): Promise<ReplaySettings> {
  const { plan, shakes, peakPerS, users, seats, capacityPerS, seed } = wish;
  const layout = new Layout(plan);
  const hosts = wish.hosts || layout.hosts.length;
  if (hosts > layout.hosts.length) {
    throw new UserError(
      `--hosts ${formatCount(hosts)}: the plan has ${formatCount(layout.hosts.length)}. Give at most as many`,
    );
  }
  const names = pluginSources(undefined, true, host.program);
  const loaded = await loadPlugins(names, {}, host.program);
  const event = { users: seats, shakesPerS: Math.ceil(peakPerS / layout.hosts.length) };
  const configs: Record<string, Record<string, unknown>> = {};
  for (const { plugin } of loaded) {
    const own = { ...plugin.rehearsal?.settings?.(event), ...wish.configs[plugin.name] };
    if (Object.keys(own).length > 0) configs[plugin.name] = own;
  }
  // Told here, in the user's words, and not by a thread.
  await loadPlugins(names, { ...wish.configs, ...configs }, host.program);
  const shakesPerVisit = Math.max(1, Math.floor(shakes / users));
  return {
    ...{ plan, hosts, shakes, peakPerS, users, shakesPerVisit, seats, capacityPerS, seed, configs },
    plugins: names,
  };
}

function reportOf(
  { plan, hosts }: ReplaySettings,
  layout: Layout,
  evening: Evening,
  { sums, trace }: ReplayOutcome,
  threads: number,
  seconds: number,
): ReplayReport {
  const shakes = evening.shakesUpTo(hosts);
  let [tickets, budgetFen] = [0, 0];
  for (let host = 0; host < hosts; host++) {
    for (const group of layout.groupsOf(host)) {
      tickets += group.count;
      budgetFen += group.amountFen;
    }
  }
  const checks = replayChecks(sums, { shakes, tickets, budgetFen });
  return {
    plan: plan.name,
    hosts,
    hostsOfPlan: layout.hosts.length,
    threads,
    seconds,
    shakesPerS: shakes / seconds,
    residentBytes: Deno.memoryUsage().rss,
    peakPerS: evening.curve.peakPerS * shakes / evening.curve.shakes,
    trace,
    isExact: checks.every(isMet),
    ...tablesOf(sums, plan, evening.startWallMs),
    checks,
    ran: RAN,
    modelled: MODELLED,
  };
}
