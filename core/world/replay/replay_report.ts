import { formatCount, formatMicros, formatYuan } from "../../base/units.ts";
import { alignColumns } from "../../cli/columns.ts";
import { bucketMax } from "../../counters/histogram.ts";
import type { Plan } from "../../seed/plan/plan_schema.ts";
import { checkLine, isMet, type ReplayCheck } from "./replay_checks.ts";
import type { GroupColumn, ReplaySums } from "./replay_sums.ts";

/** What a replay tells of itself: as JSON, and out of the same the table. */
export interface ReplayReport {
  readonly plan: string;
  readonly hosts: number;
  readonly hostsOfPlan: number;
  readonly threads: number;
  readonly seconds: number;
  readonly shakesPerS: number;
  readonly residentBytes: number;
  readonly peakPerS: number;
  readonly trace: string;
  readonly isExact: boolean;
  readonly totals: Readonly<Record<string, number>>;
  readonly minutes: readonly Readonly<Record<string, number | string>>[];
  readonly sponsors: readonly GroupRow[];
  readonly waves: readonly GroupRow[];
  readonly waits: {
    readonly read: { readonly p50Us: number; readonly p99Us: number; readonly mostUs: number };
    readonly award: { readonly p50Us: number; readonly p99Us: number; readonly mostUs: number };
  };
  readonly checks: readonly ReplayCheck[];
  /** What of it ran as it is, and what is a model. */
  readonly ran: readonly string[];
  readonly modelled: readonly string[];
}

interface GroupRow {
  readonly name: string;
  readonly tickets: number;
  readonly budgetFen: number;
  readonly won: number;
  readonly wonFen: number;
  readonly notWonFen: number;
  readonly refusedByUserLimit: number;
  readonly refusedBySponsorLimit: number;
}

export const RAN = [
  "frames of version 0, cut and checked; the SET; every plugin of a server with both its halves",
  "the plan's waves, and each ticket drawn as a seed file has it; leases, mailboxes, rings",
  "each host's judge and registry, with the plan's limits; the check of its sums after each commit",
  "logins, leaving, and awards that are told again at the next login",
];
export const MODELLED = [
  "the network and the kernel: frames are handed over whole and at once",
  "the queue in front of a host: what comes faster than it reads waits, first come, first served",
  "the disk: an award is durable 20 ms of virtual time after it was proposed, at most 40",
  "connections: the users of a host take turns on a few seats, and are not all connected at once",
  "hosts neither fail nor speak with each other; limits hold at each host alone, as they do at an award",
];

/** Rows of minutes, sponsors and waves out of the sums. */
export function tablesOf(
  sums: ReplaySums,
  plan: Plan,
  startWallMs: number,
): Pick<ReplayReport, "minutes" | "sponsors" | "waves" | "waits" | "totals"> {
  const minutes = Array.from({ length: sums.minuteCount }, (_, minute) => ({
    minute: new Date(startWallMs + minute * 60_000).toISOString(),
    shakes: sums.inMinute(minute, "shakes"),
    won: sums.inMinute(minute, "won"),
    wonFen: sums.inMinute(minute, "wonFen"),
    nothing: sums.inMinute(minute, "nothing"),
    allGone: sums.inMinute(minute, "allGone"),
    overloaded: sums.inMinute(minute, "overloaded"),
    logins: sums.inMinute(minute, "logins"),
    loginsRefused: sums.inMinute(minute, "loginsRefused"),
    toldAgain: sums.inMinute(minute, "toldAgain"),
  }));
  const names = ["shakes", "won", "wonFen", "nothing", "allGone", "overloaded", "logins"] as const;
  const more = ["loginsRefused", "toldAgain"] as const;
  const row = (name: string, groups: readonly number[]): GroupRow => {
    const sum = (column: GroupColumn) =>
      groups.reduce((total, group) => total + sums.ofGroup(group, column), 0);
    return {
      name,
      tickets: sum("tickets"),
      budgetFen: sum("madeFen"),
      won: sum("awards"),
      wonFen: sum("awardedFen"),
      notWonFen: sum("poolFen") + sum("returnedFen"),
      refusedByUserLimit: sum("refusedByUserLimit"),
      refusedBySponsorLimit: sum("refusedBySponsorLimit"),
    };
  };
  const { sponsors, waves } = plan;
  return {
    minutes,
    totals: Object.fromEntries([...names, ...more].map((name) => [name, sums.total(name)])),
    sponsors: sponsors.map(({ number, name }, i) =>
      row(`${number} ${name}`, waves.map((_, wave) => wave * sponsors.length + i))
    ),
    waves: waves.map(({ name }, wave) => row(name, sponsors.map((_, i) => wave * sponsors.length + i))),
    waits: { read: waitsOf(sums.readWaitUs), award: waitsOf(sums.awardWaitUs) },
  };
}

