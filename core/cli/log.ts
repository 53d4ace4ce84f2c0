import type { Host } from "./host.ts";

export type LogLevel = "info" | "warn" | "error";

/** Writes one line an event to standard error: words on a terminal, JSON elsewhere. */
export interface Log {
  (level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A log on the host's standard error; `name` says which process it is when several share a terminal. */
export function openLog(host: Host, name: string): Log {
  return function log(level, event, fields = {}) {
    const time = new Date(host.clock.wallMs()).toISOString();
    if (!host.isTerminal) {
      host.err(JSON.stringify({ time, level, process: name, event, ...fields }) + "\n");
      return;
    }
    const words = Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`).join(" ");
    const mark = level === "info" ? "" : `${level.toUpperCase()} `;
    host.err(`${time.slice(11, 23)} ${name} ${mark}${event}${words === "" ? "" : " " + words}\n`);
  };
}

function plain(value: unknown): string {
  return typeof value === "string"
    ? (/\s/.test(value) ? JSON.stringify(value) : value)
    : JSON.stringify(value);
}
