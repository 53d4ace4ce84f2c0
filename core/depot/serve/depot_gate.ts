import type { Random } from "../../base/random.ts";
import type { DepotWindow } from "../manifest/manifest.ts";
import { RateWindow } from "./rate_window.ts";

/** Who is let in waits at most so long for their bytes; the others come again. */
const MOST_BACKLOG_MS = 1_000;
/** Those who are refused together come back over so long. */
const SPREAD_S = 5;
/** The longest that anybody is told to wait for a window. */
const MOST_RETRY_S = 3_600;

/** Why nothing is served now, and when to come again. */
export interface DepotRefusal {
  readonly why: "window" | "rate";
  readonly retryS: number;
}

/** Decides who gets bytes now: the day plan's windows, their caps, and nobody who would have to wait long. */
export class DepotGate {
  windows: readonly DepotWindow[];
  readonly #random: Random;
  readonly #part: number;
  readonly #rate = new RateWindow();
  /** Bytes that were promised to those who were let in, and not yet granted. */
  #promised = 0;

  /** @param part of the caps that is this gate's */
  constructor(windows: readonly DepotWindow[], random: Random, part = 1) {
    this.windows = windows;
    this.#random = random;
    this.#part = part;
  }

  /** Most bytes in a second now; 0 outside the windows. */
  bytesPerS(wallMs: number): number {
    const window = this.windows.find(({ startMs, endMs }) => startMs <= wallMs && wallMs < endMs);
    return (window?.bytesPerS ?? 0) * this.#part;
  }

  /** Bytes of the last second. */
  granted(nowMs: number): number {
    return this.#rate.granted(nowMs);
  }

  /** Lets somebody in who wants so many bytes, or says when to come again. */
  admit(wallMs: number, bytes: number): DepotRefusal | undefined {
    const bytesPerS = this.bytesPerS(wallMs);
    const spreadS = this.#random.float() * SPREAD_S;
    if (bytesPerS === 0) {
      const next = this.windows.find(({ startMs }) => startMs > wallMs);
      const inS = next === undefined ? MOST_RETRY_S : (next.startMs - wallMs) / 1000;
      return { why: "window", retryS: Math.ceil(Math.min(MOST_RETRY_S, inS) + spreadS) };
    }
    const backlogMs = this.#promised / bytesPerS * 1000;
    if (backlogMs > MOST_BACKLOG_MS) return { why: "rate", retryS: Math.ceil(backlogMs / 1000 + spreadS) };
    this.#promised += bytes;
    return undefined;
  }

  /** Grants some of what was promised. Returns 0, or how long to wait before asking again, in ms. */
  take(nowMs: number, wallMs: number, bytes: number): number {
    const bytesPerS = this.bytesPerS(wallMs);
    // Whoever was let in before the end of a window gets the rest of their chunk at its last rate.
    const rate = bytesPerS > 0 ? bytesPerS : this.bytesPerS(wallMs - MOST_BACKLOG_MS);
    if (rate === 0) return Infinity;
    const waitMs = this.#rate.take(nowMs, bytes, rate);
    if (waitMs === 0) this.#promised -= bytes;
    return waitMs;
  }

  /** Somebody who was let in doesn't want the rest. */
  giveUp(bytes: number): void {
    this.#promised -= bytes;
  }
}
