import { UserError } from "../../base/user_error.ts";
import type { Log } from "../../cli/log.ts";
import { parseTargetFile, type TargetSpec } from "./target_list.ts";

/** A file of targets that people and programs change while the monitor runs. */
export class TargetFile {
  readonly #path: string;
  readonly #log: Log;
  #text = "";

  /** @throws UserError if it can't be read at the start; later it may come and go */
  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    try {
      Deno.readTextFileSync(path);
    } catch (error) {
      const why = error instanceof Deno.errors.NotFound ? "there is no such file" : String(error);
      throw new UserError(`--targets ${path}: ${why}`);
    }
  }

  /** The targets, if the file has changed since the last call. */
  changed(): TargetSpec[] | undefined {
    let text: string;
    try {
      text = Deno.readTextFileSync(this.#path);
    } catch {
      return undefined; // an editor that writes it anew; what we have goes on
    }
    if (text === this.#text) return undefined;
    this.#text = text;
    const { targets, problems } = parseTargetFile(text);
    for (const problem of problems) this.#log("warn", "targets file", { file: this.#path, problem });
    return targets;
  }
}
