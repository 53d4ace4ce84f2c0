import type { Random } from "../../base/random.ts";

/** Waits between attempts to connect again. */
export interface BackoffOptions {
  /** The longest first wait in ms. */
  readonly baseMs: number;
  /** The longest wait of all in ms. */
  readonly capMs: number;
}

export const DEFAULT_BACKOFF: BackoffOptions = { baseMs: 500, capMs: 30_000 };

/** Attempts are counted up to here; the wait has long reached its cap by then. */
export const MAX_ATTEMPT = 30;

/**
 * How long to wait before attempt `attempt` (from 0): exponential with full jitter, so that a million users who lost
 * their server together don't come back together.
 */
export function backoffMs(random: Random, attempt: number, { baseMs, capMs }: BackoffOptions): number {
  return random.float() * Math.min(capMs, baseMs * 2 ** attempt);
}
