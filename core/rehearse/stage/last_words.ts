/** A line of a child's log. */
export interface LogLine {
  readonly event: string;
  readonly level: string;
  readonly [field: string]: unknown;
}

/** Lines that are kept to explain an end. */
const MOST_LINES = 50;
/** Of a text that is no log, such as a list of mistakes. */
const MOST_TOLD = 5;

/** What a process said, to tell why it has ended: a reason, and never a warning that happened to come first. */
export class LastWords {
  readonly #log: LogLine[] = [];
  readonly #raw: string[] = [];

  /** Takes a line of the log in. */
  log(line: LogLine): void {
    this.#log.push(line);
    if (this.#log.length > MOST_LINES) this.#log.shift();
  }

  /** Takes in a line that is no log: of a mistake in the flags, or of a crash. */
  raw(line: string): void {
    if (line.trim() === "") return;
    this.#raw.push(line);
    if (this.#raw.length > MOST_LINES) this.#raw.shift();
  }

  /** Every line of the log that is still known. */
  get lines(): readonly LogLine[] {
    return this.#log;
  }

  /**
   * The reason: what it said outside its log, as a process does that can't go on, else the last error of its log. A
   * warning is no reason: a process goes on after it.
   */
  reason(): string {
    const spoken = spokenReason(this.#raw);
    if (spoken !== undefined) return spoken;
    const error = this.#log.findLast(({ level }) => level === "error");
    return error === undefined ? "it gave no reason" : logText(error);
  }
}

/** How a process ended, such as `with exit code 2` or `by SIGKILL`. */
export function endText({ code, signal }: Pick<Deno.CommandStatus, "code" | "signal">): string {
  return signal === null ? `with exit code ${code}` : `by ${signal}`;
}

/** A crash names its error before the stack; of mistakes each is a line. */
function spokenReason(raw: readonly string[]): string | undefined {
  const crash = raw.findLast((line) =>
    /^(error: |thread '.*' panicked|fatal|#\s*Fatal|\S*Error: )/i.test(line)
  );
  if (crash !== undefined) return crash.replace(/^error: (Uncaught )?(\(in promise\) )?/, "");
  const mistakes = raw.filter((line) => line.startsWith("redpkt "));
  const told = mistakes.length > 0 ? mistakes : raw.filter((line) => !/^\s+at /.test(line)).slice(-1);
  if (told.length === 0) return undefined;
  return told.slice(-MOST_TOLD).map((line) => line.replace(/^redpkt [a-z]+: /, "")).join("; ");
}

function logText({ event, level: _level, time: _time, process: _process, ...fields }: LogLine): string {
  const words = Object.entries(fields).map(([name, value]) =>
    `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`
  );
  return [event, ...words].join(", ");
}
