import { UserError } from "../../base/user_error.ts";
import { systemBytes } from "../../base/random.ts";
import { type ClaimDisk, diskError, folderOf, systemDisk } from "./claim_disk.ts";
import { type ClaimHead, encodeHead } from "./claim_file.ts";
import { ClaimPlace } from "./claim_place.ts";
import { type ClaimLedger, type Standing, standingOf } from "./claim_standing.ts";
import { type OldClaim, OldClaimDamaged, readOldClaim, retireOldClaim, standingOfOld } from "./old_claim.ts";
import { SeedRefused } from "../file/seed_file.ts";

/** The seed file that is claimed. */
export interface ClaimedSeed {
  readonly path: string;
  readonly hash: string;
  /** How many names the file has. */
  readonly links: number;
  /** Id of its first ticket. */
  readonly firstId: number;
}

/** The ledger that claims it. */
export interface ClaimingLedger extends ClaimLedger {
  /** Notes that it gives the file's tickets away; durable when it returns. */
  noteSeed(hash: string, path: string, wallMs: number): void;
  /** The highest id of a packet that was ever made, 0 for none. */
  lastPacketId(): number;
}

export interface ClaimOptions {
  readonly seed: ClaimedSeed;
  readonly ledger: ClaimingLedger;
  /** The state directory: the place of the other copy. */
  readonly directory: string;
  readonly wallMs: number;
  readonly disk?: ClaimDisk;
  /** Names files that no other server may hit upon. */
  readonly token?: string;
}

/**
 * Who uses a seed file: one ledger, for ever. The claim names the ledger and what it was not long ago, the number of its
 * rows and the head of the chain over them, so that a copy, a branch and an older state are known; the ledger names the
 * file. It is kept twice, beside the seed file and in a state directory, both by the file's hash: so that losing one is
 * noticed, and so that a copy of the file is known too.
 */
export class SeedClaims {
  readonly places: readonly ClaimPlace[];
  /** The seed file's own path, without links. */
  readonly path: string;
  readonly #disk: ClaimDisk;
  readonly #seed: ClaimedSeed;
  readonly #ledger: ClaimingLedger;
  readonly #wallMs: number;
  readonly #token: string;
  /** Stands for this file where neither place has a claim. */
  #old: OldClaim | undefined;

  private constructor(options: ClaimOptions, disk: ClaimDisk, path: string, directory: string) {
    this.#disk = disk;
    this.#seed = options.seed;
    this.#ledger = options.ledger;
    this.#wallMs = options.wallMs;
    this.#token = options.token ?? systemBytes(8).toHex();
    this.path = path;
    this.places = [folderOf(path), directory].map((folder) =>
      new ClaimPlace(disk, folder, options.seed.hash)
    );
  }

  /**
   * Claims a seed file for a ledger, or finds that it has been; before the first award. Both claims are whole and durable
   * when it returns, and kept to this process until `close`.
   *
   * @throws SeedRefused if it isn't this ledger's, or the ledger isn't what it was
   * @throws UserError with exit code `diskFailed` if a disk fails
   */
  static async take(options: ClaimOptions): Promise<SeedClaims> {
    const claims = await SeedClaims.#open(options);
    try {
      const standing = claims.standing;
      if (standing.kind === "unclaimed" || standing.kind === "begun") await claims.#begin();
      else if (standing.kind !== "inForce") throw claims.#refused(standing);
      await claims.#note(standing.kind === "inForce" ? 1 : 2);
      return claims;
    } catch (error) {
      claims.close();
      throw error;
    }
  }

  /**
   * Puts right what a start refuses: a claim that is gone or damaged while the other is proven, and one of an old version.
   *
   * @param trusted why the ledger is taken at its word although no claim vouches for it, or one speaks against it; what
   * was there is set aside. Undefined: it isn't
   * @returns what was done, in words
   * @throws SeedRefused if there is nothing that proves it
   */
  static async mend(options: ClaimOptions, trusted?: string): Promise<string> {
    const claims = await SeedClaims.#open(options);
    try {
      return await claims.#mend(trusted);
    } finally {
      claims.close();
    }
  }

