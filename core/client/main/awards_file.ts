import { UserError } from "../../base/user_error.ts";
import { AWARDS_HEADER } from "../state/award_log.ts";

/** The file of `--awards`, which is begun anew. */
export class AwardsFile {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();

  /** @throws UserError if it can't be written */
  constructor(path: string) {
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    } catch (error) {
      throw new UserError(`--awards ${path}: cannot be written: ${reason(error)}`);
    }
    this.append(AWARDS_HEADER);
  }

  append(lines: string): void {
    const bytes = this.#encoder.encode(lines);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }

  close(): void {
    this.#file.close();
  }
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "its folder doesn't exist";
  if (error instanceof Deno.errors.PermissionDenied) return "no permission";
  return error instanceof Error ? error.message : String(error);
}
