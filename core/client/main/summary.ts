import { formatCount, formatMicros, formatYuan } from "../../base/units.ts";
import { Histogram } from "../../counters/histogram.ts";
import type { Totals } from "../../counters/series.ts";

/** What a fleet did in all, as a table. */
export function summaryTable({ counters, histograms }: Pick<Totals, "counters" | "histograms">): string {
  const latency = new Histogram().add(histograms.shakeLatencyUs);
  const count = (name: string) => formatCount(counters[name]);
  const rows: [label: string, value: string][] = [
    ["offered", `${count("shakesSent")} shakes`],
    ["answered", `${count("shakesAnswered")} shakes`],
    ["won", `${count("shakesWon")} packets, ${formatYuan(counters.amountWonFen)}`],
    ["nothing", count("shakesNothing")],
    ["greetings", count("shakesGreeted")],
    ["all gone", count("shakesAllGone")],
    ["overloaded", count("shakesOverloaded")],
    ["lost", `${count("shakesLost")} shakes without an answer`],
    [
      "missed",
      `${count("ticksLate")} late, ${count("ticksUnconnected")} not logged in, ${
        count("ticksOverrun")
      } overrun`,
    ],
    ["claimed", `${count("claimsPaid")} packets, ${formatYuan(counters.amountClaimedFen)}`],
    ["connects", `${count("connects")} of ${count("dials")} dials`],
    ["disconnects", count("disconnects")],
    ...[50, 90, 99, 99.9].map((percent): [string, string] => [
      `p${percent}`,
      latency.count === 0 ? "-" : formatMicros(latency.percentile(percent)),
    ]),
    ["max", latency.count === 0 ? "-" : formatMicros(latency.max)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join("");
}
