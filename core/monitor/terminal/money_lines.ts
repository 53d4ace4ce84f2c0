import { missingFen, moneyLine, moneyOfAccounts, type MoneySums } from "../../charts/money_line.ts";
import { formatCount, formatOf, formatYuan } from "../../base/units.ts";
import type { MoneyView, WaveSum } from "../money/money_view.ts";
import { fit, type Line, span } from "./lines.ts";
import { placeLines } from "./place_lines.ts";

/** Where the money is: accounts with their sum, waves, and each sponsor in each wave. */
export function moneyLines(money: MoneyView | undefined, columns: number, filter = ""): Line[] {
  if (money === undefined) {
    return [
      [span("No server has told where its money is.", "muted")],
      [span("Accounts are kept by servers with --ledger; they are asked every few seconds.", "muted")],
    ];
  }
  const { told, asked, waves } = money;
  const accounts = money.accounts.map(({ words, fen }) => `${words} ${formatYuan(fen)}`);
  return [
    ...moneyLineIn(moneyOfAccounts(money.sums), columns),
    [
      span("Accounts", "strong"),
      span(told === asked ? "" : `  ${told} of ${formatOf(asked, "server")} told`, "warn"),
    ],
    ...wrapped(accounts, columns - 2).map((text): Line => [span(`  ${text}`)]),
    ...(waves.length === 0 ? [] : [
      [],
      [span("Waves", "strong")] as Line,
      ...waves.map((wave) => waveLine(wave, columns)),
    ]),
    [],
    ...placeLines(money, columns, filter),
  ];
}

/** The one line of where all money is, in as many lines as it needs. */
export function moneyLineIn(sums: MoneySums, columns: number): Line[] {
  const tone = missingFen(sums) === 0 ? "good" : "bad";
  return wrapped(moneyLine(sums).split(" "), columns, " ").map((text): Line => [span(text, tone)]);
}

/** Puts pieces of text into as few lines as they need. */
function wrapped(pieces: readonly string[], width: number, gap = "   "): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const longer = `${lines.at(-1)}${gap}${piece}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  return lines;
}

const BAR = 12;

function waveLine({ wave, state, start, tickets, released, behindMs }: WaveSum, columns: number): Line {
  const full = tickets === 0 ? BAR : Math.round(BAR * released / tickets);
  return fit([
    span(`  ${wave}`.padEnd(16)),
    span(`${state} `.padEnd(10), state === "playing" ? "good" : state === "planned" ? "muted" : "plain"),
    span(`${start.slice(11, 19)} `),
    span("█".repeat(full), "won"),
    span("░".repeat(BAR - full), "muted"),
    span(` ${formatCount(released)} of ${formatCount(tickets)}`),
    span(behindMs > 1000 ? `  ${Math.round(behindMs / 1000)} s behind` : "", "warn"),
  ], columns);
}
