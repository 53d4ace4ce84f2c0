/** What a figure rests on: what wasn't so makes it the figure of something else. */

/** Something that a figure rests on wasn't so; the message says what. */
export class PremiseFailed extends Error {}

/**
 * Goes on only if what a figure rests on was so.
 *
 * @param what that it was, with the numbers, such as `59,980 of 60,000 shakes were answered`
 * @throws PremiseFailed
 */
export function premise(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new PremiseFailed(what);
}

/** A share of shakes a second under the schedule that is the machine's jitter and no other load. */
const MIN_SENT = 0.98;

/** What a fleet's shakes came to, of one server and one window. */
export interface Played {
  readonly name: string;
  /** Shakes that were due, were sent, and were answered. */
  readonly due: number;
  readonly sent: number;
  readonly answered: number;
  readonly overloaded: number;
  readonly disconnects: number;
}

/**
 * That a window's figures are of the load that it is named for: the fleet sent what was due, everything was answered,
 * nothing refused, nobody lost.
 *
 * @param inFlight shakes that may be under way at its two ends
 */
export function wasServed(
  { name, due, sent, answered, overloaded, disconnects }: Played,
  inFlight = 0,
): void {
  premise(due > 0, `${name}: no shake was due`);
  premise(
    sent >= MIN_SENT * due,
    `${name}: the fleet sent ${sent} of ${due} shakes that were due, so it was the limit, not the server`,
  );
  premise(
    Math.abs(answered - sent) <= inFlight,
    `${name}: ${answered} of ${sent} shakes were answered`,
  );
  premise(overloaded === 0, `${name}: ${overloaded} answers were refusals, which cost less`);
  premise(disconnects === 0, `${name}: ${disconnects} users were disconnected`);
}
