import { UserError } from "../../base/user_error.ts";
import type { Clock } from "../../base/clock.ts";
import { AWARDS_HEADER, AwardTotals, usersLine } from "../state/awards_format.ts";
import type { UserSlice } from "../../base/segment.ts";

/** The file of `--awards`, which is begun anew. */
export class AwardsFile {
  readonly #file: Deno.FsFile;
  readonly #clock: Clock;
  readonly #encoder = new TextEncoder();
  readonly #totals = new AwardTotals();
  #isWhole = true;

  /**
   * @param slice the users whose awards are in it
   * @throws UserError if it can't be written
   */
  constructor(path: string, slice: UserSlice, clock: Clock) {
    this.#clock = clock;
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    } catch (error) {
      throw new UserError(`--awards ${path}: cannot be written: ${reason(error)}`);
    }
    this.#write(this.#encoder.encode(AWARDS_HEADER + usersLine(slice, clock.wallMs())));
  }

  append(lines: string): void {
    if (lines === "") return;
    const bytes = this.#encoder.encode(lines);
    this.#write(bytes);
    this.#totals.add(lines, bytes);
  }

  /** @param isWhole nothing that belongs into it is missing: only then it gets its last line */
  close(isWhole: boolean): void {
    if (isWhole && this.#isWhole) {
      this.#write(this.#encoder.encode(this.#totals.endLine(this.#clock.wallMs())));
    }
    this.#file.close();
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    } catch (error) {
      this.#isWhole = false;
      throw error;
    }
  }
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "its folder doesn't exist";
  if (error instanceof Deno.errors.PermissionDenied) return "no permission";
  return error instanceof Error ? error.message : String(error);
}
