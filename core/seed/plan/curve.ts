import { z } from "zod";

const points = z.array(z.strictObject({ at: z.number().min(0).max(1), rate: z.number().min(0).max(1e6) }))
  .min(2).max(1000);

/** How release is spread over a wave. */
export const curveSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("flat") }),
  /** Falls evenly from its beginning, `startToEnd` times the rate of its end. */
  z.strictObject({ kind: z.literal("front"), startToEnd: z.number().gt(1).max(1000) }),
  /** Rates relative to each other at points of the wave, 0 its start and 1 its end; straight lines between. */
  z.strictObject({ kind: z.literal("points"), points }),
]).superRefine((curve, context) => {
  if (curve.kind !== "points") return;
  const refuse = (message: string) => context.addIssue({ code: "custom", path: ["points"], message });
  const at = curve.points.map((point) => point.at);
  if (at[0] !== 0 || at.at(-1) !== 1) refuse("must begin at 0 and end at 1");
  if (at.some((value, i) => i > 0 && value <= at[i - 1])) refuse("must go up in `at`");
  if (curve.points.every(({ rate }) => rate === 0)) refuse("need a rate over 0 somewhere");
});

export type CurveSpec = z.infer<typeof curveSchema>;

/** One straight piece of a rate, from `x` on; `before` is what was released up to there. */
interface Piece {
  readonly x: number;
  readonly rate: number;
  readonly slope: number;
  readonly before: number;
}

/** A release curve: time and what is released run from 0 to 1, and the average rate is 1. */
export class Curve {
  /** The highest rate; 1 for a flat curve. */
  readonly peak: number;
  readonly #pieces: readonly Piece[];
  /** Where the last question was: questions mostly go forward. */
  #last = 0;

  constructor(spec: CurveSpec) {
    const points = pointsOf(spec);
    let area = 0;
    for (let i = 1; i < points.length; i++) {
      area += (points[i].at - points[i - 1].at) * (points[i].rate + points[i - 1].rate) / 2;
    }
    const pieces: Piece[] = [];
    let before = 0;
    for (let i = 0; i + 1 < points.length; i++) {
      const width = points[i + 1].at - points[i].at;
      const rate = points[i].rate / area;
      const slope = (points[i + 1].rate / area - rate) / width;
      pieces.push({ x: points[i].at, rate, slope, before });
      before += width * (rate + slope * width / 2);
    }
    this.#pieces = pieces;
    this.peak = Math.max(...points.map(({ rate }) => rate)) / area;
  }

  /** When a share of everything, 0 to 1, has been released. */
  timeOf(share: number): number {
    const piece = this.#seek((piece) => piece.before <= share);
    const left = share - piece.before;
    const root = Math.sqrt(Math.max(0, piece.rate * piece.rate + 2 * piece.slope * left));
    // This form of the solution doesn't lose digits where the slope is nearly 0.
    const ahead = left <= 0 ? 0 : 2 * left / (piece.rate + root);
    return Math.min(1, piece.x + ahead);
  }

  /** The share of everything that has been released at a time, 0 to 1. */
  shareAt(time: number): number {
    const piece = this.#seek(({ x }) => x <= time);
    const width = time - piece.x;
    return Math.min(1, Math.max(0, piece.before + width * (piece.rate + piece.slope * width / 2)));
  }

  /** The last piece of which `isPast` is true. */
  #seek(isPast: (piece: Piece) => boolean): Piece {
    const pieces = this.#pieces;
    let at = isPast(pieces[this.#last]) ? this.#last : 0;
    while (at + 1 < pieces.length && isPast(pieces[at + 1])) at++;
    this.#last = at;
    return pieces[at];
  }
}

function pointsOf(spec: CurveSpec): readonly { readonly at: number; readonly rate: number }[] {
  switch (spec.kind) {
    case "flat":
      return [{ at: 0, rate: 1 }, { at: 1, rate: 1 }];
    case "front":
      return [{ at: 0, rate: spec.startToEnd }, { at: 1, rate: 1 }];
    case "points":
      return spec.points;
  }
}
