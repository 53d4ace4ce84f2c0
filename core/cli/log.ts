import type { Host } from "./host.ts";
import { inWords } from "./log_words.ts";

/** From the least to the gravest. */
export const LOG_LEVELS = ["info", "warn", "error"] as const;
export type LogLevel = typeof LOG_LEVELS[number];
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = typeof LOG_FORMATS[number];

/** What every line begins with; no field of an event is called so. */
interface LineHead {
  readonly time: string;
  readonly level: LogLevel;
  readonly process: string;
  readonly event: string;
}

/** What an event says besides; undefined stands for nothing to say. */
export type LogFields = Readonly<Record<string, unknown>> & { readonly [Name in keyof LineHead]?: never };

/** Writes one line an event to standard error: words on a terminal, JSON elsewhere. */
export interface Log {
  (level: LogLevel, event: string, fields?: LogFields): void;
}

/** A log on the host's standard error; `name` says which process it is when several share a terminal. */
export function openLog(host: Pick<Host, "clock" | "err" | "isTerminal" | "logging">, name: string): Log {
  const least = LOG_LEVELS.indexOf(host.logging?.level ?? "info");
  const isText = (host.logging?.format ?? (host.isTerminal ? "text" : "json")) === "text";
  return function log(level, event, fields = {}) {
    if (LOG_LEVELS.indexOf(level) < least) return;
    const time = new Date(host.clock.wallMs()).toISOString();
    if (!isText) {
      const head: LineHead = { time, level, process: name, event };
      // A plugin is not compiled with us: what its fields are called is up to whoever wrote it.
      const rest = Object.entries(fields).map(([key, value]) => [key in head ? `${key}Field` : key, value]);
      host.err(JSON.stringify({ ...head, ...Object.fromEntries(rest) }) + "\n");
      return;
    }
    const mark = level === "info" ? "" : `${level.toUpperCase()} `;
    host.err(`${time.slice(11, 23)} ${name} ${mark}${event}${inWords(fields)}\n`);
  };
}
