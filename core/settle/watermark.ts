import type { Cursor } from "../books/contract/intake.ts";

/** A host that settlement doesn't wait for. */
export type SilentHost = Pick<Cursor, "host" | "name" | "caughtUpMs">;

/** How far settlement may judge. */
export interface Watermark {
  /** All openings of earlier seconds are in the books, but for those of silent hosts. */
  readonly beforeS: number;
  /** Whom it waits for most: the host that is furthest behind; undefined if it waits for none. */
  readonly behind: SilentHost | undefined;
  /** Hosts that have been silent for too long. What they bring later is judged when it comes. */
  readonly silent: readonly SilentHost[];
}

/**
 * Settlement judges a second once every host has brought all of it, so that the result doesn't depend on who came first.
 * A host that has said nothing for longer than the patience isn't waited for, and neither is one that has retired.
 *
 * @param hosts all that the books know
 */
export function watermarkOf(hosts: readonly Cursor[], wallMs: number, patienceMs: number): Watermark {
  const inService = hosts.filter(({ isRetired }) => !isRetired);
  const oldestMs = wallMs - patienceMs;
  const silent = inService.filter(({ caughtUpMs }) => caughtUpMs < oldestMs);
  const heard = inService.filter(({ caughtUpMs }) => caughtUpMs >= oldestMs);
  const behind = heard.toSorted((a, b) => a.caughtUpMs - b.caughtUpMs)[0];
  // While somebody is silent, what is younger than the patience may still come in time.
  const untilMs = behind?.caughtUpMs ?? (silent.length > 0 ? oldestMs : Infinity);
  return { beforeS: Math.floor(untilMs / 1_000), behind: behind && named(behind), silent: silent.map(named) };
}

function named({ host, name, caughtUpMs }: Cursor): SilentHost {
  return { host, name, caughtUpMs };
}