  static async #open(options: ClaimOptions): Promise<SeedClaims> {
    const { seed, disk = systemDisk } = options;
    let claims: SeedClaims | undefined;
    try {
      await disk.makeFolder(options.directory);
      const [path, directory] = [await disk.realPath(seed.path), await disk.realPath(options.directory)];
      if (folderOf(path) === directory) {
        throw new UserError(
          `--claims ${options.directory}: is the folder of the seed file. Name another one, best on another disk`,
        );
      }
      claims = new SeedClaims(options, disk, path, directory);
      if (seed.links > 1) throw claims.#refuse(severalNames(seed));
      for (const place of claims.places) {
        await place.sweep();
        if (await place.open()) continue;
        // Whoever has it may have it for another ledger: that says more.
        const { standing } = claims;
        if (standing.kind === "taken") throw claims.#refused(standing);
        throw claims.#refuse(`another server uses it right now (it keeps ${place.path})`);
      }
      const isEmpty = claims.places.every(({ claim, damage }) => claim === undefined && damage === undefined);
      if (isEmpty) await claims.#findOld();
      return claims;
    } catch (error) {
      claims?.close();
      throw error instanceof UserError ? error : diskError(`${seed.path}: its claim`, error);
    }
  }

  /** How the ledger stands to the seed file. */
  get standing(): Standing {
    if (this.#old !== undefined) return standingOfOld(this.#old, this.#ledger);
    return standingOf(this.#seed.hash, this.places, this.#ledger);
  }

  close(): void {
    for (const place of this.places) place.close();
  }

  /** A claim of version 1 lies beside the name that it was made under. */
  async #findOld(): Promise<void> {
    for (const name of new Set([this.#seed.path, this.path])) {
      try {
        const old = await readOldClaim(this.#disk, name);
        if (old?.hash === this.#seed.hash) this.#old = old;
      } catch (error) {
        if (!(error instanceof OldClaimDamaged)) throw error;
        throw this.#refuse(error.message);
      }
    }
  }

  /** Makes both claims, or what of them a server has left that died while it did. They are in force with their marks. */
  async #begin(trusted?: string): Promise<void> {
    const ledger = this.#ledger;
    if (!ledger.hasSeed(this.#seed.hash)) this.#checkIds();
    const begun = this.places.find(({ claim }) => claim !== undefined)?.claim;
    const made: ClaimPlace[] = [];
    try {
      for (const place of this.places) {
        if (place.claim !== undefined) continue;
        await place.make(begun?.headText ?? encodeHead(this.#head(trusted)), this.#token);
        made.push(place);
      }
      for (const place of this.places) await place.settle();
    } catch (error) {
      // What can't be taken back is this ledger's, and goes on from there at the next start.
      await Promise.allSettled(made.map((place) => place.takeBack()));
      const isLate = error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotFound;
      throw isLate
        ? this.#refuse("another server claims it right now")
        : diskError(`${this.#seed.path}: its claim`, error);
    }
    // The ledger after the claims: one that knows the file, without them, has lost them.
    ledger.noteSeed(this.#seed.hash, this.path, this.#wallMs);
  }

  /** Marks what the ledger is now, in at least so many places. */
  async #note(least: number): Promise<void> {
    const { head } = this.#ledger;
    const results = await Promise.allSettled(this.places.map((place) => place.note(head)));
    const failures = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
    if (this.places.length - failures.length < least) {
      throw diskError(`${this.#seed.path}: its claim`, failures[0]);
    }
  }

  async #mend(trusted: string | undefined): Promise<string> {
    const { standing } = this;
    const lacking = this.places.find(({ claim }) => claim === undefined);
    switch (standing.kind) {
      case "unclaimed":
      case "begun":
      case "inForce":
        return "there is nothing to mend";
      case "taken":
        throw this.#refused(standing);
      case "old":
        if (!standing.isProven && trusted === undefined) throw this.#refused(standing);
        await this.#begin(standing.isProven ? undefined : trusted);
        await this.#note(2);
        await retireOldClaim(this.#disk, this.#old!);
        return `the claim ${this.#old!.path} of version 1 became ${this.#paths}`;
      case "half": {
        const proven = this.places.find(({ claim }) => claim !== undefined)!.claim!;
        await lacking!.setAside(this.#token);
        await lacking!.make(proven.headText, this.#token);
        await lacking!.settle();
        await this.#note(2);
        return `${lacking!.path} was put back`;
      }
      case "gone":
      case "doubtful":
        if (trusted === undefined) throw this.#refused(standing);
        for (const place of this.places) await place.setAside(this.#token);
        await this.#begin(trusted);
        await this.#note(2);
        return `${this.#ledger.directory} is taken at its word: ${this.#paths} were made anew`;
    }
  }

  #head(trusted: string | undefined): ClaimHead {
    return {
      ledger: this.#ledger.id,
      hash: this.#seed.hash,
      claimedAt: new Date(this.#wallMs).toISOString(),
      seed: this.path,
      ...(trusted === undefined ? {} : { trusted }),
    };
  }

  get #paths(): string {
    return this.places.map(({ path }) => path).join(" and ");
  }

  /** A ledger that has made packets of its own may have given these ids away. */
  #checkIds(): void {
    const { firstId } = this.#seed;
    const last = this.#ledger.lastPacketId();
    if (last < firstId) return;
    throw this.#refuse(
      `its tickets begin at id ${firstId}, and ${this.#ledger.directory} has packets up to ${last}. ` +
        "Name a new ledger, or make the tickets with a higher firstId",
    );
  }

  #refused(standing: Extract<Standing, { why: string }>): SeedRefused {
    const command = `redpkt seed claim ${this.#seed.path} --ledger ${this.#ledger.directory} ` +
      `--claims ${this.places[1].folder} --mend`;
    const canBeMended = standing.kind === "half" || standing.kind === "old" && standing.isProven;
    const remedy = canBeMended
      ? `Put it right: ${command}`
      : standing.kind === "gone"
      ? `If no other ledger has used the file and no newer state of this one exists: ${command} --trust-ledger "WHY"`
      : standing.kind === "taken"
      ? "Name that ledger with --ledger"
      : 'Use the newest state of the ledger. If that is lost, see "Claims" in docs/seeds.md';
    return this.#refuse(`${standing.why}. ${remedy}`);
  }

  #refuse(why: string): SeedRefused {
    return new SeedRefused(this.#seed.path, "consumed", why);
  }
}

/** Under each of its names it would have a folder, and so a claim, of its own. */
function severalNames({ path, links }: ClaimedSeed): string {
  return `has ${links} names (hard links), and may have one only. Find them with find / -xdev -samefile ${path} and ` +
    `remove the others, or make it a file of its own: cp ${path} ${path}.new && mv ${path}.new ${path}`;
}
