import { formatCount, formatYuan } from "../../cli/units.ts";
import type { MoneyView, WaveSum } from "../money_watch.ts";
import { fit, type Line, span } from "./lines.ts";

/** Where the money is: accounts with their sum, waves, sponsors. */
export function moneyLines(money: MoneyView | undefined, columns: number): Line[] {
  if (money === undefined) {
    return [
      [span("No server has told where its money is.", "muted")],
      [span("Accounts are kept by servers with --ledger; they are asked every few seconds.", "muted")],
    ];
  }
  const { sums, sumFen, told, asked, secondsLeft, waves, sponsors } = money;
  const accounts: [string, number][] = [
    ["put in", -sums.sourceFen],
    ["in the pool", sums.poolFen],
    ["users have", sums.userFen],
    ["in sent packets", sums.packetFen],
    ["returned", sums.returnedFen],
  ];
  return [
    [
      span("Accounts ", "strong"),
      sumFen === 0
        ? span("sum 0, as it must be", "good")
        : span(`SUM IS OFF BY ${formatYuan(sumFen)}`, "bad"),
      span(told === asked ? "" : `  ${told} of ${asked} servers told`, "warn"),
    ],
    ...accounts.map(([name, fen]): Line => [span(`  ${name}`.padEnd(20)), span(yuan(fen).padStart(24))]),
    [
      span("  the pool lasts".padEnd(20)),
      span((secondsLeft === null ? "nothing is won now" : duration(secondsLeft)).padStart(24)),
    ],
    ...(waves.length === 0
      ? []
      : [[], [span("Waves", "strong")] as Line, ...waves.map((wave) => waveLine(wave, columns))]),
    ...(sponsors.length === 0 ? [] : [
      [],
      [
        span("Sponsor".padEnd(12), "strong"),
        span("in the pool".padStart(22), "muted"),
        span("returned".padStart(22), "muted"),
      ],
      ...sponsors.map(({ sponsor, poolFen, returnedFen }): Line => [
        span(`  ${sponsor}`.padEnd(12)),
        span(yuan(poolFen).padStart(22)),
        span(yuan(returnedFen).padStart(22)),
      ]),
    ] as Line[]),
  ];
}

const BAR = 12;

function waveLine({ wave, state, start, tickets, released, behindMs }: WaveSum, columns: number): Line {
  const full = tickets === 0 ? BAR : Math.round(BAR * released / tickets);
  return fit([
    span(`  ${wave}`.padEnd(16)),
    span(`${state} `.padEnd(10), state === "playing" ? "good" : state === "planned" ? "muted" : "plain"),
    span(`${start.slice(11, 19)} `),
    span("█".repeat(full), "answered"),
    span("░".repeat(BAR - full), "muted"),
    span(` ${formatCount(released)} of ${formatCount(tickets)}`),
    span(behindMs > 1000 ? `  ${Math.round(behindMs / 1000)} s behind` : "", "warn"),
  ], columns);
}

function yuan(fen: number): string {
  return fen < 0 ? `-${formatYuan(-fen)}` : formatYuan(fen);
}

/** A time as people say it. */
function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 100 * 3600 ? `${Math.round(seconds / 3600)} h` : "over 100 h";
}
