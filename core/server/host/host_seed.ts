import { ExitCode, UserError } from "../../base/user_error.ts";
import { LedgerIdentity } from "../../ledger/store/ledger_identity.ts";
import { isOfMedium } from "../../ledger/store/sqlite_store.ts";
import { SeedClaims } from "../../seed/claim/claims.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import { SeedFile } from "../../seed/file/seed_file.ts";
import { SeedTickets } from "../../seed/file/tickets.ts";
import type { Clock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { ClaimWatch, type ClaimWatchParts } from "./claim_watch.ts";

/** Blocks of 64 KiB that are proven before the host listens: a smaller file is refused before anything starts. */
const BLOCKS_AT_ONCE = 256;
/** How long the main thread goes on proving the rest before it does something else. */
const PROVE_MS = 4;

export interface HostSeedOptions {
  readonly path: string;
  readonly hostId: string;
  /** Folder with the keys that are trusted. */
  readonly keys: string;
  /** The ledger's directory; it is locked by this process. */
  readonly ledger: string;
  /** The directory with the other copy of each claim. */
  readonly claims: string;
  /** How long neither may be writable before nobody vouches for the money any more. */
  readonly doubtMs: number;
}

/**
 * The seed file that a host gives away: proven, claimed, and read on. Its tickets are shown to plugins once every block
 * is proven; a large file takes a few seconds for that, in which the host listens and gives nothing away.
 */
export class HostSeed {
  /** For whoever reads the ledger: which tickets were awarded before. */
  readonly tickets: SeedTickets;
  readonly #claims: SeedClaims;
  readonly #doubtMs: number;
  #watch: ClaimWatch | undefined;
  readonly #file: SeedFile;
  readonly #clock: Clock;
  #proven: number;

  private constructor(
    file: SeedFile,
    claims: SeedClaims,
    doubtMs: number,
    proven: number,
    clock: Clock,
  ) {
    this.#file = file;
    this.#claims = claims;
    this.#doubtMs = doubtMs;
    this.#proven = proven;
    this.#clock = clock;
    this.tickets = new SeedTickets(file);
  }

  /**
   * Opens a seed file, proves what can be proven at once, and claims it for the ledger.
   *
   * @throws SeedRefused with the reason
   */
  static async open(
    { path, hostId, keys, ledger, claims: directory, doubtMs }: HostSeedOptions,
    clock: Clock,
  ): Promise<HostSeed> {
    const file = new SeedFile(path);
    try {
      file.checkSignature(new KeyFolder(keys).trusted());
      file.checkUse(hostId, clock.wallMs());
      // Proven before it is claimed: a claim of a damaged file would stand in the way of its repair.
      let proven = 0;
      while (proven < Math.min(BLOCKS_AT_ONCE, file.blocks)) file.loadBlock(proven++);
      const claims = await SeedClaims.take({
        seed: file,
        ledger: new LedgerIdentity(ledger),
        directory,
        wallMs: clock.wallMs(),
      });
      return new HostSeed(file, claims, doubtMs, proven, clock);
    } catch (error) {
      file.close();
      throw ledgerFailed(ledger, error);
    }
  }

  /** Whether every block is proven. */
  get isProven(): boolean {
    return this.#proven === this.#file.blocks;
  }

  /** What `status` shows. */
  get description(): Record<string, unknown> {
    const { description: { set, plan, host }, hash, records } = this.#file;
    const claims = this.#claims.places.map((place) => place.path);
    return { plan: plan.name, set, host: host.id, hash, tickets: records, isProven: this.isProven, claims };
  }

  /** What the file is known by. */
  get hash(): string {
    return this.#file.hash;
  }

  /** Limits that the plan sets for its users. */
  get limits(): { readonly packetsPerUser: number; readonly packetsPerSponsor: number } {
    return this.#file.description.plan.limits;
  }

  /**
   * Proves what isn't proven yet; between its steps the thread does other things.
   *
   * @throws SeedRefused if a block was altered
   */
  async prove(): Promise<void> {
    while (!this.isProven) {
      const untilMs = this.#clock.monotonicMs() + PROVE_MS;
      while (!this.isProven && this.#clock.monotonicMs() < untilMs) this.#file.loadBlock(this.#proven++);
      await nextTurn();
    }
  }

  /** Marks in the claims what the ledger is, from the next turn on. */
  watch(parts: Omit<ClaimWatchParts, "places" | "doubtMs">): void {
    this.#watch = new ClaimWatch({ ...parts, places: this.#claims.places, doubtMs: this.#doubtMs });
  }

  /** Returns the monotonic time of the next call. `mayAward`: see `ClaimWatch`. */
  turn(nowMs: number, mayAward: boolean): number {
    return this.#watch?.turn(nowMs, mayAward) ?? Infinity;
  }

  /** After the ledger's last row. */
  async close(): Promise<void> {
    await this.#watch?.end(this.#clock.monotonicMs());
    this.#claims.close();
    this.#file.close();
  }
}

/** SQLite can't use the ledger: one line. Where a disk fails, whoever started us may try again. */
function ledgerFailed(directory: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_SQLITE_ERROR") return error;
  const exitCode = isOfMedium(error) ? ExitCode.diskFailed : ExitCode.usage;
  return new UserError(`--ledger ${directory}: cannot be used: ${error.message}`, exitCode);
}
