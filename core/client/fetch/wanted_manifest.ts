import { UserError } from "../../base/user_error.ts";
import type { SignedManifest } from "../../depot/manifest/manifest.ts";

/** What a show names, as one user is told. */
interface Named {
  readonly epoch: number;
  readonly number: number;
  /** 0: nothing. */
  readonly version: number;
  readonly sha256: string;
  readonly url: string;
}

const NOTHING: Named = { epoch: 0, number: 0, version: 0, sha256: "", url: "" };

/**
 * Which manifest is to be fetched, and where: the newest of one depot, or the very one that a show names, from the depots
 * that users were told of.
 */
export class WantedManifest {
  #depots: readonly string[];
  /** What was named last, and the highest manifest of all. */
  #named: Named | undefined;
  #latest = NOTHING;
  /** Depots that were asked so far. */
  #asked = 0;

  /** @param url the depot; undefined: as a show says */
  constructor(url: string | undefined) {
    this.#depots = url === undefined ? [] : [url];
  }

  get depots(): readonly string[] {
    return this.#depots;
  }

  get isAnything(): boolean {
    return this.#depots.length > 0;
  }

  /**
   * A user was told. Returns whether another manifest is wanted now; what an older document says is left aside.
   *
   * @throws UserError if the manifest goes back: then what there is stays
   */
  take(named: Named): boolean {
    const { epoch, number, version, sha256, url } = named;
    const { epoch: lastEpoch, number: lastNumber } = this.#named ?? NOTHING;
    if (epoch < lastEpoch || (epoch === lastEpoch && number < lastNumber)) return false;
    this.#named = named;
    if (version === 0) {
      this.#depots = [];
      return false;
    }
    const { version: highest, sha256: before } = this.#latest;
    if (version < highest || (version === highest && sha256 !== before)) {
      throw new UserError(`the show goes back to version ${version}, ${sha256}, from ${highest}, ${before}`);
    }
    if (version > highest) this.#depots = [];
    if (!this.#depots.includes(url)) this.#depots = [...this.#depots, url].sort();
    this.#latest = named;
    return version > highest;
  }

  /** The depot that is asked next: each in its turn, so that one that is down holds up nothing. */
  next(): string {
    return this.#depots[this.#asked++ % this.#depots.length];
  }

  /** Whether what is named is there; without a show there may always be a newer one. */
  isHad(signed: SignedManifest | undefined): boolean {
    return this.#named !== undefined && signed?.sha256 === this.#latest.sha256;
  }

  /** @throws UserError if it isn't the one that the show names */
  check({ manifest: { version }, sha256 }: SignedManifest, place: string): void {
    if (this.#named === undefined) return;
    const { version: wantedVersion, sha256: wantedSha256 } = this.#latest;
    if (version === wantedVersion && sha256 === wantedSha256) return;
    throw new UserError(
      `${place}: is version ${version} with SHA-256 ${sha256}, and the show names version ${wantedVersion} with ${wantedSha256}`,
    );
  }
}
