import { missingFen, moneyLine } from "../../charts/money_line.ts";
import { formatCount, formatOf } from "../../base/units.ts";
import type { WarningSpec } from "../../charts/chart.ts";
import type { MergedSecond, RoleSecond } from "./merge.ts";
import { moneyOf } from "./money_sums.ts";

/** How users fare: as they should, worse, or most of them not at all. */
export type HealthLevel = "good" | "warn" | "bad";

export interface Health {
  readonly level: HealthLevel;
  /** What is wrong, one line each, the worst first. */
  readonly texts: readonly string[];
}

/** Parts of the shakes that were due: more of them without an answer is worth a word, and is bad. */
const SOME = 0.01;
const MOST = 0.5;

/** Something that is wrong. */
export interface Finding {
  readonly level: Exclude<HealthLevel, "good">;
  readonly text: string;
}

/**
 * How users fared in a second, by what fleets and servers tell of it. Being connected is no health: being served is.
 *
 * @param more what else is wrong, such as hosts that are lost
 */
export function healthOf(
  merged: MergedSecond,
  warnings: readonly WarningSpec[],
  more: readonly Finding[] = [],
): Health {
  const { roles } = merged;
  const money = moneyOf(merged);
  const found = [
    // Before all else: nobody may be served so.
    ...(money === undefined || missingFen(money) === 0
      ? []
      : [{ level: "bad", text: moneyLine(money) } as const]),
    ...more,
    ...(roles.client === undefined ? [] : fleetHealth(roles.client)),
    ...(roles.server === undefined ? [] : [...showHealth(roles.server), ...booksHealth(roles.server)]),
    ...warnings.flatMap((warning) => warned(warning, roles[warning.role])),
  ];
  const level = found.some(({ level }) => level === "bad") ? "bad" : found.length > 0 ? "warn" : "good";
  return { level, texts: found.map(({ text }) => text) };
}

function fleetHealth({ deltas }: RoleSecond): Finding[] {
  const of = (...names: string[]) => names.reduce((sum, name) => sum + (deltas[name] ?? 0), 0);
  const due = of("shakesDue");
  const answered = of("shakesAnswered");
  const notSent = of(...NOT_SENT);
  const lost = of(...LOST);
  if (due === 0 && lost === 0) return [];
  const missing = `${formatCount(notSent)} not sent, ${formatCount(lost)} lost`;
  const figures = `${formatCount(due)} shakes due, ${formatCount(answered)} answered, ${missing}`;
  if (answered === 0) return [{ level: "bad", text: `nobody is served: ${figures}` }];
  // What was sent in the second's last moments is answered in the next: that isn't missing.
  if (notSent + lost > MOST * due) return [{ level: "bad", text: `most users aren't served: ${figures}` }];
  if (notSent + lost > SOME * due) return [{ level: "warn", text: `not all users are served: ${figures}` }];
  return [];
}

function showHealth({ gauges, deltas }: RoleSecond): Finding[] {
  const holding = gauges.showHolding ?? 0;
  const down = gauges.showPathsDown ?? 0;
  const refused = SHOW_REFUSED.reduce((sum, name) => sum + (deltas[name] ?? 0), 0);
  return [
    ...(holding === 0 ? [] : [
      {
        level: "bad",
        text: `${formatOf(holding, "server")} bring no packets: their clocks are off by more than a second`,
      } as const,
    ]),
    ...(refused === 0 ? [] : [
      {
        level: "warn",
        text: `${
          formatOf(refused, "document")
        } of the show refused: redpkt show status, and the servers' logs`,
      } as const,
    ]),
    ...(down === 0 ? [] : [
      {
        level: "warn",
        text: `${formatOf(down, "path")} of the show down: documents come by the others`,
      } as const,
    ]),
  ];
}

/** Show documents that don't count, but those that are only older. */
export const SHOW_REFUSED = [
  "showDamaged",
  "showForged",
  "showHalfSigned",
  "showMistaken",
  "showOtherEvent",
] as const;

/** From so far behind on the books are worth a word. */
const BOOKS_BEHIND_MS = 60_000;

function booksHealth({ gauges, worst }: RoleSecond): Finding[] {
  const refused = gauges.uplinkRefused ?? 0;
  const behindMs = worst.uplinkLagMs ?? 0;
  if (refused > 0) {
    const whose = refused === 1 ? "a server's ledger" : `the ledgers of ${formatCount(refused)} servers`;
    return [{ level: "bad", text: `the books refuse ${whose}: what is won there is not paid` }];
  }
  if (behindMs <= BOOKS_BEHIND_MS) return [];
  const seconds = formatCount(Math.round(behindMs / 1000));
  return [{ level: "warn", text: `the books are ${seconds} s behind: awards go on, and payments wait` }];
}

/** Shakes that are never sent; those that are lost were sent. */
export const NOT_SENT = ["ticksLate", "ticksUnconnected", "ticksOverrun"] as const;
export const LOST = ["shakesLost", "shakesGivenUp"] as const;

/** A fleet that wins less and less, since its users have all that they may have, looks like a broken server. */
export const CORE_WARNINGS: readonly WarningSpec[] = [{
  id: "userLimits",
  role: "server",
  metrics: ["ledgerUserLimit", "ledgerSponsorLimit"],
  text: "shakes a second win nothing since their users have all they may have: " +
    "redpkt server --packets-per-user and --packets-per-sponsor, 0 for no limit",
}, {
  id: "gatewayServers",
  role: "gateway",
  metrics: ["serverDialsFailed"],
  text:
    "connections a second from gateways to servers don't come up: GET /health of the gateway says which servers",
}];

function warned({ metrics, text }: WarningSpec, role: RoleSecond | undefined): Finding[] {
  const grown = metrics.reduce((sum, metric) => sum + (role?.deltas[metric] ?? 0), 0);
  return grown === 0 ? [] : [{ level: "warn", text: `${formatCount(grown)} ${text}` }];
}
