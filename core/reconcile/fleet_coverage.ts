import { userIdOf, userIndexOf } from "../base/segment.ts";
import type { Differences } from "./differences.ts";
import type { FleetFile } from "./fleet_file.ts";

/** Which users the fleets' files are about, and whether the files can be believed as a whole. */
export class FleetCoverage {
  readonly #files: FleetFile[] = [];

  get hasFiles(): boolean {
    return this.#files.length > 0;
  }

  /** Whether some file tells of all that this user saw. */
  covers(user: number): boolean {
    return this.#files.some(({ users }) => userIndexOf(users, user) >= 0);
  }

  /**
   * Takes a file that was read.
   *
   * @param mayBeCut somebody knows that its end is missing, and wants the rest compared
   */
  add(file: FleetFile, mayBeCut: boolean, differences: Differences): void {
    const { path, isCut, fault } = file;
    if (fault !== undefined) differences.add(`${path}: ${fault}`);
    if (isCut && !mayBeCut) {
      differences.add(
        `${path}: has no last line, so its end is missing. If that is known: --cut-fleet ${path}`,
      );
    }
    for (const other of this.#files) {
      if (file.startedMs > other.endedMs || other.startedMs > file.endedMs) continue;
      const user = commonUser(file, other);
      if (user === undefined) continue;
      differences.add(
        `${other.path} and ${path}: both are about user ${user} at the same time, or they are one`,
      );
    }
    this.#files.push(file);
  }
}

/** A user of both, if there is one. */
function commonUser(one: FleetFile, other: FleetFile): number | undefined {
  const [few, many] = one.users.count < other.users.count ? [one, other] : [other, one];
  for (let i = 0; i < few.users.count; i++) {
    const user = userIdOf(few.users, i);
    if (userIndexOf(many.users, user) >= 0) return user;
  }
  return undefined;
}