function waitsOf(buckets: Float64Array): { p50Us: number; p99Us: number; mostUs: number } {
  const count = buckets.reduce((sum, inBucket) => sum + inBucket, 0);
  const percentile = (percent: number) => {
    let passed = 0;
    const wanted = Math.ceil(count * percent / 100);
    const at = buckets.findIndex((inBucket) => (passed += inBucket) >= wanted);
    return count === 0 ? 0 : bucketMax(at);
  };
  return { p50Us: percentile(50), p99Us: percentile(99), mostUs: percentile(100) };
}

/** The event's table, for people. */
export function reportText(report: ReplayReport): string {
  const { minutes, sponsors, waves, waits, checks, totals } = report;
  const shown = minutes.filter(({ shakes }) => (shakes as number) > 0);
  const minuteRows = shown.map((minute) => {
    const number = (name: string) => formatCount(minute[name] as number);
    const perS = formatCount((minute.shakes as number) / 60);
    return [
      `${(minute.minute as string).slice(11, 16)} UTC`,
      number("shakes"),
      perS,
      number("won"),
      formatYuan(minute.wonFen as number),
      number("overloaded"),
      number("logins"),
      number("toldAgain"),
    ];
  });
  const groupHead = ["tickets", "money", "won", "won by users", "not won", "over 3", "over 1"];
  const groupRows = (rows: readonly GroupRow[], what: string) => [
    [what, ...groupHead],
    ...rows.map((one) => [
      one.name,
      formatCount(one.tickets),
      formatYuan(one.budgetFen),
      formatCount(one.won),
      formatYuan(one.wonFen),
      formatYuan(one.notWonFen),
      formatCount(one.refusedByUserLimit),
      formatCount(one.refusedBySponsorLimit),
    ]),
  ];
  const wait = ({ p50Us, p99Us, mostUs }: { p50Us: number; p99Us: number; mostUs: number }) =>
    `p50 ${formatMicros(p50Us)}, p99 ${formatMicros(p99Us)}, at most ${formatMicros(mostUs)}`;
  const verdict = checks.every(isMet) ? "PASS" : "FAIL";
  return [
    `${report.plan}: ${formatCount(report.hosts)} of ${formatCount(report.hostsOfPlan)} hosts, ` +
    `${formatCount(totals.shakes)} shakes, at most ${formatCount(report.peakPerS)} a second\n\n`,
    alignColumns([
      ["minute", "shakes", "a second", "won", "won in money", "refused", "logins", "told again"],
      ...minuteRows,
    ]),
    "\n",
    alignColumns(groupRows(sponsors, "sponsor")),
    "\n",
    alignColumns(groupRows(waves, "wave")),
    `\n  waits to be read (modelled): ${wait(waits.read)}\n`,
    `  waits for an award (modelled disk): ${wait(waits.award)}\n\n`,
    alignColumns([["", "what", "seen", "wanted"], ...checks.map(checkLine)], 2),
    "\n  ran as it is:\n",
    ...report.ran.map((line) => `    ${line}\n`),
    "  modelled:\n",
    ...report.modelled.map((line) => `    ${line}\n`),
    `\ntrace ${report.trace}\n`,
    `${verdict}  ${formatCount(totals.shakes)} shakes in ${formatCount(report.seconds)} s on ` +
    `${report.threads} ${report.threads === 1 ? "thread" : "threads"}, ${
      formatCount(report.shakesPerS)
    }/s, ` +
    `${formatCount(report.residentBytes / 1e6)} MB\n`,
  ].join("");
}
