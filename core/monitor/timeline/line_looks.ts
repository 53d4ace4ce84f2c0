/** One colour for one meaning, on the page, in reports and, as far as it has colours, in the terminal. */

/** Colours on light and on dark ground. */
export interface Color {
  readonly light: string;
  readonly dark: string;
}

/** What a line of a chart may mean, by the words of its label. What is worse is darker, or lighter on dark ground. */
export const MEANINGS = {
  due: { light: "#57606a", dark: "#aab4bf" },
  sent: { light: "#1f6feb", dark: "#58a6ff" },
  answered: { light: "#1a7f37", dark: "#4ac26b" },
  won: { light: "#b8860b", dark: "#f2cc60" },
  lost: { light: "#c8102e", dark: "#ff6b6b" },
  "not sent": { light: "#d4560f", dark: "#ff9b57" },
  refused: { light: "#bf3989", dark: "#f778ba" },
  p50: { light: "#c4a5f5", dark: "#6e4fb5" },
  p90: { light: "#9c6fe4", dark: "#9470dc" },
  p99: { light: "#6f3cc4", dark: "#bd9bf7" },
  "p99.9": { light: "#3c1a78", dark: "#e6d8ff" },
} as const satisfies Record<string, Color>;
export type Meaning = keyof typeof MEANINGS;

/** For everything else: none of them is the colour of a meaning. */
export const OTHERS: readonly Color[] = [
  { light: "#0e7490", dark: "#39c5cf" },
  { light: "#4d7c0f", dark: "#a3d65c" },
  { light: "#3730a3", dark: "#8f9bff" },
  { light: "#7c4a1e", dark: "#c99a6b" },
  { light: "#94a30b", dark: "#dfe67a" },
  { light: "#a16272", dark: "#e3b3bf" },
];

/** How a line is drawn. */
export interface LineLook {
  /** The colour's own name, for a style sheet. */
  readonly name: string;
  readonly color: Color;
  /** Lengths of stroke and gap; empty for a line without gaps. */
  readonly dash: readonly number[];
}

/** A colour that comes again in the same chart is told by its strokes. */
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [10, 3, 2, 3]];

/** How the lines of a chart look, whichever of them are shown. */
export function looksOf(labels: readonly string[]): LineLook[] {
  const seen = new Map<string, number>();
  let others = 0;
  return labels.map((label) => {
    const meaning = meaningOf(label);
    const other = others % OTHERS.length;
    const [name, color] = meaning === undefined
      ? [`other${other}`, OTHERS[other]]
      : [meaning.replace(/\W/g, "-"), MEANINGS[meaning]];
    if (meaning === undefined) others++;
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return { name, color, dash: DASHES[before % DASHES.length] };
  });
}

/** `answered (fleet)` means answered, `commit, p99` means p99; undefined for a label without a colour of its own. */
export function meaningOf(label: string): Meaning | undefined {
  const words = label.replace(/ \(.*\)$/, "");
  const found = /(?:^|, )(p50|p90|p99|p99\.9)$/.exec(words)?.[1] ?? SAME[words] ?? words;
  return Object.hasOwn(MEANINGS, found) ? found as Meaning : undefined;
}

const SAME: Readonly<Record<string, Meaning>> = {
  "frames answered": "answered",
  "refused before": "refused",
};
