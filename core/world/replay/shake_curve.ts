import { assert } from "../../base/assert.ts";

/** How an evening's shakes are spread over time. */
export interface ShakeCurveOptions {
  /** Shakes of all users together, and a second at the most. */
  readonly shakes: number;
  readonly peakPerS: number;
  /** Part of the shakes that comes evenly between the waves. */
  readonly idlePart: number;
  /** Times in s from the begin of the evening, and how eager people are, relative to each other. */
  readonly waves: readonly { readonly startS: number; readonly lengthS: number; readonly share: number }[];
  readonly lengthS: number;
}

/** A wave's pieces are as long as this, or it is cut into ten. */
const PIECE_S = 60;
const LEAST_PIECES = 10;
/** Steps of a bisection: more than a double has bits. */
const STEPS = 80;

interface Piece {
  readonly startS: number;
  readonly endS: number;
  readonly perS: number;
  /** Shakes before it. */
  readonly before: number;
}

/**
 * When shakes come: each wave begins with a rush, the most eager one at the peak, and falls from piece to piece by a
 * constant factor, which is chosen so that all come to the whole. Between the waves a few go on.
 */
export class ShakeCurve {
  readonly shakes: number;
  /** The part of its rate that a wave keeps from one piece to the next. */
  readonly fall: number;
  readonly #pieces: readonly Piece[];
  #last = 0;

  constructor({ shakes, peakPerS, idlePart, waves, lengthS }: ShakeCurveOptions) {
    const most = Math.max(...waves.map(({ share }) => share));
    const wavesS = waves.reduce((sum, wave) => sum + wave.lengthS, 0);
    const idleS = lengthS - wavesS;
    assert(idleS >= 0, "waves lie within the evening, one after the other");
    const idleShakes = idleS === 0 ? 0 : shakes * idlePart;
    const inWaves = (fall: number) =>
      waves.reduce(
        (sum, wave) =>
          sum + piecesOf(wave).reduce((part, { startS, endS }, i) =>
            part + (endS - startS) * peakPerS * wave.share / most * fall ** i, 0),
        0,
      );
    this.fall = bisect((fall) => inWaves(fall) - (shakes - idleShakes));
    // What the bisection is off by, and a peak that is too low for the whole, raise or lower all alike.
    const scale = (shakes - idleShakes) / inWaves(this.fall);
    const spans = waves.flatMap((wave) =>
      piecesOf(wave).map(({ startS, endS }, i) => ({
        startS,
        endS,
        perS: peakPerS * wave.share / most * this.fall ** i * scale,
      }))
    );
    this.#pieces = withIdle(spans, lengthS, idleS === 0 ? 0 : idleShakes / idleS);
    this.shakes = shakes;
  }

  /** The highest rate, in shakes a second. */
  get peakPerS(): number {
    return Math.max(...this.#pieces.map(({ perS }) => perS));
  }

  /** The part of all shakes that have come by a time, 0 to 1: exactly 1 at the end. */
  partAt(timeS: number): number {
    const pieces = this.#pieces;
    if (timeS >= pieces[pieces.length - 1].endS) return 1;
    let at = pieces[this.#last].startS <= timeS ? this.#last : 0;
    while (at + 1 < pieces.length && pieces[at + 1].startS <= timeS) at++;
    this.#last = at;
    const { startS, perS, before } = pieces[at];
    return Math.min(1, (before + (timeS - startS) * perS) / this.shakes);
  }
}

function piecesOf(
  { startS, lengthS }: { readonly startS: number; readonly lengthS: number },
): { startS: number; endS: number }[] {
  const count = Math.max(LEAST_PIECES, Math.ceil(lengthS / PIECE_S));
  return Array.from({ length: count }, (_, i) => ({
    startS: startS + lengthS * i / count,
    endS: startS + lengthS * (i + 1) / count,
  }));
}

/** The time between the spans filled up, and what came before each. */
function withIdle(
  spans: readonly Omit<Piece, "before">[],
  lengthS: number,
  idlePerS: number,
): Piece[] {
  const all: Omit<Piece, "before">[] = [];
  let at = 0;
  for (const span of spans.toSorted((a, b) => a.startS - b.startS)) {
    if (span.startS > at) all.push({ startS: at, endS: span.startS, perS: idlePerS });
    all.push(span);
    at = span.endS;
  }
  if (at < lengthS) all.push({ startS: at, endS: lengthS, perS: idlePerS });
  let before = 0;
  return all.map((piece) => {
    const placed = { ...piece, before };
    before += (piece.endS - piece.startS) * piece.perS;
    return placed;
  });
}

/** Where a function that grows is 0 between 0 and 1; the nearer end if it is nowhere. */
function bisect(of: (x: number) => number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < STEPS; i++) {
    const middle = (low + high) / 2;
    if (of(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
