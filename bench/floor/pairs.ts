import { alignColumns } from "../../core/cli/columns.ts";
import { formatCount, formatMicros } from "../../core/base/units.ts";
import { median, type Spread, spreadOf } from "../common/spread.ts";
import { measure, type Mode, type Window, type WindowOptions } from "./load.ts";
import type { Subject } from "./servers.ts";

/** Bounds of the control's median outside of which a machine is too restless to tell a ratio. */
const QUIET: readonly [number, number] = [0.95, 1.05];

/** One round: the server and the bare one, and the bare one's twin as control, each beside the bare one. */
export interface Round {
  readonly subject: Window;
  readonly floor: Window;
  readonly control: Window;
  /** CPU time a shake against the bare server's. */
  readonly ratio: number;
  readonly controlRatio: number;
}

export interface PairsResult {
  readonly mode: string;
  readonly subject: string;
  readonly rounds: readonly Round[];
  /** CPU time a shake against the bare server's: the least of the rounds, the middle one, the most. */
  readonly ratios: Spread;
  /** The bare server's twin against it. */
  readonly controlRatios: Spread;
  readonly isNoisy: boolean;
  /** Medians of the windows. */
  readonly median: { readonly subject: Window; readonly floor: Window };
}

export interface Contenders {
  readonly subject: Subject;
  readonly floor: Subject;
  readonly control: Subject;
}

/** Measures interleaved pairs, order alternating: what drifts over minutes meets both. */
export async function comparePairs(
  executable: string,
  mode: Mode,
  { subject, floor, control }: Contenders,
  pairs: number,
  options: WindowOptions,
  tell: (text: string) => void,
): Promise<PairsResult> {
  const rounds: Round[] = [];
  for (let round = 0; round < pairs; round++) {
    // The bare server stands in the middle, next to both that are compared with it.
    const order = round % 2 === 0 ? [subject, floor, control] : [control, floor, subject];
    const windows = new Map<Subject, Window>();
    for (const one of order) windows.set(one, await measure(executable, mode, one, options));
    const [mine, bare, twin] = [windows.get(subject)!, windows.get(floor)!, windows.get(control)!];
    rounds.push({
      subject: mine,
      floor: bare,
      control: twin,
      ratio: mine.usPerShake / bare.usPerShake,
      controlRatio: twin.usPerShake / bare.usPerShake,
    });
    tell(`  ${mode.name} pair ${round + 1}: ${rounds.at(-1)!.ratio.toFixed(3)}\n`);
  }
  const controlRatios = spreadOf(rounds.map((round) => round.controlRatio));
  return {
    mode: mode.name,
    subject: subject.name,
    rounds,
    ratios: spreadOf(rounds.map((round) => round.ratio)),
    controlRatios,
    isNoisy: controlRatios.median < QUIET[0] || controlRatios.median > QUIET[1],
    median: {
      subject: medianWindow(rounds.map((round) => round.subject)),
      floor: medianWindow(rounds.map((round) => round.floor)),
    },
  };
}

/** Every pair, then what they come to. */
export function pairsTable(mode: Mode, result: PairsResult): string {
  const { rounds, median, ratios, controlRatios, isNoisy } = result;
  const rows = [
    ["", result.subject, "p50", "p99", "bare C", "p50", "p99", "ratio", "C against C"],
    ...rounds.map(({ subject, floor, ratio, controlRatio }, i) => [
      `pair ${i + 1}`,
      ...cells(subject),
      ...cells(floor),
      ratio.toFixed(3),
      controlRatio.toFixed(3),
    ]),
    [
      "median",
      ...cells(median.subject),
      ...cells(median.floor),
      ratios.median.toFixed(3),
      controlRatios.median.toFixed(3),
    ],
  ];
  return `${mode.about}: us of CPU an answered shake\n\n${alignColumns(rows)}\n` +
    `  ${formatCount(median.subject.answeredPerS)} answered a second, the bare server ${
      formatCount(median.floor.answeredPerS)
    }; ${Math.round(median.subject.rssBytes / 1e6)} MB resident\n` +
    `  ratio ${spreadText(ratios)}; C against C ${spreadText(controlRatios)} (least, median, most)\n` +
    (isNoisy ? "  noisy: the bare server against itself is off by more than 5 %\n" : "") + "\n";
}

function cells({ usPerShake, p50Us, p99Us }: Window): string[] {
  return [usPerShake.toFixed(2), formatMicros(p50Us), formatMicros(p99Us)];
}

function medianWindow(windows: readonly Window[]): Window {
  const of = (key: keyof Window) => median(windows.map((window) => window[key]));
  return {
    usPerShake: of("usPerShake"),
    answeredPerS: of("answeredPerS"),
    p50Us: of("p50Us"),
    p99Us: of("p99Us"),
    won: of("won"),
    rssBytes: of("rssBytes"),
  };
}

function spreadText({ least, median, most }: Spread): string {
  return [least, median, most].map((ratio) => ratio.toFixed(3)).join(", ");
}
