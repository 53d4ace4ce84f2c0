import type { Clock } from "../base/clock.ts";
import type { LogFormat, LogLevel } from "./log.ts";

/**
 * The world as a subcommand sees it: everything it may read or touch besides sockets and files. Tests hand in their own
 * and run subcommands in process.
 */
export interface Host {
  readonly args: readonly string[];
  readonly clock: Clock;
  env(name: string): string | undefined;
  /** The names of all variables of the environment; absent: unknown. */
  envNames?(): readonly string[];
  /** Writes to standard output, for results. */
  out(text: string): void;
  /** Writes to standard error, for logs and progress. */
  err(text: string): void;
  /** Asks who sits at the terminal; an empty answer is the fallback. Absent where nobody does. */
  readonly ask?: ((question: string, fallback: string) => string) | undefined;
  /** Whether standard error is a terminal that shows progress in place. */
  readonly isTerminal: boolean;
  /** How wide the terminal is, in characters. */
  readonly columns: number;
  /** Ends the process at once. */
  exit(code: number): never;
  /** Calls `handler` at each SIGTERM and SIGINT, until the returned function is called. */
  onStopSignal(handler: (signal: string) => void): () => void;
  readonly program: Program;
  /** How much is said besides results; absent: the usual. */
  readonly logging?: Logging;
}

/** How much a command says besides its result. */
export interface Logging {
  /** Nothing of progress. */
  readonly isQuiet: boolean;
  /** The least level that is logged. */
  readonly level: LogLevel;
  /** Absent: text on a terminal, JSON elsewhere. */
  readonly format: LogFormat | undefined;
}

/** How this program was started, so that it can start itself again as a child or a worker. */
export interface Program {
  /** Module to start workers from: the entry file, which is its own worker. */
  readonly entry: string;
  /** The executable and the arguments in front of a subcommand. */
  readonly command: readonly [string, ...string[]];
  /** Built-in plugins by name; loaded when a config names them. */
  readonly plugins: Readonly<Record<string, () => Promise<{ default: unknown }>>>;
  /** Those of them that a server has unless it is told others, in the order in which they admit. */
  readonly defaultPlugins: readonly string[];
  /** The one that a server has besides if it is given a seed file; empty for none. */
  readonly ticketPlugin: string;
  /** Built-in scenarios by name. */
  readonly scenarios: Readonly<Record<string, () => Promise<{ default: unknown }>>>;
  /** Plans of money that come with it, by name. */
  readonly plans?: Readonly<Record<string, () => Promise<{ default: unknown }>>>;
}
