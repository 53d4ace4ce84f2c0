import { formatCount, formatYuan } from "../../base/units.ts";
import type { MoneyPlace } from "../money/money_places.ts";
import type { MoneyView } from "../money/money_view.ts";
import { write } from "../timeline/unit_text.ts";
import { fit, type Line, span, type Tone } from "./lines.ts";

/** From this width on, sums are written out to the fen. */
const WIDE = 132;

/** Columns for sponsor and wave together. */
const WIDE_NAME = 25;
const NARROW_NAME = 14;

interface Column {
  readonly title: string;
  readonly width: number;
  cell(place: MoneyPlace): string;
}

/** Sponsors in waves as a table, all of them together first; those that the filter names. */
export function placeLines(money: MoneyView, columns: number, filter: string): Line[] {
  const isWide = columns >= WIDE;
  const nameWidth = isWide ? WIDE_NAME : NARROW_NAME;
  const shown = isWide ? WIDE_COLUMNS : NARROW_COLUMNS;
  const places = money.places.filter(({ sponsor, wave }) =>
    `sponsor ${sponsor} ${wave}`.toLowerCase().includes(filter.toLowerCase())
  );
  if (money.places.length === 0) return [[span("No packets were made yet.", "muted")]];
  const line = (place: MoneyPlace, name: string, wave: string): Line =>
    fit([
      ...fit([span(isWide ? name.padEnd(8) : name), span(` ${wave}`, "muted")], nameWidth),
      ...shown.map(({ width, cell }) => span(cell(place).padStart(width))),
      ...sumCheck(place),
    ], columns);
  return [
    [span("Sponsors", "strong"), ...note(isWide)],
    fit([
      ...fit([span(isWide ? "sponsor  wave" : "sponsor, wave", "muted")], nameWidth),
      ...shown.map(({ title, width }) => span(title.padStart(width), "muted")),
    ], columns),
    line(money.inAll, "all", ""),
    ...places.map((place) => line(place, place.sponsor === 0 ? "others" : String(place.sponsor), place.wave)),
    ...(money.placesLeftOut === 0
      ? []
      : [[span(`and ${formatCount(money.placesLeftOut)} rows more`, "muted")] as Line]),
  ];
}

function note(isWide: boolean): Line {
  const text = isWide
    ? "  refused by the limit on a user, and on their packets of one sponsor"
    : "  in yuan; refused by the limit on a user / on a sponsor's";
  return [span(text, "muted")];
}

/** What was put in must be in the pool, awarded or returned. */
function sumCheck({ offByFen }: MoneyPlace): Line {
  return offByFen === 0 ? [] : [span(` OFF BY ${formatYuan(Math.abs(offByFen))}`, "bad" satisfies Tone)];
}

const short = (fen: number) => write(fen / 100, "count").trim();
const exact = (fen: number) => formatYuan(fen).replace(" yuan", "");

function moneyColumns(write: (fen: number) => string, width: number): Column[] {
  const column = (title: string, fen: (place: MoneyPlace) => number): Column => ({
    title,
    width,
    cell: (place) => write(fen(place)),
  });
  return [
    column("in pool", ({ poolFen }) => poolFen),
    column("due", ({ dueFen }) => dueFen),
    column("awarded", ({ awardedFen }) => awardedFen),
    column("opened", ({ openedFen }) => openedFen),
    column("pending", ({ awardedFen, deliveredFen }) => awardedFen - deliveredFen),
    { ...column("returned", ({ returnedFen }) => returnedFen), width: width + 1 },
  ];
}

const LASTS: Column = {
  title: "lasts",
  width: 7,
  cell: ({ secondsLeft }) => secondsLeft === null ? "-" : duration(secondsLeft),
};

const NARROW_COLUMNS: readonly Column[] = [
  ...moneyColumns(short, 8),
  LASTS,
  {
    title: "refused",
    width: 10,
    cell: ({ refusedByUserLimit, refusedBySponsorLimit }) =>
      `${few(refusedByUserLimit)}/${few(refusedBySponsorLimit)}`,
  },
];

const WIDE_COLUMNS: readonly Column[] = [
  ...moneyColumns(exact, 13),
  LASTS,
  { title: "user limit", width: 12, cell: ({ refusedByUserLimit }) => formatCount(refusedByUserLimit) },
  {
    title: "sponsor's",
    width: 11,
    cell: ({ refusedBySponsorLimit }) => formatCount(refusedBySponsorLimit),
  },
];

/** A count in at most four characters. */
function few(count: number): string {
  if (count < 1_000) return String(count);
  const [value, unit] = count < 1e6 ? [count / 1e3, "k"] : [count / 1e6, "M"];
  return `${value < 10 ? value.toFixed(1) : Math.floor(value)}${unit}`;
}

/** A time as people say it. */
function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 100 * 3600 ? `${Math.round(seconds / 3600)} h` : ">100 h";
}
