import { switchFlag } from "./flags.ts";
import type { Host } from "./host.ts";

/** Of everything that `--json` writes; it grows when a field goes or changes its meaning. */
export const RESULT_VERSION = 1;

/** The one flag of every command that prints a result. */
export const JSON_FLAG = switchFlag("writes the result as one JSON object instead of text");

/**
 * Writes a command's result to standard output: as one JSON object with its `schemaVersion`, or as text. Whatever else a
 * command says belongs on standard error, so that the output is either the one or the other.
 *
 * @param result fields in camelCase that name their units; a number that isn't finite becomes null
 * @param text the same for people; asked for only if it is wanted
 */
export function writeResult(host: Host, isJson: boolean, result: object, text: () => string): void {
  host.out(isJson ? `${JSON.stringify({ schemaVersion: RESULT_VERSION, ...result }, null, 2)}\n` : text());
}
