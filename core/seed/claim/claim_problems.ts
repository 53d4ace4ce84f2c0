import { type Claim, decodeClaim } from "./claim_file.ts";
import { folderOf } from "./claim_disk.ts";
import { claimName } from "./claim_place.ts";
import { type ClaimLedger, type PlacedClaim, standingOf } from "./claim_standing.ts";

/** A seed file as a ledger remembers it, or the file itself. */
interface KnownSeed {
  readonly hash: string;
  /** Where it is, or was when the ledger first used it. */
  readonly path: string;
}

/**
 * Compares the claims of a ledger's seed files with its chain, beside a server that uses them or without one. Nothing is
 * changed. Of a seed file whose folder isn't on this machine nothing is said, unless a claim is here.
 *
 * @param seeds those that the ledger knows, as `usedSeeds` returns them
 * @param directory the state directory with the other copy of each claim
 * @returns what is wrong, a line each
 */
export function claimProblems(ledger: ClaimLedger, seeds: readonly KnownSeed[], directory: string): string[] {
  return seeds.flatMap(({ hash, path }) => {
    const folders = [folderOf(realPathOf(path)), realPathOf(directory)];
    const places = folders.map((folder) => readClaim(`${folder}/${claimName(hash)}`));
    const isElsewhere = places.every(({ claim, damage }) => claim === undefined && damage === undefined) &&
      !exists(folders[0]);
    if (isElsewhere) return [];
    const standing = standingOf(hash, places, ledger);
    const problems = places.flatMap(({ path, claim }) =>
      (claim?.damagedMarks ?? 0) === 0 ? [] : [`${path}: a mark in it is damaged`]
    );
    if (standing.kind === "begun") {
      problems.push("its claims are not in force: no server has finished to make them");
    }
    if (standing.kind === "unclaimed") problems.push("nobody has claimed it");
    if ("why" in standing) problems.unshift(standing.why);
    return problems.map((problem) => `seed file ${path}: ${problem}`);
  });
}

function readClaim(path: string): PlacedClaim {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    const isGone = error instanceof Deno.errors.NotFound;
    return { path, claim: undefined, damage: isGone ? undefined : (error as Error).message };
  }
  let claim: Claim | undefined;
  let damage: string | undefined;
  try {
    claim = decodeClaim(bytes);
  } catch (error) {
    damage = (error as Error).message.split("\n")[0];
  }
  return { path, claim, damage };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Without links; as it is if there is nothing there. */
function realPathOf(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}
