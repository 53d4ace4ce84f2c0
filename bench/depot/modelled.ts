import { Random } from "../../core/base/random.ts";
import { FetchList } from "../../core/client/fetch/fetch_list.ts";
import { type FetchCounts, FetchPlan } from "../../core/client/fetch/fetch_plan.ts";
import { ModelledSource } from "../../core/client/fetch/modelled_source.ts";
import { CHUNK_BYTES, type Manifest } from "../../core/depot/manifest/manifest.ts";
import { DepotGate } from "../../core/depot/serve/depot_gate.ts";

const HOUR_MS = 3_600_000;
const TICK_MS = 50;
/** As the event's: 57 TB a package, for 300,000,000 phones. */
export const PACKAGE_BYTES = 190_000;
/** A day before the first wave: at night fast, by day slower, and a rehearsal in which people shake. */
const NIGHT = [1 * HOUR_MS, 7 * HOUR_MS] as const;
const DAY = [9 * HOUR_MS, 18 * HOUR_MS] as const;
const SHAKING = [12 * HOUR_MS, 12.25 * HOUR_MS] as const;
export const FIRST_WAVE_MS = 20 * HOUR_MS;
/** Caps are what everybody needs in all, and so much more. */
const HEADROOM = 1.4;

export interface ModelledDay {
  readonly users: number;
  readonly packages: number;
  /** Users who have every package at the first wave. */
  readonly whole: number;
  readonly bytes: number;
  /** The cap by night and by day, and the most in any second, wherever it begins. */
  readonly nightCap: number;
  readonly dayCap: number;
  readonly mostInS: number;
  readonly mostByDayInS: number;
  readonly bytesWhileShaking: number;
  readonly refused: number;
  /** When 99 % had all, in hours. */
  readonly readyAtH: number;
}

/** A day of all users with a depot that is reckoned with, in virtual time: the gate and the plan are the real ones. */
export function playDay(users: number, packages: number): ModelledDay {
  const manifest = manifestOf(users, packages);
  const list = new FetchList(manifest);
  const random = new Random(2027);
  const source = new ModelledSource(list, new DepotGate(manifest.windows, random.fork()));
  let [whole, refused, bytesWhileShaking, mostByDayInS, readyAtMs] = [0, 0, 0, 0, NaN];
  const counts: FetchCounts = {
    chunk: () => {},
    packageWhole: () => {},
    usersWhole: (by) => void (whole += by),
    refused: () => void refused++,
    failed: () => {},
    damaged: () => {},
  };
  const plan = new FetchPlan(users, list, source, random, counts);
  let nightMost = 0;
  for (let nowMs = 0; nowMs < FIRST_WAVE_MS; nowMs += TICK_MS) {
    const isShaking = nowMs >= SHAKING[0] && nowMs < SHAKING[1];
    const before = source.bytes;
    plan.tick(nowMs, nowMs, !isShaking);
    if (isShaking) bytesWhileShaking += source.bytes - before;
    if (Number.isNaN(readyAtMs) && whole >= 0.99 * users) readyAtMs = nowMs;
    if (nowMs === 8 * HOUR_MS) {
      nightMost = source.mostBytesInS;
      source.mostBytesInS = 0;
    }
  }
  mostByDayInS = source.mostBytesInS;
  const [night, day] = manifest.windows;
  return {
    users,
    packages,
    whole,
    bytes: source.bytes,
    nightCap: night.bytesPerS,
    dayCap: day.bytesPerS,
    mostInS: nightMost,
    mostByDayInS,
    bytesWhileShaking,
    refused,
    readyAtH: readyAtMs / HOUR_MS,
  };
}

function manifestOf(users: number, packages: number): Manifest {
  const all = HEADROOM * users * packages * PACKAGE_BYTES;
  // By night twice as fast as by day.
  const seconds = (2 * (NIGHT[1] - NIGHT[0]) + (DAY[1] - DAY[0])) / 1000;
  const dayCap = Math.max(CHUNK_BYTES, Math.ceil(all / seconds));
  return {
    schemaVersion: 1,
    version: 1,
    chunkBytes: CHUNK_BYTES,
    windows: [
      { startMs: NIGHT[0], endMs: NIGHT[1], bytesPerS: 2 * dayCap },
      { startMs: DAY[0], endMs: DAY[1], bytesPerS: dayCap },
    ],
    packages: Array.from({ length: packages }, (_, i) => ({
      name: `sponsor-${i}`,
      version: 1,
      sponsor: i,
      resource: 7_000 + i,
      bytes: PACKAGE_BYTES,
      chunks: [i.toString(16).padStart(64, "0")],
    })),
  };
}
