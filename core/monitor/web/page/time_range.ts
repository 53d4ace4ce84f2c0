/** What part of the time the charts show, and the seconds that they have. */
import type { PageHistory } from "../../view/page_state.ts";
import type { Point } from "../../timeline/history.ts";

/** The latest so many seconds (0: all), or from here to there. */
export type TimeRange =
  | { readonly kind: "follow"; readonly seconds: number }
  | { readonly kind: "fixed"; readonly from: number; readonly to: number };

/** As many seconds as the monitor itself keeps: 4 hours. */
const MOST_SECONDS = 14_400;

export const timeline: { data: PageHistory; range: TimeRange } = {
  data: {
    charts: [],
    seconds: [],
    columns: [],
    reporting: [],
    marks: [],
    targets: [],
    clientHosts: [],
    places: [],
    health: { level: "good", texts: [] },
    money: null,
  },
  range: { kind: "follow", seconds: 300 },
};

/** The first and the last second that are shown now. */
export function timeBounds(): [from: number, to: number] {
  const { data: { seconds }, range } = timeline;
  if (range.kind === "fixed") return [range.from, range.to];
  const first = seconds[0] ?? 0;
  const last = seconds.at(-1) ?? 0;
  return [range.seconds === 0 ? first : Math.max(last - range.seconds, Math.min(first, last - 30)), last];
}

/** Shows another part of the time; whoever draws hears of it by the event `range`. */
export function setTimeRange(range: TimeRange): void {
  timeline.range = range;
  document.dispatchEvent(new CustomEvent("range"));
}

/** Moves what is shown by a part of its width. */
export function panTime(part: number): void {
  const [from, to] = timeBounds();
  const by = (to - from) * part;
  setTimeRange({ kind: "fixed", from: from + by, to: to + by });
}

/** Scales what is shown around its middle. */
export function zoomTime(factor: number): void {
  const [from, to] = timeBounds();
  const half = Math.max(5, (to - from) * factor / 2);
  const middle = (from + to) / 2;
  setTimeRange({ kind: "fixed", from: middle - half, to: middle + half });
}

/** A second came, or came again with more in it. */
export function putSecond(point: Point): void {
  const { seconds, columns, reporting } = timeline.data;
  let at = seconds.length;
  while (at > 0 && seconds[at - 1] > point.second) at--;
  const isSame = at > 0 && seconds[at - 1] === point.second;
  if (isSame) at--;
  const replaced = isSame ? 1 : 0;
  point.values.forEach((value, i) => {
    if (columns[i] === null && value !== null) columns[i] = seconds.map(() => null);
    columns[i]?.splice(at, replaced, value);
  });
  reporting.splice(at, replaced, [point.reporting, point.expected]);
  seconds.splice(at, replaced, point.second);
  if (seconds.length <= MOST_SECONDS) return;
  for (const list of [seconds, reporting, ...columns]) list?.shift();
}
