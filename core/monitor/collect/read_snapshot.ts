import { BUCKET_COUNT } from "../../counters/histogram.ts";
import type { Snapshot } from "../../counters/series.ts";
import { ROLES } from "../timeline/merge.ts";

/** A snapshot of another process, or why it is none. */
export type ReadSnapshot =
  | { readonly snapshot: Snapshot }
  | { readonly problem: string; readonly isOtherVersion: boolean };

/** The version that this program writes and reads. */
export const SNAPSHOT_VERSION = 1;

/** More names than any process has metrics: memory stays bounded whatever a peer sends. */
const MAX_NAMES = 4_096;
/** The same of what operators did. */
const MAX_ACTIONS = 100;
const MAX_HOSTS = 1_000;
const MAX_TEXT = 1_000;

/**
 * Checks what a peer sent before anything is added up. By hand and not by zod: it runs for every target every second.
 */
export function readSnapshot(data: string): ReadSnapshot {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return { problem: "no JSON", isOtherVersion: false };
  }
  if (!isObject(json)) return { problem: "no JSON object", isOtherVersion: false };
  if (json.version !== SNAPSHOT_VERSION) {
    const isNumber = typeof json.version === "number";
    return {
      problem: isNumber ? `snapshots of version ${json.version}, this is ${SNAPSHOT_VERSION}` : "no version",
      isOtherVersion: isNumber,
    };
  }
  const wrong = firstWrong(json);
  if (wrong !== undefined) return { problem: `${wrong} is wrong`, isOtherVersion: false };
  return { snapshot: json as unknown as Snapshot };
}

function firstWrong(json: Record<string, unknown>): string | undefined {
  if (!ROLES.includes(json.role as Snapshot["role"])) return "role";
  if (!Number.isSafeInteger(json.second) || (json.second as number) < 0) return "second";
  if (!isNumber(json.readAtMs)) return "readAtMs";
  for (const name of ["deltas", "totals", "gauges"]) if (!isNumbers(json[name])) return name;
  if (!isTable(json.histograms, isSparse)) return "histograms";
  if (!isTable(json.blocks, (list) => Array.isArray(list) && list.every(isNumber))) return "blocks";
  if (!isUsage(json.process)) return "process";
  if (json.actions !== undefined && !isActions(json.actions)) return "actions";
  if (json.clientHosts !== undefined && !isHosts(json.clientHosts)) return "clientHosts";
  return undefined;
}

function isHosts(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_HOSTS &&
    value.every((pair) =>
      Array.isArray(pair) && pair.length === 2 && typeof pair[0] === "string" && pair[0].length <= MAX_TEXT &&
      isNumber(pair[1])
    );
}

function isUsage(value: unknown): boolean {
  if (!isObject(value) || typeof value.machine !== "string") return false;
  if (
    !isNumber(value.pid) || !isNumber(value.cpuUserMs) || !isNumber(value.cpuSystemMs) ||
    !isNumber(value.rssBytes) || !isNumber(value.heapUsedBytes) || !isNumber(value.loopDelayMs)
  ) return false;
  return value.network === undefined || isTable(value.network, isNumbers);
}

function isActions(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_ACTIONS &&
    value.every((action) =>
      isObject(action) && isNumber(action.atMs) &&
      [action.text, action.who, action.markedBy].every((text) =>
        typeof text === "string" && text.length <= MAX_TEXT
      )
    );
}

function isNumbers(value: unknown): boolean {
  return isTable(value, isNumber);
}

function isSparse(value: unknown): boolean {
  return Array.isArray(value) && value.length <= BUCKET_COUNT &&
    value.every((pair) =>
      Array.isArray(pair) && pair.length === 2 && Number.isInteger(pair[0]) && pair[0] >= 0 &&
      pair[0] < BUCKET_COUNT && Number.isSafeInteger(pair[1]) && pair[1] >= 0
    );
}

/** Whether a value is an object all of whose values are right. */
function isTable(value: unknown, isRight: (value: unknown) => boolean): boolean {
  if (!isObject(value)) return false;
  let names = 0;
  // `in` and not Object.values: no array for each of 600 peers' tables.
  for (const name in value) if (++names > MAX_NAMES || !isRight(value[name])) return false;
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
